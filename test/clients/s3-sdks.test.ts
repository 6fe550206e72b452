/** The AWS SDK for JavaScript and boto3, both at their default integrity settings, over HTTP and over HTTPS. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { join } from "node:path";
import { Readable } from "node:stream";
import * as sdk from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { client, describeWithClients } from "../client.ts";
import { runCommand } from "../command.ts";
import { type BucketServer, MEBIBYTE, SCHEMES, sha256, startBucketServer } from "./bucket-server.ts";

const Bucket = "artifacts";

for (const scheme of SCHEMES) {
  describeWithClients(`SDKs on buckets over ${scheme}`, ["python"], () => {
    let buckets: BucketServer;
    let s3: sdk.S3Client;
    beforeAll(async () => {
      buckets = await startBucketServer(scheme);
      const { server, authority } = buckets;
      const trust = authority && { httpsAgent: new Agent({ ca: readFileSync(authority) }) };
      s3 = new sdk.S3Client({
        ...{ endpoint: server.url, region: "us-east-1", credentials: server.rootKey, maxAttempts: 1 },
        ...(trust && { requestHandler: new NodeHttpHandler(trust) }),
        forcePathStyle: true,
      });
      await s3.send(new sdk.CreateBucketCommand({ Bucket }));
    }, 60_000);
    afterAll(async () => {
      s3?.destroy();
      await buckets?.server.stop();
    });

    async function read(Key: string, more: Partial<sdk.GetObjectCommandInput> = {}): Promise<Buffer> {
      const { Body } = await s3.send(new sdk.GetObjectCommand({ Bucket, Key, ...more }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    }

    test("the JavaScript SDK puts bytes, and reads them with their checksum compared", async () => {
      const content = randomBytes(200_000);
      const put = await s3.send(new sdk.PutObjectCommand({ Bucket, Key: "bytes", Body: content }));
      expect(put.ChecksumCRC32).toBeString();
      expect(await read("bytes")).toEqual(content);
    });

    test("the JavaScript SDK puts a stream, whose checksum comes behind it", async () => {
      const chunks = Array.from({ length: 40 }, () => randomBytes(33_333));
      const content = Buffer.concat(chunks);
      await s3.send(
        new sdk.PutObjectCommand({
          ...{ Bucket, Key: "stream", Body: Readable.from(chunks), ContentLength: content.length },
          ContentType: "application/java-archive",
        }),
      );
      expect(sha256(await read("stream"))).toBe(sha256(content));
      const head = await s3.send(new sdk.HeadObjectCommand({ Bucket, Key: "stream" }));
      expect(head.ContentType).toBe("application/java-archive");
      expect(head.ContentEncoding).toBeUndefined();
    });

    test.each(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const)(
      "the JavaScript SDK and the server agree on %s",
      async (algorithm) => {
        const content = randomBytes(100_000);
        const Key = `by-${algorithm}`;
        const put = await s3.send(
          new sdk.PutObjectCommand({ Bucket, Key, Body: content, ChecksumAlgorithm: algorithm }),
        );
        const head = await s3.send(new sdk.HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
        expect(put[`Checksum${algorithm}`]).toBeString();
        expect(head[`Checksum${algorithm}`]).toBe(put[`Checksum${algorithm}`] ?? "");
        expect(head.ChecksumType).toBe("FULL_OBJECT");
        expect(await read(Key)).toEqual(content);
      },
    );

    test.each([undefined, "CRC32", "SHA256"] as const)(
      "the JavaScript SDK uploads in parts (checksums: %s) and reads a part, a range and the whole",
      async (ChecksumAlgorithm) => {
        const parts = [randomBytes(5 * MEBIBYTE), randomBytes(5 * MEBIBYTE), randomBytes(77)];
        const upload = { Bucket, Key: "parts" };
        const { UploadId } = await s3.send(
          new sdk.CreateMultipartUploadCommand({ ...upload, ChecksumAlgorithm }),
        );
        const Parts = await Promise.all(
          parts.map(async (Body, index) => {
            const part = { ...upload, UploadId, PartNumber: index + 1, ChecksumAlgorithm };
            const { ETag, ChecksumCRC32, ChecksumSHA256 } = await s3.send(
              new sdk.UploadPartCommand({ ...part, Body }),
            );
            // Without an algorithm of its own the upload has no use for the checksums that the SDK sends all the same.
            const checksums = ChecksumAlgorithm && { ChecksumCRC32, ChecksumSHA256 };
            return { PartNumber: part.PartNumber, ETag, ...checksums };
          }),
        );
        const completed = await s3.send(
          new sdk.CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts } }),
        );
        expect(completed.ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
        const whole = Buffer.concat(parts);
        expect(sha256(await read("parts"))).toBe(sha256(whole));
        expect(sha256(await read("parts", { PartNumber: 2 }))).toBe(sha256(parts[1] ?? whole));
        const Range = `bytes=${5 * MEBIBYTE - 10}-${5 * MEBIBYTE + 9}`;
        expect(await read("parts", { Range })).toEqual(whole.subarray(5 * MEBIBYTE - 10, 5 * MEBIBYTE + 10));
      },
      60_000,
    );

    test("the JavaScript SDK deletes many keys with one request", async () => {
      const Objects = Array.from({ length: 30 }, (_, index) => ({ Key: `many/${index}` }));
      await Promise.all(
        Objects.map(({ Key }) => s3.send(new sdk.PutObjectCommand({ Bucket, Key, Body: "x" }))),
      );
      const { Deleted } = await s3.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
      expect(Deleted).toHaveLength(30);
      const list = await s3.send(new sdk.ListObjectsV2Command({ Bucket, Prefix: "many/" }));
      expect(list.KeyCount).toBe(0);
    });

    test("boto3 writes, reads, pages, versions, presigns and deletes", async () => {
      const said = await runCommand(
        client("python"),
        [join(import.meta.dirname, "s3-boto.py"), "written-by-boto"],
        { env: buckets.environment },
      );
      expect(said).toBe("all the same");
    }, 120_000);
  });
}
