/** Multipart uploads by those who make them: `aws s3api` step by step, the JavaScript SDK's Upload, and a large one's memory. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { crc32 as crc32Of } from "node:zlib";
import * as sdk from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { crc64 } from "hash-wasm";
import { describeWithClients } from "../client.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";
import { type BucketServer, MEBIBYTE, sha256, startBucketServer } from "./bucket-server.ts";

const Bucket = "artifacts";

describeWithClients("multipart uploads", ["aws"], () => {
  let buckets: BucketServer;
  let s3: sdk.S3Client;
  let folder: TemporaryFolder;
  const parts = [randomBytes(8 * MEBIBYTE), randomBytes(8 * MEBIBYTE), randomBytes(MEBIBYTE + 1)];
  const whole = Buffer.concat(parts);
  const local = (name: string) => join(folder.path, name);

  beforeAll(async () => {
    folder = temporaryFolder("s3-multipart");
    for (const [index, part] of parts.entries()) writeFileSync(local(`part-${index + 1}`), part);
    writeFileSync(local("whole"), whole);
    buckets = await startBucketServer("http");
    s3 = new sdk.S3Client({
      endpoint: buckets.server.url,
      region: "us-east-1",
      credentials: buckets.server.rootKey,
      forcePathStyle: true,
    });
    await s3.send(new sdk.CreateBucketCommand({ Bucket }));
  }, 60_000);
  afterAll(async () => {
    s3?.destroy();
    await buckets?.server.stop();
    folder?.remove();
  });

  function crc32(bytes: Uint8Array): string {
    const value = Buffer.alloc(4);
    value.writeUInt32BE(crc32Of(bytes));
    return value.toString("base64");
  }

  async function crc64nvme(bytes: Uint8Array): Promise<string> {
    return Buffer.from(await crc64(bytes, "9a6c9329ac4bc9b5"), "hex").toString("base64");
  }

  /** `aws s3api create-multipart-upload` and `upload-part`; the words that name the upload, and its parts for complete. */
  async function uploadParts(key: string, ...options: string[]) {
    const where = ["--bucket", Bucket, "--key", key];
    const { UploadId } = await buckets.s3api(["create-multipart-upload", ...where, ...options]);
    const upload = [...where, "--upload-id", String(UploadId)];
    const Parts: Record<string, unknown>[] = [];
    const algorithm = options[options.indexOf("--checksum-algorithm") + 1];
    for (const index of parts.keys()) {
      const PartNumber = index + 1;
      const { ETag, ServerSideEncryption, ...checksums } = await buckets.s3api([
        ...[
          "upload-part",
          ...upload,
          "--part-number",
          String(PartNumber),
          "--body",
          local(`part-${PartNumber}`),
        ],
        ...(await checksumOptions(algorithm, parts[index] ?? Buffer.alloc(0))),
      ]);
      expect(ServerSideEncryption).toBe("AES256");
      Parts.push({ PartNumber, ETag, ...checksums });
    }
    return { upload, Parts };
  }

  async function checksumOptions(algorithm: string | undefined, part: Uint8Array): Promise<string[]> {
    if (algorithm === undefined) return [];
    // The command line cannot compute this one without native code of its own.
    if (algorithm === "CRC64NVME") return ["--checksum-crc64-nvme", await crc64nvme(part)];
    return ["--checksum-algorithm", algorithm];
  }

  async function read(key: string): Promise<string> {
    await buckets.s3(["cp", `s3://${Bucket}/${key}`, local("back"), "--quiet"]);
    return sha256(readFileSync(local("back")));
  }

  test("aws s3api makes an object of parts whose checksum is composite", async () => {
    const { upload, Parts } = await uploadParts("composite", "--checksum-algorithm", "CRC32");
    const listed = await buckets.s3api(["list-parts", ...upload]);
    expect(listed).toMatchObject({ ChecksumAlgorithm: "CRC32", ChecksumType: "COMPOSITE" });
    expect(listed["Parts"]).toMatchObject(parts.map(({ length: Size }, at) => ({ Size, ...Parts[at] })));
    const document = JSON.stringify({ Parts });
    const done = await buckets.s3api([
      "complete-multipart-upload",
      ...upload,
      "--multipart-upload",
      document,
    ]);
    const composite = Buffer.concat(parts.map((part) => Buffer.from(crc32(part), "base64")));
    expect(done).toMatchObject({ ChecksumCRC32: `${crc32(composite)}-3`, ChecksumType: "COMPOSITE" });
    expect(await read("composite")).toBe(sha256(whole));
    // The first answer was lost, says a client, and asks again.
    expect(
      await buckets.s3api(["complete-multipart-upload", ...upload, "--multipart-upload", document]),
    ).toEqual(done);
  }, 120_000);

  test("aws s3api makes an object of parts whose checksum is that of the whole", async () => {
    for (const [algorithm, value] of [
      ["CRC32", crc32(whole)],
      ["CRC64NVME", await crc64nvme(whole)],
    ] as const) {
      const key = `full-${algorithm}`;
      const { upload, Parts } = await uploadParts(
        key,
        ...["--checksum-algorithm", algorithm, "--checksum-type", "FULL_OBJECT"],
      );
      const complete = [
        "complete-multipart-upload",
        ...upload,
        "--multipart-upload",
        JSON.stringify({ Parts }),
      ];
      const name = algorithm === "CRC32" ? "--checksum-crc32" : "--checksum-crc64-nvme";
      const wrong = await buckets.server.tryAws([
        "s3api",
        ...complete,
        name,
        algorithm === "CRC32" ? "AAAAAA==" : "AAAAAAAAAAA=",
      ]);
      expect(wrong.stderr).toContain("BadDigest");
      const size = ["--mpu-object-size", String(whole.length)];
      const done = await buckets.s3api([...complete, name, value, ...size]);
      expect(done).toMatchObject({ [`Checksum${algorithm}`]: value, ChecksumType: "FULL_OBJECT" });
      expect(await read(key)).toBe(sha256(whole));
    }
  }, 120_000);

  test("aws s3api makes an object of parts of another, and gives an upload up", async () => {
    await buckets.s3(["cp", local("whole"), `s3://${Bucket}/source`, "--quiet"]);
    const where = ["--bucket", Bucket, "--key", "assembled"];
    const { UploadId } = await buckets.s3api(["create-multipart-upload", ...where]);
    const upload = [...where, "--upload-id", String(UploadId)];
    const ranges = [`bytes=0-${8 * MEBIBYTE - 1}`, `bytes=${8 * MEBIBYTE}-${whole.length - 1}`];
    const Parts: unknown[] = [];
    for (const [at, range] of ranges.entries()) {
      const { CopyPartResult } = await buckets.s3api([
        ...["upload-part-copy", ...upload, "--part-number", String(at + 1)],
        ...["--copy-source", `${Bucket}/source`, "--copy-source-range", range],
      ]);
      Parts.push({ PartNumber: at + 1, ETag: (CopyPartResult as { readonly ETag: string }).ETag });
    }
    await buckets.s3api([
      "complete-multipart-upload",
      ...upload,
      "--multipart-upload",
      JSON.stringify({ Parts }),
    ]);
    expect(await read("assembled")).toBe(sha256(whole));

    const other = await uploadParts("given up");
    const uploads = await buckets.s3api(["list-multipart-uploads", "--bucket", Bucket]);
    expect(uploads["Uploads"]).toEqual([
      expect.objectContaining({ Key: "given up", StorageClass: "STANDARD" }),
    ]);
    await buckets.s3api(["abort-multipart-upload", ...other.upload]);
    expect(await buckets.s3api(["list-multipart-uploads", "--bucket", Bucket])).not.toHaveProperty("Uploads");
  }, 120_000);

  test("the JavaScript SDK's Upload sends a stream of unknown length, in parts at one time", async () => {
    for (const ChecksumAlgorithm of [undefined, "SHA256", "CRC64NVME"] as const) {
      const stream = new PassThrough();
      Readable.from(parts).pipe(stream);
      const upload = new Upload({
        client: s3,
        params: { Bucket, Key: "streamed", Body: stream, ChecksumAlgorithm, ContentType: "text/x-log" },
        queueSize: 3,
        partSize: 5 * MEBIBYTE,
      });
      const done = await upload.done();
      expect(done.ETag).toEndWith('-4"');
      expect(await read("streamed")).toBe(sha256(whole));
    }
  }, 120_000);

  const status = () => `/proc/${buckets.server.pid}/status`;
  const mebibytes = (name: string) =>
    Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(status(), "utf8"))?.[1]) / 1024;

  test("2 GiB in parts, four of them at one time, leave the server below 200 MB", async () => {
    const Key = "2-gibibytes";
    const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key }));
    const bytes = randomBytes(16 * MEBIBYTE);
    const Parts: sdk.CompletedPart[] = [];
    let next = 1;
    const send = async () => {
      for (let PartNumber = next++; PartNumber <= 128; PartNumber = next++) {
        // No two parts are alike, or one blob would do for all.
        const Body = Buffer.concat([Buffer.from(`part ${PartNumber}`.padEnd(16)), bytes.subarray(16)]);
        const { ETag } = await s3.send(
          new sdk.UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }),
        );
        Parts[PartNumber - 1] = { PartNumber, ETag };
      }
    };
    await Promise.all([send(), send(), send(), send()]);
    await s3.send(
      new sdk.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
    );
    const head = await s3.send(new sdk.HeadObjectCommand({ Bucket, Key }));
    expect(head.ContentLength).toBe(2 * 1024 * MEBIBYTE);
    if (existsSync(status())) expect(mebibytes("VmHWM")).toBeLessThan(200);
  }, 300_000);
});
