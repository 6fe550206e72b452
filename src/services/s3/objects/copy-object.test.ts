import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { CopyObjectCommandInput } from "@aws-sdk/client-s3";
import { parseCopySource } from "./copy-source.ts";
import {
  BUCKET,
  bodyOf,
  makeBucket,
  md5Of,
  OTHER_ACCOUNT,
  type TestObjects,
  testObjects,
} from "./testing/test-objects.ts";

let objects: TestObjects;
beforeAll(async () => {
  objects = await testObjects();
});
afterAll(() => objects[Symbol.asyncDispose]());

const copy = (CopySource: string, Key: string, input: Partial<CopyObjectCommandInput> = {}, options = {}) =>
  objects.api.CopyObject(objects.call(options), { Bucket: BUCKET, Key, CopySource, ...input });

describe("x-amz-copy-source", () => {
  test.each([
    ["bucket/key", "bucket", "key", undefined],
    ["/bucket/a/b%20c%3F", "bucket", "a/b c?", undefined],
    ["bucket/a+space", "bucket", "a space", undefined],
    ["bucket/plus%2Bsign", "bucket", "plus+sign", undefined],
    ["bucket/key?versionId=abc", "bucket", "key", "abc"],
    ["bucket/key%3FversionId%3Dabc", "bucket", "key?versionId=abc", undefined],
    ["bucket/key?versionId=", "bucket", "key", undefined],
    ["bucket%2Fkey", "bucket", "key", undefined],
    ["bucket/line%0Abreak%00", "bucket", "line\nbreak\0", undefined],
  ])("%s", (header, bucket, key, versionId) => {
    expect(parseCopySource(header)).toEqual({ bucket, key, versionId });
  });

  test.each([undefined, "", "bucket", "bucket/", "/", "bucket/%zz"])("%s is refused", (header) => {
    expect(() => parseCopySource(header)).toThrow(/Invalid copy source/);
  });
});

describe("CopyObject", () => {
  test("takes content, headers, metadata and tags along, and moves no byte", async () => {
    await objects.put("from", "content", {
      ContentType: "text/plain",
      Metadata: { build: "17" },
      Tagging: "team=a",
      StorageClass: "STANDARD_IA",
      WebsiteRedirectLocation: "/x",
    });
    const before = await objects.blobs();
    const output = await copy(`${BUCKET}/from`, "to");
    expect(output.CopyObjectResult).toMatchObject({
      ETag: `"${md5Of("content")}"`,
      ChecksumType: "FULL_OBJECT",
    });
    expect(await objects.blobs()).toEqual(before);
    const copied = await objects.get("to");
    expect(copied).toMatchObject({
      text: "content",
      ContentType: "text/plain",
      Metadata: { build: "17" },
      TagCount: 1,
    });
    // Neither class nor redirect are copied.
    expect(copied.StorageClass).toBeUndefined();
    expect(copied.WebsiteRedirectLocation).toBeUndefined();
    // The copy lives on when its source goes.
    await objects.api.DeleteObject(objects.call(), { Bucket: BUCKET, Key: "from" });
    expect((await objects.get("to")).text).toBe("content");
  });

  test("replaces metadata and tags where it is told to", async () => {
    await objects.put("described", "content", { Metadata: { old: "1" }, Tagging: "old=1" });
    await copy(`${BUCKET}/described`, "replaced", {
      MetadataDirective: "REPLACE",
      Metadata: { new: "2" },
      ContentType: "text/x",
      TaggingDirective: "REPLACE",
      Tagging: "new=2&other=3",
    });
    expect(await objects.get("replaced")).toMatchObject({
      Metadata: { new: "2" },
      ContentType: "text/x",
      TagCount: 2,
    });
    await copy(`${BUCKET}/described`, "kept", { Metadata: { new: "2" }, Tagging: "a=1&b=2" });
    expect(await objects.get("kept")).toMatchObject({ Metadata: { old: "1" }, TagCount: 1 });
    await expect(
      copy(`${BUCKET}/described`, "x", { MetadataDirective: "MERGE" as never }),
    ).rejects.toMatchObject({
      name: "InvalidArgument",
    });
  });

  test("computes the checksum that is asked for", async () => {
    await objects.put("numbers", "123456789");
    const { CopyObjectResult } = await copy(`${BUCKET}/numbers`, "summed", { ChecksumAlgorithm: "CRC32" });
    expect(CopyObjectResult?.ChecksumCRC32).toBe("y/Q5Jg==");
    expect((await objects.get("summed", { ChecksumMode: "ENABLED" })).ChecksumCRC32).toBe("y/Q5Jg==");
  });

  test("an object is not copied onto itself unchanged", async () => {
    await objects.put("self", "content");
    await expect(copy(`${BUCKET}/self`, "self")).rejects.toMatchObject({
      name: "InvalidRequest",
      message: expect.stringContaining("copy an object to itself without changing"),
    });
    await copy(`${BUCKET}/self`, "self", { MetadataDirective: "REPLACE", Metadata: { a: "1" } });
    await copy(`${BUCKET}/self`, "self", { StorageClass: "GLACIER_IR" });
    expect(await objects.get("self")).toMatchObject({
      text: "content",
      StorageClass: "GLACIER_IR",
      Metadata: { a: "1" },
    });
  });

  test("conditions on source and target are held", async () => {
    await objects.put("guarded", "content");
    const etag = `"${md5Of("content")}"`;
    const from = `${BUCKET}/guarded`;
    await copy(from, "target", { CopySourceIfMatch: etag, IfNoneMatch: "*" });
    for (const input of [
      { CopySourceIfMatch: '"x"' },
      { CopySourceIfNoneMatch: etag },
      { CopySourceIfModifiedSince: objects.now },
      { CopySourceIfUnmodifiedSince: new Date(0) },
      { IfNoneMatch: "*" },
    ])
      await expect(copy(from, "target", input)).rejects.toMatchObject({ status: 412 });
  });

  test("reads the version that is named, and says which one it was", async () => {
    await makeBucket(objects, "versioned");
    await objects.api.PutBucketVersioning(objects.call(), {
      Bucket: "versioned",
      VersioningConfiguration: { Status: "Enabled" },
    });
    const first = await objects.put("a", "first", { Bucket: "versioned" });
    await objects.put("a", "second", { Bucket: "versioned" });
    const output = await copy(`versioned/a?versionId=${first.VersionId}`, "older");
    expect(output.CopySourceVersionId).toBe(first.VersionId);
    expect((await objects.get("older")).text).toBe("first");
    // An old version put back on top of its key.
    await copy(`versioned/a?versionId=${first.VersionId}`, "a", { Bucket: "versioned" });
    expect((await objects.get("a", { Bucket: "versioned" })).text).toBe("first");
    const marker = await objects.api.DeleteObject(objects.call(), { Bucket: "versioned", Key: "a" });
    await expect(copy("versioned/a", "x")).rejects.toMatchObject({ name: "NoSuchKey" });
    await expect(copy(`versioned/a?versionId=${marker.VersionId}`, "x")).rejects.toMatchObject({
      name: "InvalidRequest",
    });
  });

  test("another account's bucket is a source only where its policy says so", async () => {
    await makeBucket(objects, "foreign", OTHER_ACCOUNT);
    await objects.api.PutObject(objects.call({ account: OTHER_ACCOUNT, body: bodyOf("theirs") }), {
      Bucket: "foreign",
      Key: "a",
    });
    await expect(copy("foreign/a", "mine")).rejects.toMatchObject({ name: "AccessDenied" });
    await objects.api.PutBucketPolicy(objects.call({ account: OTHER_ACCOUNT }), {
      Bucket: "foreign",
      Policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: {
          Effect: "Allow",
          Principal: { AWS: "123456789012" },
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::foreign/*",
        },
      }),
    });
    await copy("foreign/a", "mine");
    expect((await objects.get("mine")).text).toBe("theirs");
    // What is missing there is not told to those who may not list.
    await expect(copy("foreign/b", "mine")).rejects.toMatchObject({ name: "AccessDenied" });
  });

  test("an archived source is refused, a copy into an archive is unreadable at once", async () => {
    await objects.put("plain", "content");
    await copy(`${BUCKET}/plain`, "archived", { StorageClass: "GLACIER" });
    await expect(objects.get("archived")).rejects.toMatchObject({ name: "InvalidObjectState", status: 403 });
    await expect(copy(`${BUCKET}/archived`, "x")).rejects.toMatchObject({ name: "InvalidObjectState" });
    const head = await objects.api.HeadObject(objects.call(), { Bucket: BUCKET, Key: "archived" });
    expect(head).toMatchObject({ StorageClass: "GLACIER", ContentLength: 7 });
  });
});

test("a copy of an object in parts is of one piece, with etag and checksum of the whole", async () => {
  const { api, call } = objects;
  const source = { Bucket: BUCKET, Key: "in parts" };
  const SHA256 = createHash("sha256").update("123456789").digest("base64");
  const { UploadId } = await api.CreateMultipartUpload(call(), { ...source, ChecksumAlgorithm: "SHA256" });
  const body = bodyOf("123456789", { algorithm: "SHA256", checksum: SHA256 });
  const { ETag } = await api.UploadPart(call({ body }), { ...source, UploadId, PartNumber: 1 });
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumSHA256: SHA256 }] };
  const whole = await api.CompleteMultipartUpload(call(), { ...source, UploadId, MultipartUpload });
  expect(whole).toMatchObject({ ChecksumType: "COMPOSITE", ETag: expect.stringMatching(/-1"$/) });
  const { CopyObjectResult: copied } = await copy(`${BUCKET}/in parts`, "in one piece");
  expect(copied).toMatchObject({
    ETag: `"${md5Of("123456789")}"`,
    ChecksumType: "FULL_OBJECT",
    ChecksumSHA256: SHA256,
  });
  const attributes = await api.GetObjectAttributes(call(), {
    ...{ Bucket: BUCKET, Key: "in one piece", ObjectAttributes: ["ObjectParts", "ETag"] },
  });
  expect(attributes.ObjectParts).toBeUndefined();
  expect((await objects.get("in one piece")).text).toBe("123456789");
  // Its parts may be deleted.
  await api.DeleteObject(call(), source);
  expect((await objects.get("in one piece")).text).toBe("123456789");
});

test("a copy where versioning is suspended says that it is the null version", async () => {
  const bucket = { Bucket: "suspended-copies" };
  await makeBucket(objects, bucket.Bucket);
  await objects.put("a", "content", bucket);
  expect((await copy("suspended-copies/a", "b", bucket)).VersionId).toBeUndefined();
  await objects.api.PutBucketVersioning(objects.call(), {
    ...{ ...bucket, VersioningConfiguration: { Status: "Suspended" } },
  });
  expect((await copy("suspended-copies/a", "b", bucket)).VersionId).toBe("null");
});

test("another encryption is a change: an object under a KMS key is copied onto itself as the bucket has it", async () => {
  await objects.put("was under a key", "content", { ServerSideEncryption: "aws:kms" });
  const output = await copy(`${BUCKET}/was under a key`, "was under a key");
  expect(output.ServerSideEncryption).toBe("AES256");
  await expect(copy(`${BUCKET}/was under a key`, "was under a key")).rejects.toMatchObject({
    name: "InvalidRequest",
  });
});

test("tags in a header that the copy does not get are none to its policy", async () => {
  const { api, call } = objects;
  await makeBucket(objects, "tagged-only");
  const resource = "arn:aws:s3:::tagged-only/*";
  const allow = (Action: string | string[], more = {}) => ({
    ...{ Effect: "Allow", Principal: { AWS: OTHER_ACCOUNT }, Action, Resource: resource },
    ...more,
  });
  const Statement = [
    allow(["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging"]),
    allow(["s3:PutObject", "s3:PutObjectTagging"], {
      Condition: { StringEquals: { "s3:RequestObjectTag/team": "a" } },
    }),
  ];
  const bucket = { Bucket: "tagged-only" };
  await api.PutBucketPolicy(call(), { ...bucket, Policy: JSON.stringify({ Statement }) });
  await objects.put("theirs", "content", { ...bucket, Tagging: "team=b" });
  const source = { CopySource: "tagged-only/theirs" };
  const by = { account: OTHER_ACCOUNT, headers: { "x-amz-tagging": "team=a" } };
  const tagged = { ...bucket, ...source, Key: "copied", Tagging: "team=a" };
  await api.CopyObject(call(by), { ...tagged, TaggingDirective: "REPLACE" });
  for (const directive of [{}, { TaggingDirective: "COPY" } as const])
    await expect(api.CopyObject(call(by), { ...tagged, ...directive })).rejects.toMatchObject({
      name: "AccessDenied",
    });
});

test("tags of a named version are copied by those who may read tags of versions", async () => {
  const { api, call } = objects;
  await makeBucket(objects, "versioned-tags");
  const bucket = { Bucket: "versioned-tags" };
  await api.PutBucketVersioning(call(), { ...bucket, VersioningConfiguration: { Status: "Enabled" } });
  const { VersionId } = await objects.put("theirs", "content", { ...bucket, Tagging: "team=b" });
  const allow = (Action: string | string[]) => ({
    ...{
      Effect: "Allow",
      Principal: { AWS: OTHER_ACCOUNT },
      Action,
      Resource: "arn:aws:s3:::versioned-tags/*",
    },
  });
  const permit = (...actions: string[]) =>
    api.PutBucketPolicy(call(), {
      ...bucket,
      Policy: JSON.stringify({
        Statement: [allow(["s3:PutObject", "s3:PutObjectTagging", "s3:GetObjectVersion", ...actions])],
      }),
    });
  const copying = () =>
    api.CopyObject(call({ account: OTHER_ACCOUNT }), {
      ...{ ...bucket, Key: "copied", CopySource: `versioned-tags/theirs?versionId=${VersionId}` },
    });
  await permit("s3:GetObjectTagging");
  await expect(copying()).rejects.toMatchObject({ name: "AccessDenied" });
  await permit("s3:GetObjectVersionTagging");
  await copying();
});
