import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { BUCKET, bodyOf, makeBucket, md5Of, type TestObjects, testObjects } from "./testing/test-objects.ts";

let objects: TestObjects;
beforeAll(async () => {
  objects = await testObjects();
});
afterAll(() => objects[Symbol.asyncDispose]());

function crc32Of(content: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(content));
  return bytes.toString("base64");
}

describe("PutObject", () => {
  test("headers, metadata, tags and class come back as they were given", async () => {
    await objects.put(
      "described",
      "content",
      {
        CacheControl: "no-cache",
        ContentDisposition: 'attachment; filename="a"',
        ContentEncoding: "aws-chunked,gzip",
        ContentLanguage: "de",
        ContentType: "text/plain; charset=utf-8",
        Metadata: { build: "17", größe: "mittel" },
        StorageClass: "STANDARD_IA",
        Tagging: "team=platform&note=two+words",
        WebsiteRedirectLocation: "/elsewhere",
      },
      { headers: { expires: "not a date" } },
    );
    const { text, ...output } = await objects.get("described");
    expect(text).toBe("content");
    expect(output).toMatchObject({
      CacheControl: "no-cache",
      ContentDisposition: 'attachment; filename="a"',
      ContentEncoding: "gzip",
      ContentLanguage: "de",
      ContentType: "text/plain; charset=utf-8",
      ExpiresString: "not a date",
      Metadata: { build: "17", größe: "mittel" },
      StorageClass: "STANDARD_IA",
      TagCount: 2,
      WebsiteRedirectLocation: "/elsewhere",
      ETag: `"${md5Of("content")}"`,
      ServerSideEncryption: "AES256",
      AcceptRanges: "bytes",
      ContentLength: 7,
    });
    const { TagSet } = await objects.api.GetObjectTagging(objects.call(), {
      Bucket: BUCKET,
      Key: "described",
    });
    expect(TagSet).toEqual([
      { Key: "note", Value: "two words" },
      { Key: "team", Value: "platform" },
    ]);
  });

  test("without a checksum CRC64NVME is computed, kept and told", async () => {
    // The check value of CRC-64/NVME in RevEng's catalogue: ae8b14860a799888.
    const put = await objects.put("numbers", "123456789");
    expect(put).toMatchObject({ ChecksumCRC64NVME: "rosUhgp5mIg=", ChecksumType: "FULL_OBJECT" });
    const head = { Bucket: BUCKET, Key: "numbers" };
    expect(await objects.api.HeadObject(objects.call(), head)).not.toHaveProperty("ChecksumCRC64NVME");
    const { ChecksumCRC64NVME } = await objects.api.HeadObject(objects.call(), {
      ...head,
      ChecksumMode: "ENABLED",
    });
    expect(ChecksumCRC64NVME).toBe("rosUhgp5mIg=");
  });

  test("an announced checksum is compared, and kept in the place of the standard one", async () => {
    const right = bodyOf("content", { algorithm: "CRC32", checksum: crc32Of("content") });
    expect(await objects.put("checked", "", {}, { body: right })).toMatchObject({
      ChecksumCRC32: crc32Of("content"),
    });
    const range = { Range: "bytes=0-2", ChecksumMode: "ENABLED" };
    expect(await objects.get("checked", range)).not.toHaveProperty("ChecksumCRC32");
  });

  test.each([
    [
      { algorithm: "CRC32", checksum: crc32Of("other") },
      "BadDigest",
      "The CRC32 you specified did not match",
    ],
    [{ algorithm: "CRC32", checksum: "AAA=" }, "InvalidRequest", "Value for x-amz-checksum-crc32 header is"],
    [
      { algorithm: "SHA256" },
      "InvalidRequest",
      "x-amz-sdk-checksum-algorithm specified, but no corresponding",
    ],
    [{ md5: md5Of("other") }, "BadDigest", "The Content-MD5 you specified did not match"],
  ] as const)(
    "content that is not what was announced (%j) is refused and leaves nothing",
    async (said, name, text) => {
      const before = await objects.blobs();
      const put = objects.put("wrong", "", {}, { body: bodyOf("content of wrong", said) });
      await expect(put).rejects.toMatchObject({ name, message: expect.stringContaining(text) });
      await expect(objects.get("wrong")).rejects.toMatchObject({ name: "NoSuchKey" });
      expect(await objects.blobs()).toEqual(before);
    },
  );

  test.each([
    [{ ACL: "public-read" }, "AccessControlListNotSupported"],
    [{ GrantRead: "id=abc" }, "AccessControlListNotSupported"],
    [{ ACL: "bucket-owner-full-control" }, undefined],
    [{ StorageClass: "FROZEN" }, "InvalidStorageClass"],
    [{ Tagging: "a=1&a=2" }, "InvalidArgument"],
    [{ Tagging: "%zz=1" }, "InvalidArgument"],
    [{ Tagging: Array.from({ length: 11 }, (_, index) => `t${index}=`).join("&") }, "BadRequest"],
    [{ Tagging: `${"k".repeat(129)}=` }, "InvalidTag"],
    [{ Metadata: { long: "x".repeat(2_045) } }, "MetadataTooLarge"],
    [{ Metadata: { long: "x".repeat(2_044) } }, undefined],
    [{ WebsiteRedirectLocation: "elsewhere" }, "InvalidArgument"],
    [{ ObjectLockLegalHoldStatus: "ON" }, "InvalidRequest"],
    [{ ContentType: "text/html\r\nset-cookie: a=b" }, "InvalidArgument"],
    [{ WebsiteRedirectLocation: "/a\nb" }, "InvalidArgument"],
    [{ WriteOffsetBytes: 5 }, "NotImplemented"],
    [{ ObjectLockEventHold: "ON" }, "NotImplemented"],
    [{ ServerSideEncryption: "rot13" }, "InvalidArgument"],
    [{ ServerSideEncryption: "aws:kms:dsse" }, "NotImplemented"],
    [{ SSEKMSKeyId: "alias/a" }, "InvalidArgument"],
  ] as const)("%j: %s", async (input, refusal) => {
    const outcome = await objects
      .put("limits", "content", input as object)
      .catch((error: Error) => error.name);
    if (refusal === undefined) expect(outcome).toHaveProperty("ETag");
    else expect(outcome).toBe(refusal);
  });

  test("nobody writes without permission, and other accounts need the bucket's policy", async () => {
    const other = { account: "210987654321" as never, body: bodyOf("stranger") };
    await expect(objects.put("strange", "", {}, other)).rejects.toMatchObject({ name: "AccessDenied" });
    await expect(objects.get("described", {}, { account: "anonymous" })).rejects.toMatchObject({
      name: "AccessDenied",
      status: 403,
    });
  });
});

describe("GetObject and HeadObject", () => {
  test("a range is a part of the content, with its place", async () => {
    await objects.put("ten", "0123456789");
    expect(await objects.get("ten", { Range: "bytes=2-4" })).toMatchObject({
      text: "234",
      ContentRange: "bytes 2-4/10",
      ContentLength: 3,
    });
    expect((await objects.get("ten", { Range: "bytes=-3" })).text).toBe("789");
    await expect(objects.get("ten", { Range: "bytes=10-" })).rejects.toMatchObject({
      name: "InvalidRange",
      status: 416,
      headers: { "content-range": "bytes */10" },
      members: { ActualObjectSize: 10 },
    });
  });

  test("If-Range asks for the whole when the content has changed", async () => {
    const range = { Range: "bytes=2-4" };
    expect((await objects.get("ten", range, { headers: { "if-range": '"other"' } })).text).toBe("0123456789");
    const etag = { headers: { "if-range": `"${md5Of("0123456789")}"` } };
    expect((await objects.get("ten", range, etag)).text).toBe("234");
  });

  test("an object of one piece is its own part 1", async () => {
    const output = await objects.get("ten", { PartNumber: 1 });
    expect(output).toMatchObject({ text: "0123456789", ContentRange: "bytes 0-9/10" });
    expect(output.PartsCount).toBeUndefined();
    await expect(objects.get("ten", { PartNumber: 2 })).rejects.toMatchObject({
      name: "InvalidPartNumber",
      status: 416,
    });
    await expect(objects.get("ten", { PartNumber: 0 })).rejects.toMatchObject({ name: "InvalidArgument" });
    await expect(objects.get("ten", { PartNumber: 1, Range: "bytes=0-1" })).rejects.toMatchObject({
      name: "InvalidRequest",
    });
  });

  test("what has not changed is 304 with its validators", async () => {
    const IfNoneMatch = `"${md5Of("0123456789")}"`;
    await expect(objects.get("ten", { IfNoneMatch })).rejects.toMatchObject({
      status: 304,
      headers: { etag: IfNoneMatch, "last-modified": "Sun, 01 Nov 2026 10:30:00 GMT" },
    });
    await expect(objects.get("ten", { IfMatch: '"x"' })).rejects.toMatchObject({
      status: 412,
      members: { Condition: "If-Match" },
    });
  });

  test("answers' headers can be overridden by those who sign", async () => {
    const overrides = { ResponseContentType: "text/html", ResponseCacheControl: "no-store" };
    expect(await objects.get("ten", overrides)).toMatchObject({
      ContentType: "text/html",
      CacheControl: "no-store",
    });
    const split = { ResponseContentType: "text/html\r\nset-cookie: a=b" };
    await expect(objects.get("ten", split)).rejects.toMatchObject({ name: "InvalidArgument" });
    await expect(objects.get("ten", overrides, { account: "anonymous" })).rejects.toMatchObject({
      name: "InvalidRequest",
    });
  });

  test("metadata that no header can carry is counted instead of told", async () => {
    await objects.put("unprintable", "x", { Metadata: { good: "a", bad: "line\nbreak" }, ContentType: "" });
    expect(await objects.get("unprintable")).toMatchObject({
      ...{ Metadata: { good: "a" }, MissingMeta: 1 },
      ContentType: "binary/octet-stream",
    });
  });

  test("an empty object is read like any other", async () => {
    await objects.put("empty", "");
    expect(await objects.get("empty")).toMatchObject({ text: "", ContentLength: 0 });
  });

  test("a version id that was never given out is told apart from one that is gone", async () => {
    await expect(objects.get("ten", { VersionId: "nonsense" })).rejects.toMatchObject({
      name: "InvalidArgument",
    });
    await expect(objects.get("ten", { VersionId: "A".repeat(32) })).rejects.toMatchObject({
      name: "NoSuchVersion",
      status: 404,
    });
  });
});

describe("GetObjectAttributes", () => {
  test("tells what was asked for only", async () => {
    await objects.put("attributes", "content");
    const ask = (...ObjectAttributes: string[]) =>
      objects.api.GetObjectAttributes(objects.call(), {
        Bucket: BUCKET,
        Key: "attributes",
        ObjectAttributes: ObjectAttributes as never,
      });
    const { LastModified, ...output } = await ask("ETag", "ObjectSize", "StorageClass", "ObjectParts");
    expect(output).toEqual({
      ETag: md5Of("content"),
      ObjectSize: 7,
      StorageClass: "STANDARD",
      VersionId: undefined,
    });
    expect((await ask("Checksum")).Checksum?.ChecksumType).toBe("FULL_OBJECT");
    await expect(ask("Color")).rejects.toMatchObject({ name: "InvalidArgument" });
  });
});

describe("DeleteObjects", () => {
  test("each key has its own outcome, and quiet answers name failures only", async () => {
    for (const key of ["d1", "d2", "d3"]) await objects.put(key, key);
    const Objects = [
      { Key: "d1" },
      { Key: "d2", ETag: '"other"' },
      { Key: "never" },
      { Key: "d3", VersionId: "x" },
    ];
    const output = await objects.api.DeleteObjects(objects.call(), { Bucket: BUCKET, Delete: { Objects } });
    expect(output.Deleted).toEqual([{ Key: "d1" }, { Key: "never" }]);
    expect(output.Errors?.map(({ Key, Code }) => [Key, Code]).toSorted()).toEqual([
      ["d2", "PreconditionFailed"],
      ["d3", "NoSuchVersion"],
    ]);
    const quiet = await objects.api.DeleteObjects(objects.call(), {
      Bucket: BUCKET,
      Delete: { Objects: [{ Key: "d2" }], Quiet: true },
    });
    expect(quiet).toEqual({ Errors: [] });
    await expect(objects.get("d2")).rejects.toMatchObject({ name: "NoSuchKey" });
    expect((await objects.get("d3")).text).toBe("d3");
  });

  test("a thousand keys are deleted at once, one more is refused", async () => {
    const keys = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `many/${index}` }));
    for (const { Key } of keys(120)) await objects.put(Key, "same");
    const { Deleted } = await objects.api.DeleteObjects(objects.call(), {
      Bucket: BUCKET,
      Delete: { Objects: keys(1_000) },
    });
    expect(Deleted).toHaveLength(1_000);
    await expect(objects.get("many/119")).rejects.toMatchObject({ name: "NoSuchKey" });
    for (const count of [0, 1_001])
      await expect(
        objects.api.DeleteObjects(objects.call(), { Bucket: BUCKET, Delete: { Objects: keys(count) } }),
      ).rejects.toMatchObject({ name: "MalformedXML" });
  });
});

describe("tags", () => {
  const of = { Bucket: BUCKET, Key: "tagged" };
  const put = (...tags: [string, string][]) =>
    objects.api.PutObjectTagging(objects.call(), {
      ...of,
      Tagging: { TagSet: tags.map(([Key, Value]) => ({ Key, Value })) },
    });

  test("are replaced as a whole and deleted as a whole", async () => {
    await objects.put("tagged", "content", { Tagging: "old=1" });
    await put(["new", "2"]);
    expect((await objects.api.GetObjectTagging(objects.call(), of)).TagSet).toEqual([
      { Key: "new", Value: "2" },
    ]);
    await objects.api.DeleteObjectTagging(objects.call(), of);
    expect((await objects.api.GetObjectTagging(objects.call(), of)).TagSet).toEqual([]);
    expect((await objects.get("tagged")).TagCount).toBeUndefined();
  });

  test("out of bounds are refused and change nothing", async () => {
    await put(["kept", "1"]);
    await expect(put(["a", "1"], ["a", "2"])).rejects.toMatchObject({ name: "InvalidTag" });
    await expect(put(["a", "x".repeat(257)])).rejects.toMatchObject({ name: "InvalidTag" });
    await expect(put(["aws:a", "1"])).rejects.toMatchObject({ name: "InvalidTag" });
    expect((await objects.api.GetObjectTagging(objects.call(), of)).TagSet).toEqual([
      { Key: "kept", Value: "1" },
    ]);
  });
});

describe("events", () => {
  test("are recorded where the bucket has EventBridge on", async () => {
    await makeBucket(objects, "told");
    await objects.api.PutBucketNotificationConfiguration(objects.call(), {
      Bucket: "told",
      NotificationConfiguration: { EventBridgeConfiguration: {} },
    });
    objects.events.length = 0;
    await objects.put("a", "content", { Bucket: "told" });
    await objects.api.PutObjectTagging(objects.call(), {
      Bucket: "told",
      Key: "a",
      Tagging: { TagSet: [{ Key: "a", Value: "1" }] },
    });
    await objects.api.DeleteObject(objects.call(), { Bucket: "told", Key: "a" });
    expect(objects.events.map(({ detailType, detail }) => [detailType, detail["reason"]])).toEqual([
      ["Object Created", "PutObject"],
      ["Object Tags Added", undefined],
      ["Object Deleted", "DeleteObject"],
    ]);
    expect(objects.events[0]?.detail["object"]).toMatchObject({
      key: "a",
      size: 7,
      etag: createHash("md5").update("content").digest("hex"),
    });
  });
});

describe("DeleteObjects", () => {
  test("takes no key that no object can have, and deletes the others", async () => {
    const bucket = { Bucket: "of-markers" };
    await makeBucket(objects, bucket.Bucket);
    await objects.api.PutBucketVersioning(objects.call(), {
      ...{ ...bucket, VersioningConfiguration: { Status: "Enabled" } },
    });
    const long = "ü".repeat(513);
    const remove = (...keys: string[]) =>
      objects.api.DeleteObjects(objects.call(), {
        ...{ ...bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } },
      });
    const output = await remove(long, "fits", "ü".repeat(512));
    expect(output.Errors).toEqual([{ Key: long, Code: "KeyTooLongError", Message: "Your key is too long" }]);
    expect(output.Deleted?.map(({ Key }) => Key)).toEqual(["fits", "ü".repeat(512)]);
    await expect(remove("")).rejects.toMatchObject({ name: "MalformedXML" });
  });
});

test("nothing is tagged that is deleted: a marker is refused by its method, named or not", async () => {
  const { api, call } = objects;
  const at = { Bucket: "tagged-markers", Key: "a" };
  await makeBucket(objects, at.Bucket);
  await api.PutBucketVersioning(call(), { ...at, VersioningConfiguration: { Status: "Enabled" } });
  await objects.put("a", "content", { ...at, Tagging: "empty&&team=a" });
  expect((await api.GetObjectTagging(call(), at)) as object).toMatchObject({
    TagSet: [
      { Key: "empty", Value: "" },
      { Key: "team", Value: "a" },
    ],
  });
  const { VersionId } = await api.DeleteObject(call(), at);
  for (const input of [at, { ...at, VersionId }]) {
    const refused = (Method: string) => ({
      ...{ name: "MethodNotAllowed", status: 405, members: { Method, ResourceType: "DeleteMarker" } },
    });
    await expect(api.GetObjectTagging(call(), input)).rejects.toMatchObject(refused("GET"));
    await expect(api.DeleteObjectTagging(call(), input)).rejects.toMatchObject(refused("DELETE"));
    await expect(api.PutObjectTagging(call(), { ...input, Tagging: { TagSet: [] } })).rejects.toMatchObject(
      refused("PUT"),
    );
  }
});
