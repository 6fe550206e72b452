import { expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import type {
  CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommandInput,
} from "@aws-sdk/client-s3";
import { crc32, crc64 } from "hash-wasm";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import {
  BUCKET,
  bodyOf,
  type CallOptions,
  OTHER_ACCOUNT,
  type TestObjects,
  testObjects,
} from "../objects/testing/test-objects.ts";
import { completeMultipartUpload } from "./complete-upload.ts";
import { uploadPartCopy } from "./upload-part-copy.ts";

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

  test("of completions and aborts at one time one wins, and no part is lost or left behind", async () => {
    await using objects = await begin();
    await versioned(objects);
    for (let round = 0; round < 6; round++) {
      const upload = await create(objects, { Key: `key-${round}` });
      const content = `content of round ${round}`;
      const { ETag } = await put(objects, upload, 1, content);
      const parts = { MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
      const outcomes = await Promise.allSettled([
        complete(objects, upload, [], parts),
        complete(objects, upload, [], parts),
        objects.api.AbortMultipartUpload(objects.call(), upload),
        put(objects, upload, 1, content),
        put(objects, upload, 2, "late"),
      ]);
      for (const outcome of outcomes)
        if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ name: "NoSuchUpload" });
      const [one, two, aborted] = outcomes;
      const versions = await objects.metadata.reader
        .selectFrom("s3_versions")
        .select("id")
        .where("key", "=", `key-${round}`)
        .execute();
      expect(versions).toHaveLength(aborted?.status === "fulfilled" ? 0 : 1);
      expect(one?.status).toBe(two?.status ?? "");
      expect(one?.status).not.toBe(aborted?.status ?? "");
      if (versions.length === 1) expect((await objects.get(`key-${round}`)).text).toBe(content);
      expect(await leftovers(objects)).toEqual([]);
    }
  });

  test("a part that is replaced while the upload is completed is either old or new in the object, never missing", async () => {
    await using objects = await begin();
    for (let round = 0; round < 6; round++) {
      const upload = await create(objects);
      const { ETag } = await put(objects, upload, 1, `old ${round}`);
      const [done, replaced] = await Promise.allSettled([
        complete(objects, upload, [], { MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }),
        put(objects, upload, 1, `new ${round}`),
      ]);
      if (done.status === "rejected") {
        expect(done.reason).toMatchObject({ name: "InvalidPart" });
        expect(replaced.status).toBe("fulfilled");
        await complete(objects, upload, [1]);
        expect((await objects.get("key")).text).toBe(`new ${round}`);
      } else expect((await objects.get("key")).text).toBe(`old ${round}`);
      expect(await leftovers(objects)).toEqual([]);
    }
  });

  test("a part that is replaced between the reading and the writing of a completion is noticed", async () => {
    await using objects = await begin();
    const upload = await create(objects);
    const { ETag } = await put(objects, upload, 1, "old");
    let replaced = false;
    const metadata = {
      ...objects.metadata,
      async write<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
        if (!replaced) {
          replaced = true;
          await put(objects, upload, 1, "new");
        }
        return objects.metadata.write(work);
      },
    };
    const completing = completeMultipartUpload({ ...objects.s3, metadata }, objects.call(), {
      ...upload,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    });
    await expect(completing).rejects.toMatchObject({ name: "InvalidPart" });
    expect(replaced).toBe(true);
    await complete(objects, upload, [1]);
    expect((await objects.get("key")).text).toBe("new");
  });

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

interface Named {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

async function create(
  objects: TestObjects,
  input: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<Named> {
  const { Key = "key" } = input;
  const { UploadId = "" } = await objects.api.CreateMultipartUpload(objects.call(), {
    Bucket: BUCKET,
    ...input,
    Key,
  });
  return { Bucket: BUCKET, Key, UploadId };
}

function put(
  objects: TestObjects,
  upload: Named,
  PartNumber: number,
  content: string | Uint8Array,
  as: CallOptions = {},
) {
  return objects.api.UploadPart(objects.call({ body: bodyOf(content), ...as }), { ...upload, PartNumber });
}

function putChecked(
  objects: TestObjects,
  upload: Named,
  PartNumber: number,
  content: string,
  algorithm: "SHA256" | "CRC32" | "CRC32C",
  checksum: string,
) {
  const body = bodyOf(content, { algorithm, checksum });
  return objects.api.UploadPart(objects.call({ body }), { ...upload, PartNumber });
}

/** With the parts as they lie there. */
async function complete(
  objects: TestObjects,
  upload: Named,
  numbers: readonly number[],
  input: Partial<CompleteMultipartUploadCommandInput> = {},
) {
  const rows = await objects.metadata.reader
    .selectFrom("s3_upload_parts")
    .selectAll()
    .where("upload_id", "=", upload.UploadId)
    .execute();
  remembered.set(upload.UploadId, rows.length > 0 ? rows : (remembered.get(upload.UploadId) ?? []));
  const Parts = numbers.map((PartNumber) => ({
    PartNumber,
    ETag: `"${remembered.get(upload.UploadId)?.find(({ part_number }) => part_number === PartNumber)?.etag}"`,
  }));
  return objects.api.CompleteMultipartUpload(objects.call(), {
    ...upload,
    MultipartUpload: { Parts },
    ...input,
  });
}

const remembered = new Map<string, readonly { readonly part_number: number; readonly etag: string }[]>();

/** Rows that nobody could reach any more: references to blobs and parts whose owner is gone. */
async function leftovers({ metadata }: TestObjects): Promise<string[]> {
  const references = await metadata.reader.selectFrom("blob_references").select("referrer").execute();
  const versions = await metadata.reader.selectFrom("s3_versions").select("id").execute();
  const parts = await metadata.reader
    .selectFrom("s3_upload_parts")
    .select(["upload_id", "part_number"])
    .execute();
  const uploads = await metadata.reader.selectFrom("s3_uploads").select("id").execute();
  const known = new Set([
    ...versions.map(({ id }) => `s3/${id}`),
    ...parts.map(({ upload_id: id, part_number: number }) => `s3-upload/${id}/${number}`),
  ]);
  return [
    ...references.map(({ referrer }) => referrer).filter((referrer) => !known.has(referrer)),
    ...parts
      .filter((part) => !uploads.some(({ id }) => id === part.upload_id))
      .map(({ upload_id: id }) => id),
  ];
}

async function versioned(objects: TestObjects): Promise<void> {
  await objects.api.PutBucketVersioning(objects.call(), {
    Bucket: BUCKET,
    VersioningConfiguration: { Status: "Enabled" },
  });
}

async function list(objects: TestObjects, input: object): Promise<string> {
  const answer: unknown = await objects.api.ListMultipartUploads(objects.call(), {
    Bucket: BUCKET,
    EncodingType: "url",
    ...input,
  });
  return (answer as { readonly xml: string }).xml;
}

async function listParts(objects: TestObjects, upload: Named, input: object): Promise<string> {
  const answer: unknown = await objects.api.ListParts(objects.call(), { ...upload, ...input });
  return (answer as { readonly xml: string }).xml;
}

function all(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, value = ""]) => value);
}

function text(xml: string, name: string): string | undefined {
  return all(xml, name)[0];
}

function customerKey(seed: number) {
  const key = Buffer.alloc(32, seed);
  return {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: key.toString("base64"),
    SSECustomerKeyMD5: createHash("md5").update(key).digest("base64"),
  };
}

function etagOf(parts: readonly Uint8Array[]): string {
  const md5s = parts.map((part) => createHash("md5").update(part).digest());
  return `${createHash("md5").update(Buffer.concat(md5s)).digest("hex")}-${parts.length}`;
}

function md5(content: string): string {
  return createHash("md5").update(content).digest("hex");
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("base64");
}

function base64(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}
