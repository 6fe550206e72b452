import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { crc32 } from "hash-wasm";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import { BUCKET, type CallOptions, OTHER_ACCOUNT, testObjects } from "../objects/testing/test-objects.ts";
import {
  all,
  base64,
  complete,
  create,
  leftovers,
  list,
  listParts,
  md5,
  put,
  putChecked,
  text,
} from "./testing/test-uploads.ts";
import { uploadPartCopy } from "./upload-part-copy.ts";

describeOnEachDatabase("multipart uploads: copies, lists and permissions", (databases) => {
  const begin = async () => testObjects(await databases.fresh());

  test("a whole object becomes a part without a byte being moved; of a range the bytes are copied", async () => {
    await using objects = await begin();
    const content = randomBytes(64).toString("hex");
    const { VersionId: _, ETag } = await objects.put("source", content);
    const upload = await create(objects);
    const copy = (PartNumber: number, input: object = {}) =>
      objects.api.UploadPartCopy(objects.call(), {
        ...upload,
        PartNumber,
        CopySource: `${BUCKET}/source`,
        ...input,
      });
    const unmoving = Object.assign(Object.create(objects.s3.blobs), {
      take: () => Promise.reject(new Error("bytes are moved")),
    });
    const whole = { ...upload, PartNumber: 1, CopySource: `${BUCKET}/source` };
    const copied = await uploadPartCopy({ ...objects.s3, blobs: unmoving }, objects.call(), whole);
    expect(copied.CopyPartResult?.ETag).toBe(ETag);
    expect((await copy(1, { CopySourceRange: "bytes=0-127" })).CopyPartResult?.ETag).toBe(ETag);
    expect(await objects.blobs()).toEqual({ kept: 1, unkept: 0 });
    const range = await copy(2, { CopySourceRange: "bytes=3-5" });
    expect(range.CopyPartResult?.ETag).toBe(`"${md5(content.slice(3, 6))}"`);
    expect(await objects.blobs()).toEqual({ kept: 2, unkept: 0 });
    for (const [name, input] of [
      ["InvalidRange", { CopySourceRange: "bytes=0-128" }],
      ["InvalidArgument", { CopySourceRange: "bytes=0-" }],
      ["InvalidArgument", { CopySourceRange: "bytes=5-3" }],
      ["InvalidArgument", { CopySourceRange: "0-3" }],
      ["InvalidArgument", { CopySourceRange: "bytes=0-2,3-5" }],
      ["PreconditionFailed", { CopySourceIfMatch: '"other"' }],
      ["PreconditionFailed", { CopySourceIfNoneMatch: ETag }],
      ["NoSuchKey", { CopySource: `${BUCKET}/nothing` }],
      ["NoSuchUpload", { UploadId: "never" }],
      ["InvalidArgument", { PartNumber: 10_001 }],
    ] as const)
      await expect(copy(3, input), JSON.stringify(input)).rejects.toMatchObject({ name });
    await complete(objects, upload, [2]);
    expect((await objects.get("key")).text).toBe(content.slice(3, 6));
    // The source may go: the bytes stay with the copy.
    await objects.api.DeleteObject(objects.call(), { Bucket: BUCKET, Key: "source" });
    expect((await objects.get("key")).text).toBe(content.slice(3, 6));
    expect(await leftovers(objects)).toEqual([]);
  });

  test("parts and uploads are listed page by page", async () => {
    await using objects = await begin();
    const keys = ["a", "a", "b/1", "b/2", "c", "c", "c", "d/\u0001", "é"];
    const uploads: { Key: string; UploadId: string }[] = [];
    for (const Key of keys) {
      objects.now = new Date(objects.now.getTime() + 1000);
      const { UploadId } = await create(objects, { Key, ChecksumAlgorithm: "CRC32" });
      uploads.push({ Key, UploadId });
    }
    for (const MaxUploads of [1, 2, 4, 1000]) {
      const seen: string[] = [];
      let position: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
      while (position !== undefined) {
        const xml = await list(objects, { MaxUploads, ...position });
        seen.push(...all(xml, "UploadId"));
        position =
          text(xml, "IsTruncated") === "true"
            ? {
                KeyMarker: decodeURIComponent(text(xml, "NextKeyMarker") ?? ""),
                UploadIdMarker: text(xml, "NextUploadIdMarker") ?? "",
              }
            : undefined;
      }
      expect(seen).toEqual(uploads.map(({ UploadId }) => UploadId));
    }
    const folders = await list(objects, { Delimiter: "/" });
    expect(all(folders, "Prefix").filter(Boolean)).toEqual(["b/", "d/"]);
    expect(all(folders, "UploadId")).toHaveLength(6);
    expect(all(await list(objects, { Prefix: "b/" }), "UploadId")).toHaveLength(2);
    expect(all(folders, "ChecksumType")).toContain("COMPOSITE");
    await expect(list(objects, { KeyMarker: "a", UploadIdMarker: "never" })).rejects.toMatchObject({
      name: "InvalidArgument",
    });

    const upload = { Bucket: BUCKET, Key: "a", UploadId: uploads[0]?.UploadId ?? "" };
    for (const number of [1, 3, 9_999])
      await putChecked(objects, upload, number, "part", "CRC32", base64(await crc32("part")));
    const first = await listParts(objects, upload, { MaxParts: 2 });
    expect(all(first, "PartNumber")).toEqual(["1", "3"]);
    expect(text(first, "NextPartNumberMarker")).toBe("3");
    expect(text(first, "IsTruncated")).toBe("true");
    expect(all(first, "ChecksumCRC32")).toEqual([base64(await crc32("part")), base64(await crc32("part"))]);
    const second = await listParts(objects, upload, { MaxParts: 2, PartNumberMarker: "3" });
    expect(all(second, "PartNumber")).toEqual(["9999"]);
    expect(text(second, "IsTruncated")).toBe("false");
  });

  test("who may not is refused, each operation by its own permission", async () => {
    await using objects = await begin();
    const upload = await create(objects);
    const stranger: CallOptions = { account: OTHER_ACCOUNT };
    const attempts = (as: CallOptions): Record<string, () => Promise<unknown>> => ({
      "s3:PutObject": () => put(objects, upload, 1, "content", as),
      "s3:AbortMultipartUpload": () =>
        objects.api.AbortMultipartUpload(objects.call(as), { ...upload, UploadId: "never" }),
      "s3:ListMultipartUploadParts": () => objects.api.ListParts(objects.call(as), upload),
      "s3:ListBucketMultipartUploads": () =>
        objects.api.ListMultipartUploads(objects.call(as), { Bucket: BUCKET }),
      "s3:ListBucket": () => objects.api.ListObjectsV2(objects.call(as), { Bucket: BUCKET, Prefix: "a/" }),
      "s3:ListBucketVersions": () => objects.api.ListObjectVersions(objects.call(as), { Bucket: BUCKET }),
    });
    for (const allowed of Object.keys(attempts(stranger))) {
      await objects.api.PutBucketPolicy(objects.call(), {
        Bucket: BUCKET,
        Policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: { AWS: OTHER_ACCOUNT },
              Action: allowed,
              Resource: [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`],
            },
          ],
        }),
      });
      for (const [action, attempt] of Object.entries(attempts(stranger))) {
        const outcome = await attempt().then(
          () => "allowed",
          (error: Error) => error.name,
        );
        expect(
          outcome === "AccessDenied" || outcome === "AccessDeniedException",
          `${action} where ${allowed} is`,
        ).toBe(action !== allowed);
      }
    }
    await expect(
      objects.api.CreateMultipartUpload(objects.call({ account: "anonymous" }), {
        Bucket: BUCKET,
        Key: "key",
      }),
    ).rejects.toThrow();
  });
});
