import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { findBucket } from "../buckets/open-bucket.ts";
import { createWriteVersions } from "./create-write-versions.ts";
import { openContent, piecesOf } from "./open-content.ts";
import { ACCOUNT, BUCKET, bodyOf, testObjects } from "./testing/test-objects.ts";
import type { NewVersionPart, Version } from "./version.ts";

const parts = [4, 1, 5].map((size, index) => ({
  ...{ partNumber: index + 1, blobId: `blob ${index}`, size, checksums: {} },
  offset: [0, 4, 5][index] ?? 0,
}));

test.each([
  [undefined, ["blob 0", "blob 1", "blob 2"]],
  [{ start: 0, end: 9 }, ["blob 0", "blob 1", "blob 2"]],
  [{ start: 2, end: 3 }, ["blob 0 from 2 to 3"]],
  [{ start: 3, end: 5 }, ["blob 0 from 3 to 3", "blob 1", "blob 2 from 0 to 0"]],
  [{ start: 4, end: 4 }, ["blob 1"]],
  [{ start: 9, end: 9 }, ["blob 2 from 4 to 4"]],
])("of a range (%j) only what it touches is read", (range, expected) => {
  const pieces = piecesOf(parts, range).map(({ blobId, range: within }) =>
    within === undefined ? blobId : `${blobId} from ${within.start} to ${within.end}`,
  );
  expect(pieces).toEqual(expected);
});

test("every range of an object in parts is the same range of its bytes", async () => {
  await using objects = await testObjects();
  const { metadata, s3 } = objects;
  const content = randomBytes(1_000);
  const sizes = [300, 1, 0, 450, 249];
  const written: NewVersionPart[] = [];
  let offset = 0;
  for (const [index, size] of sizes.entries()) {
    await objects.put(`part ${index}`, content.subarray(offset, offset + size));
    const row = await metadata.reader
      .selectFrom("s3_versions")
      .select("blob_id")
      .where("key", "=", `part ${index}`)
      .executeTakeFirstOrThrow();
    written.push({ partNumber: index + 1, size, blobId: row.blob_id ?? "", checksums: {} });
    offset += size;
  }
  const bucket = await findBucket(metadata.reader, BUCKET);
  const version = await metadata.write((tx) =>
    createWriteVersions(s3).put(
      tx,
      bucket,
      {
        ...{ key: "whole", size: 1_000, etag: "e-5", blobId: undefined, storageClass: "STANDARD", tags: {} },
        description: { headers: {}, metadata: {}, encryption: { kind: "AES256", scope: "server" } },
        ...{ retention: undefined, legalHold: false, parts: written },
      },
      {},
      { reason: "CompleteMultipartUpload", requestId: "test", requester: ACCOUNT },
    ),
  );
  const read = async (range?: { start: number; end: number }) =>
    Buffer.concat(await (await openContent(s3, version, range)).toArray());
  expect((await read()).equals(content)).toBe(true);
  for (const start of [0, 1, 299, 300, 301, 750, 751, 999])
    for (const end of [0, 299, 300, 301, 749, 750, 751, 999]) {
      if (end < start) continue;
      expect((await read({ start, end })).equals(content.subarray(start, end + 1))).toBe(true);
    }
  const attributes = (input: object) =>
    objects.api.GetObjectAttributes(objects.call(), {
      ...{ Bucket: BUCKET, Key: "whole", ObjectAttributes: ["ObjectParts" as const] },
      ...input,
    });
  const { ObjectParts: page } = await attributes({ MaxParts: 2, PartNumberMarker: "1" });
  expect(page?.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
    [2, 1],
    [3, 0],
  ]);
  expect(page).toMatchObject({ TotalPartsCount: 5, IsTruncated: true, NextPartNumberMarker: "3" });
  expect((await attributes({ PartNumberMarker: "3" })).ObjectParts?.IsTruncated).toBe(false);
  const none = await attributes({ MaxParts: 0 });
  expect(none.ObjectParts).toMatchObject({ TotalPartsCount: 5, IsTruncated: false, Parts: [] });
  const part = await objects.get("whole", { PartNumber: 4 });
  expect(part).toMatchObject({ PartsCount: 5, ContentRange: "bytes 301-750/1000", ContentLength: 450 });
  await expect(objects.get("whole", { PartNumber: 6 })).rejects.toMatchObject({
    ...{ name: "InvalidPartNumber", status: 416 },
    members: { ActualPartCount: 5, PartNumberRequested: 6 },
  });
  // What is closed before it was read leaves nothing open that the test could not end for.
  (await openContent(s3, version)).destroy();
});

test("a version in parts that was deleted meanwhile is missing, not empty", async () => {
  await using objects = await testObjects();
  const version = { id: "gone", key: "gone", size: 10, partCount: 2 } as Version;
  await expect(openContent(objects.s3, version)).rejects.toMatchObject({ name: "NoSuchKey" });
  await expect(openContent(objects.s3, version, { start: 3, end: 4 })).rejects.toMatchObject({
    name: "NoSuchKey",
  });
});

test("an empty part is read as nothing, not as the whole object", async () => {
  await using objects = await testObjects();
  const { api, call } = objects;
  const key = { Bucket: BUCKET, Key: "with an empty end" };
  const { UploadId } = await api.CreateMultipartUpload(call(), key);
  const parts = ["x".repeat(5 * 1024 ** 2), ""].map(async (content, index) => {
    const PartNumber = index + 1;
    const body = bodyOf(content);
    const { ETag } = await api.UploadPart(call({ body }), { ...key, UploadId, PartNumber });
    return { PartNumber, ETag };
  });
  const MultipartUpload = { Parts: await Promise.all(parts) };
  await api.CompleteMultipartUpload(call(), { ...key, UploadId, MultipartUpload });
  const { text, ContentLength, ContentRange } = await objects.get(key.Key, { PartNumber: 2 });
  expect([text.length, ContentLength, ContentRange]).toEqual([0, 0, undefined]);
});
