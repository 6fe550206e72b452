import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { CompleteMultipartUploadCommandInput } from "@aws-sdk/client-s3";
import { crc32, crc64 } from "hash-wasm";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import { BUCKET, bodyOf, md5Of, testObjects } from "../objects/testing/test-objects.ts";
import {
  base64,
  complete,
  create,
  customerKey,
  etagOf,
  leftovers,
  put,
  putChecked,
  sha256,
  versioned,
} from "./testing/test-uploads.ts";

const MEBIBYTE = 1024 ** 2;
const LARGE = [Buffer.alloc(5 * MEBIBYTE, "a"), Buffer.alloc(5 * MEBIBYTE, "b"), Buffer.from("the rest")];

describeOnEachDatabase("multipart uploads", (databases) => {
  const begin = async () => testObjects(await databases.fresh());

  test("parts become one object, and what was said at the beginning is said of it", async () => {
    await using objects = await begin();
    const upload = await create(objects, {
      ContentType: "text/plain",
      Metadata: { team: "build" },
      Tagging: "stage=test",
      StorageClass: "STANDARD_IA",
    });
    // As they come: the number orders them.
    for (const number of [3, 1, 2]) await put(objects, upload, number, LARGE[number - 1] ?? "");
    const before = await objects.blobs();
    const done = await complete(objects, upload, [1, 2, 3]);
    expect(done.ETag).toBe(`"${etagOf(LARGE)}"`);
    expect(await objects.blobs()).toEqual(before);
    const read = await objects.api.GetObject(objects.call(), { Bucket: BUCKET, Key: "key" });
    expect(read).toMatchObject({
      ETag: done.ETag,
      ContentType: "text/plain",
      Metadata: { team: "build" },
      TagCount: 1,
      StorageClass: "STANDARD_IA",
      ContentLength: 10 * MEBIBYTE + 8,
    });
    const bytes = Buffer.concat(await (read.Body as unknown as Readable).toArray());
    expect(bytes.equals(Buffer.concat(LARGE))).toBe(true);
    const across = await objects.get("key", { Range: `bytes=${10 * MEBIBYTE - 2}-${10 * MEBIBYTE + 2}` });
    expect(across.text).toBe("bbthe");
    const third = await objects.get("key", { PartNumber: 3 });
    expect(third).toMatchObject({ text: "the rest", PartsCount: 3 });
    expect(await leftovers(objects)).toEqual([]);
  });

  test("a retention that the bucket gets by default meanwhile holds where none was asked for", async () => {
    await using objects = await begin();
    const Bucket = "locked";
    await objects.api.CreateBucket(objects.call(), { Bucket, ObjectLockEnabledForBucket: true });
    const day = 86_400_000;
    const asked = new Date(objects.now.getTime() + 30 * day);
    const upload = await create(objects, { Bucket });
    const own = await create(objects, {
      ...{ Bucket, Key: "own" },
      ...{ ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: asked },
    });
    const body = () => bodyOf("content", { md5: md5Of("content") });
    for (const each of [upload, own]) await put(objects, each, 1, "content", { body: body() });
    await objects.api.PutObjectLockConfiguration(objects.call(), {
      Bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 10 } },
      },
    });
    objects.now = new Date(objects.now.getTime() + day);
    const { VersionId } = await complete(objects, upload, [1]);
    await complete(objects, own, [1]);
    const retentionOf = async (Key: string) =>
      (await objects.api.GetObjectRetention(objects.call(), { Bucket, Key })).Retention;
    expect(await retentionOf("key")).toEqual({
      Mode: "GOVERNANCE",
      RetainUntilDate: new Date(objects.now.getTime() + 10 * day),
    });
    expect(await retentionOf("own")).toEqual({ Mode: "COMPLIANCE", RetainUntilDate: asked });
    await expect(
      objects.api.DeleteObject(objects.call(), { Bucket, Key: "key", VersionId }),
    ).rejects.toMatchObject({ name: "AccessDenied" });
  });

  test("a bucket's default retention counts from the completion, for before there is no object", async () => {
    await using objects = await begin();
    const Bucket = "locked";
    await objects.api.CreateBucket(objects.call(), { Bucket, ObjectLockEnabledForBucket: true });
    await objects.api.PutObjectLockConfiguration(objects.call(), {
      Bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 10 } },
      },
    });
    const day = 86_400_000;
    const upload = await create(objects, { Bucket });
    await expect(put(objects, upload, 1, "content")).rejects.toMatchObject({ name: "InvalidRequest" });
    const body = bodyOf("content", { md5: md5Of("content") });
    await put(objects, upload, 1, "content", { body });
    objects.now = new Date(objects.now.getTime() + 6 * day);
    await complete(objects, upload, [1]);
    const { Retention } = await objects.api.GetObjectRetention(objects.call(), { Bucket, Key: "key" });
    expect(Retention).toEqual({
      Mode: "GOVERNANCE",
      RetainUntilDate: new Date(objects.now.getTime() + 10 * day),
    });
  });

  test("a part that comes again takes the place of the first, and what is not named is given up", async () => {
    await using objects = await begin();
    const upload = await create(objects);
    await put(objects, upload, 1, "first try");
    await put(objects, upload, 1, "second try");
    await put(objects, upload, 2, "not wanted");
    await complete(objects, upload, [1]);
    expect((await objects.get("key")).text).toBe("second try");
    expect(await objects.blobs()).toEqual({ kept: 1, unkept: 2 });
    expect(await leftovers(objects)).toEqual([]);
  });

  test("an abort gives up all parts, and nothing can be done with the upload any more", async () => {
    await using objects = await begin();
    const upload = await create(objects);
    await put(objects, upload, 1, "one");
    await put(objects, upload, 2, "one");
    await objects.api.AbortMultipartUpload(objects.call(), upload);
    expect(await objects.blobs()).toEqual({ kept: 0, unkept: 1 });
    expect(await leftovers(objects)).toEqual([]);
    const gone = { name: "NoSuchUpload", status: 404 };
    await expect(objects.api.AbortMultipartUpload(objects.call(), upload)).rejects.toMatchObject(gone);
    await expect(put(objects, upload, 1, "late")).rejects.toMatchObject(gone);
    await expect(
      complete(objects, upload, [], { MultipartUpload: { Parts: [{ PartNumber: 1, ETag: "e" }] } }),
    ).rejects.toMatchObject(gone);
    expect(await objects.blobs()).toEqual({ kept: 0, unkept: 1 });
  });

  test("what a completion refuses leaves the upload as it was", async () => {
    await using objects = await begin();
    const upload = await create(objects, { ChecksumAlgorithm: "SHA256" });
    const small = await putChecked(objects, upload, 1, "too small", "SHA256", sha256("too small"));
    const last = await putChecked(objects, upload, 2, "the last", "SHA256", sha256("the last"));
    const one = { PartNumber: 1, ETag: small.ETag, ChecksumSHA256: sha256("too small") };
    const two = { PartNumber: 2, ETag: last.ETag, ChecksumSHA256: sha256("the last") };
    const { ChecksumSHA256: _, ...unchecked } = two;
    const etag = '"d41d8cd98f00b204e9800998ecf8427e"';
    const refusals: [string, Partial<CompleteMultipartUploadCommandInput>][] = [
      ["MalformedXML", { MultipartUpload: undefined }],
      ["MalformedXML", { MultipartUpload: { Parts: [] } }],
      ["MalformedXML", { MultipartUpload: { Parts: [{ PartNumber: 1 }] } }],
      ["InvalidArgument", { MultipartUpload: { Parts: [{ ...one, PartNumber: 0 }] } }],
      ["InvalidPartOrder", { MultipartUpload: { Parts: [two, one] } }],
      ["InvalidPartOrder", { MultipartUpload: { Parts: [two, two] } }],
      ["InvalidPart", { MultipartUpload: { Parts: [{ ...two, PartNumber: 7 }] } }],
      ["InvalidPart", { MultipartUpload: { Parts: [{ ...two, ETag: etag }] } }],
      ["InvalidPart", { MultipartUpload: { Parts: [{ ...two, ChecksumSHA256: sha256("other") }] } }],
      ["InvalidArgument", { MultipartUpload: { Parts: [{ ...two, ChecksumSHA256: "no hash" }] } }],
      ["InvalidRequest", { MultipartUpload: { Parts: [unchecked] } }],
      ["BadDigest", { MultipartUpload: { Parts: [{ ...unchecked, ChecksumCRC32: "AAAAAA==" }] } }],
      ["EntityTooSmall", { MultipartUpload: { Parts: [one, two] } }],
      ["InvalidRequest", { MultipartUpload: { Parts: [two] }, MpuObjectSize: 9 }],
      ["InvalidRequest", { MultipartUpload: { Parts: [two] }, ChecksumType: "FULL_OBJECT" }],
      ["BadDigest", { MultipartUpload: { Parts: [two] }, ChecksumSHA256: `${sha256("other")}-1` }],
      ["NoSuchUpload", { MultipartUpload: { Parts: [two] }, Key: "another key" }],
      ["NoSuchUpload", { MultipartUpload: { Parts: [two] }, UploadId: "never" }],
      ["NoSuchKey", { MultipartUpload: { Parts: [two] }, IfMatch: etag }],
    ];
    for (const [name, input] of refusals)
      await expect(complete(objects, upload, [], input), JSON.stringify(input)).rejects.toMatchObject({
        name,
      });
    const composite = `${createHash("sha256").update(sha256("the last"), "base64").digest("base64")}-1`;
    const done = await complete(objects, upload, [], {
      MultipartUpload: { Parts: [two] },
      MpuObjectSize: 8,
      ChecksumType: "COMPOSITE",
      ChecksumSHA256: composite,
      IfNoneMatch: "*",
    });
    expect(done).toMatchObject({ ChecksumSHA256: composite, ChecksumType: "COMPOSITE" });
    expect(await leftovers(objects)).toEqual([]);
  });

  test("the checksum of the whole object follows from its parts, and is told of each part", async () => {
    await using objects = await begin();
    const whole = Buffer.concat(LARGE);
    const upload = await create(objects, { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" });
    for (const [index, part] of LARGE.entries()) await put(objects, upload, index + 1, part);
    const checksum = base64(await crc32(whole));
    await expect(
      complete(objects, upload, [1, 2, 3], { ChecksumCRC32: base64(await crc32("other")) }),
    ).rejects.toMatchObject({ name: "BadDigest" });
    const done = await complete(objects, upload, [1, 2, 3], { ChecksumCRC32: checksum });
    expect(done).toMatchObject({ ChecksumCRC32: checksum, ChecksumType: "FULL_OBJECT" });
    expect(
      await objects.api.HeadObject(objects.call(), {
        Bucket: BUCKET,
        Key: "key",
        PartNumber: 3,
        ChecksumMode: "ENABLED",
      }),
    ).toMatchObject({ ChecksumCRC32: base64(await crc32("the rest")), PartsCount: 3 });

    // Nobody asked: S3 computes its own.
    const silent = await create(objects);
    for (const [index, part] of LARGE.entries()) await put(objects, silent, index + 1, part);
    expect(await complete(objects, silent, [1, 2, 3])).toMatchObject({
      ChecksumCRC64NVME: base64(await crc64(whole, "9a6c9329ac4bc9b5")),
      ChecksumType: "FULL_OBJECT",
    });
  });

  test("a part is refused with a wrong checksum, a number out of range, or without the checksum that was agreed", async () => {
    await using objects = await begin();
    const upload = await create(objects, { ChecksumAlgorithm: "CRC32C" });
    const wrong: [string, () => Promise<unknown>][] = [
      ["InvalidArgument", () => put(objects, upload, 0, "a")],
      ["InvalidArgument", () => put(objects, upload, 10_001, "a")],
      ["InvalidRequest", () => put(objects, upload, 1, "a")],
      ["InvalidRequest", () => putChecked(objects, upload, 1, "a", "SHA256", sha256("a"))],
      ["BadDigest", () => putChecked(objects, upload, 1, "a", "CRC32C", "AAAAAA==")],
    ];
    for (const [name, refused] of wrong) await expect(refused()).rejects.toMatchObject({ name });
    expect(await objects.blobs()).toEqual({ kept: 0, unkept: 0 });
    for (const [algorithm, type] of [
      ["CRC64NVME", "COMPOSITE"],
      ["SHA1", "FULL_OBJECT"],
      [undefined, "FULL_OBJECT"],
      ["CRC7", undefined],
    ])
      await expect(
        create(objects, { ChecksumAlgorithm: algorithm, ChecksumType: type } as never),
      ).rejects.toMatchObject({ name: "InvalidRequest" });
  });

  test("a completion that is repeated is answered as the first time, whatever was written since", async () => {
    await using objects = await begin();
    await versioned(objects);
    const upload = await create(objects);
    await put(objects, upload, 1, "content");
    const first = await complete(objects, upload, [1], { IfNoneMatch: "*" });
    await objects.put("key", "newer");
    expect(await complete(objects, upload, [1], { IfNoneMatch: "*" })).toEqual(first);
    expect(await objects.metadata.reader.selectFrom("s3_versions").select("id").execute()).toHaveLength(2);
  });

  test("a customer's key is to be shown with every part", async () => {
    await using objects = await begin();
    await objects.api.PutBucketEncryption(objects.call(), {
      Bucket: BUCKET,
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
            BlockedEncryptionTypes: { EncryptionType: ["NONE"] },
          },
        ],
      },
    });
    const upload = await create(objects, customerKey(1));
    const named = { Bucket: upload.Bucket, Key: upload.Key, UploadId: upload.UploadId };
    await expect(put(objects, named, 1, "secret")).rejects.toMatchObject({ name: "InvalidRequest" });
    await expect(put(objects, { ...named, ...customerKey(2) }, 1, "secret")).rejects.toMatchObject({
      name: "InvalidRequest",
    });
    await put(objects, { ...named, ...customerKey(1) }, 1, "secret");
    await complete(objects, named, [1]);
    await expect(objects.get("key")).rejects.toMatchObject({ name: "InvalidRequest" });
    expect((await objects.get("key", customerKey(1))).text).toBe("secret");
    const plain = await create(objects);
    await expect(put(objects, { ...plain, ...customerKey(1) }, 1, "secret")).rejects.toMatchObject({
      name: "InvalidRequest",
    });
  });

  test("a lifecycle rule says when an upload will be aborted", async () => {
    await using objects = await begin();
    await objects.api.PutBucketLifecycleConfiguration(objects.call(), {
      Bucket: BUCKET,
      LifecycleConfiguration: {
        Rules: [
          {
            ID: "CleanupIncompleteUploads",
            Status: "Enabled",
            Filter: { Prefix: "" },
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
          },
        ],
      },
    });
    const upload = await objects.api.CreateMultipartUpload(objects.call(), { Bucket: BUCKET, Key: "key" });
    expect(upload).toMatchObject({
      AbortDate: new Date("2026-11-09T00:00:00Z"),
      AbortRuleId: "CleanupIncompleteUploads",
    });
    const answer: unknown = await objects.api.ListParts(objects.call(), {
      Bucket: BUCKET,
      Key: "key",
      UploadId: upload.UploadId,
    });
    expect(answer).toMatchObject({
      headers: {
        "x-amz-abort-date": "Mon, 09 Nov 2026 00:00:00 GMT",
        "x-amz-abort-rule-id": "CleanupIncompleteUploads",
      },
    });
  });
});
