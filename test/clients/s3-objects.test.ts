/** Objects over a real socket: what the AWS SDK and boto3 make of answers, statuses and headers. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import * as sdk from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import {
  crc32,
  createCRC32,
  createCRC64,
  md5,
  sha1,
  sha256,
  sha512,
  xxhash3,
  xxhash64,
  xxhash128,
} from "hash-wasm";
import { client, describeWithClients } from "../client.ts";
import { runCommand } from "../command.ts";
import { RunningServer } from "../running-server.ts";

const Bucket = "artifacts";
const VERSIONED = "versioned";

describeWithClients("objects", ["python"], () => {
  let server: RunningServer;
  let s3: sdk.S3Client;
  let last: { readonly status: number; readonly headers: Readonly<Record<string, string>> };
  beforeAll(async () => {
    server = await RunningServer.start();
    const network = new NodeHttpHandler();
    const requestHandler = {
      async handle(...request: Parameters<NodeHttpHandler["handle"]>) {
        const result = await network.handle(...request);
        last = { status: result.response.statusCode, headers: result.response.headers };
        return result;
      },
    };
    s3 = new sdk.S3Client({
      ...{ endpoint: server.url, region: "us-east-1", credentials: server.rootKey, maxAttempts: 1 },
      ...{ forcePathStyle: true, requestHandler },
    });
    await s3.send(new sdk.CreateBucketCommand({ Bucket }));
    await s3.send(new sdk.CreateBucketCommand({ Bucket: VERSIONED, ObjectLockEnabledForBucket: true }));
  }, 60_000);
  afterAll(async () => {
    s3?.destroy();
    await server?.stop();
  });

  const put = (Key: string, Body: string | Uint8Array, more: Partial<sdk.PutObjectCommandInput> = {}) =>
    s3.send(new sdk.PutObjectCommand({ Bucket, Key, Body, ...more }));

  async function read(Key: string, more: Partial<sdk.GetObjectCommandInput> = {}): Promise<string> {
    const { Body } = await s3.send(new sdk.GetObjectCommand({ Bucket, Key, ...more }));
    return (await Body?.transformToString()) ?? "";
  }

  /** Status and headers as they came; what the SDK thinks of them does not matter. */
  async function heads(
    command: sdk.GetObjectCommand | sdk.HeadObjectCommand | sdk.DeleteObjectCommand,
  ): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly error: string | undefined;
  }> {
    const error = await s3.send(command as sdk.GetObjectCommand).then(
      async ({ Body }) => {
        await Body?.transformToByteArray();
        return undefined;
      },
      (refusal: Error) => refusal.name,
    );
    return { ...last, error };
  }

  test.each([
    "a/./b",
    "a/../../b",
    "a//b/",
    "/leading",
    "100% + plus & more?=#;:@",
    "größe/日本語/\u{1f600}",
    "line\nbreak\ttab\u0001\u007f",
    "k".repeat(1_024),
    "é".repeat(512),
  ])("a key is taken as it is: %j", async (Key) => {
    await put(Key, `content of ${Key}`);
    expect(await read(Key)).toBe(`content of ${Key}`);
    const CopySource = `${Bucket}/${encodeURIComponent(Key)}`;
    await s3.send(new sdk.CopyObjectCommand({ Bucket, Key: "copy", CopySource }));
    expect(await read("copy")).toBe(`content of ${Key}`);
    await s3.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }));
    expect(await heads(new sdk.HeadObjectCommand({ Bucket, Key }))).toMatchObject({ status: 404 });
  });

  test("a key of 1,025 bytes is too long", async () => {
    await expect(put(`é${"k".repeat(1_024)}`, "")).rejects.toMatchObject({ name: "KeyTooLongError" });
  });

  test.each([
    ["CRC32", crc32],
    ["CRC32C", (bytes) => createCRC32(0x82f63b78).then((hash) => hash.update(bytes).digest("hex"))],
    [
      "CRC64NVME",
      (bytes) => createCRC64("9a6c9329ac4bc9b5").then((hash) => hash.update(bytes).digest("hex")),
    ],
    ["SHA1", sha1],
    ["SHA256", sha256],
    ["SHA512", sha512],
    ["MD5", md5],
    ["XXHASH64", xxhash64],
    ["XXHASH3", xxhash3],
    ["XXHASH128", xxhash128],
  ] as readonly (readonly [sdk.ChecksumAlgorithm, (bytes: Uint8Array) => Promise<string>])[])(
    "%s that a client says is compared with what came, kept and told",
    async (algorithm, hash) => {
      const content = randomBytes(300_000);
      const Key = `summed-${algorithm}`;
      const member = `Checksum${algorithm}` as const;
      const said = Buffer.from(await hash(content), "hex").toString("base64");
      expect((await put(Key, content, { [member]: said }))[member]).toBe(said);
      const { Checksum } = await s3.send(
        new sdk.GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ["Checksum"] }),
      );
      expect(Checksum).toEqual({ [member]: said, ChecksumType: "FULL_OBJECT" });
      const wrong = put("wrong", "other content", { [member]: said });
      await expect(wrong).rejects.toMatchObject({ name: "BadDigest" });
    },
  );

  test.each(["CRC32", "CRC64NVME", "SHA256", "MD5"] as const)(
    "the SDK computes %s itself",
    async (ChecksumAlgorithm) => {
      await put("by the SDK", "content", { ChecksumAlgorithm });
      expect(await read("by the SDK", { ChecksumMode: "ENABLED" })).toBe("content");
    },
  );

  test("statuses and headers of conditional and partial reads are HTTP's", async () => {
    await put("cached", "0123456789", { CacheControl: "max-age=60" });
    const get = (more: object = {}) => heads(new sdk.GetObjectCommand({ Bucket, Key: "cached", ...more }));
    const etag = `"${createHash("md5").update("0123456789").digest("hex")}"`;
    expect(await get()).toMatchObject({ status: 200, headers: { "accept-ranges": "bytes", etag } });
    expect(await get({ IfNoneMatch: etag })).toMatchObject({
      status: 304,
      headers: { etag, "cache-control": "max-age=60" },
    });
    expect(await get({ IfMatch: '"other"' })).toMatchObject({ status: 412, error: "PreconditionFailed" });
    expect(await get({ Range: "bytes=-4" })).toMatchObject({
      status: 206,
      headers: { "content-range": "bytes 6-9/10", "content-length": "4" },
    });
    expect(await get({ Range: "bytes=10-" })).toMatchObject({
      ...{ status: 416, error: "InvalidRange" },
      headers: { "content-range": "bytes */10" },
    });
    expect(
      await heads(new sdk.HeadObjectCommand({ Bucket, Key: "cached", Range: "bytes=0-1" })),
    ).toMatchObject({ status: 206, headers: { "content-length": "2" } });
  });

  test("delete markers say what they are", async () => {
    const Key = "marked";
    const { VersionId } = await put(Key, "content", { Bucket: VERSIONED });
    const deleted = await heads(new sdk.DeleteObjectCommand({ Bucket: VERSIONED, Key }));
    expect(deleted).toMatchObject({ status: 204, headers: { "x-amz-delete-marker": "true" } });
    const marker = deleted.headers["x-amz-version-id"] ?? "";
    expect(await heads(new sdk.GetObjectCommand({ Bucket: VERSIONED, Key }))).toMatchObject({
      ...{ status: 404, error: "NoSuchKey" },
      headers: { "x-amz-delete-marker": "true", "x-amz-version-id": marker },
    });
    const named = await heads(new sdk.GetObjectCommand({ Bucket: VERSIONED, Key, VersionId: marker }));
    expect(named).toMatchObject({ status: 405, headers: { allow: "DELETE" } });
    expect(named.headers["last-modified"]).toBeString();
    expect(await read(Key, { Bucket: VERSIONED, VersionId })).toBe("content");
    const gone = await s3.send(new sdk.DeleteObjectCommand({ Bucket: VERSIONED, Key, VersionId: marker }));
    expect(gone).toMatchObject({ DeleteMarker: true, VersionId: marker });
    expect(await read(Key, { Bucket: VERSIONED })).toBe("content");
  });

  test("of ten clients that create the same object one succeeds", async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, number) => put("lock.json", `client ${number}`, { IfNoneMatch: "*" })),
    );
    const winners = outcomes.flatMap((one, number) => (one.status === "fulfilled" ? [number] : []));
    expect(winners).toHaveLength(1);
    expect(await read("lock.json")).toBe(`client ${winners[0]}`);
    await expect(put("missing", "x", { IfMatch: '"a"' })).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  test("metadata beyond ASCII comes back", async () => {
    await put("described", "content", { Metadata: { note: "größe", plain: "a b" } });
    const { Metadata } = await s3.send(new sdk.HeadObjectCommand({ Bucket, Key: "described" }));
    expect(Metadata).toEqual({ note: "=?UTF-8?B?Z3LDtsOfZQ==?=", plain: "a b" });
  });

  test("a key of the client's own encrypts, and only with it the content is read", async () => {
    await s3.send(
      new sdk.PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
              BlockedEncryptionTypes: { EncryptionType: ["NONE"] },
            },
          ],
        },
      }),
    );
    const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: randomBytes(32).toString("base64") };
    // The SDK encodes a key that is given as text unless it is base64 of 32 bytes, and computes its md5.
    const written = await put("secret", "my own secret", key);
    expect(written.SSECustomerKeyMD5).toBeString();
    expect(await read("secret", key)).toBe("my own secret");
    await expect(read("secret")).rejects.toMatchObject({ name: "InvalidRequest" });
    const other = { ...key, SSECustomerKey: randomBytes(32).toString("base64") };
    await expect(read("secret", other)).rejects.toMatchObject({ name: "AccessDenied" });
  });

  test("what is locked is neither deleted nor shortened", async () => {
    const until = new Date(Date.now() + 86_400_000);
    const lock = { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: until } as const;
    const { VersionId } = await put("kept", "content", { Bucket: VERSIONED, ...lock });
    const of = { Bucket: VERSIONED, Key: "kept", VersionId };
    await expect(s3.send(new sdk.DeleteObjectCommand(of))).rejects.toMatchObject({ name: "AccessDenied" });
    const shorter = { Mode: "COMPLIANCE", RetainUntilDate: new Date(Date.now() + 3_600_000) } as const;
    const shorten = new sdk.PutObjectRetentionCommand({ ...of, Retention: shorter });
    await expect(s3.send(shorten)).rejects.toMatchObject({ name: "AccessDenied" });
    const { Retention } = await s3.send(new sdk.GetObjectRetentionCommand(of));
    expect(Retention?.Mode).toBe("COMPLIANCE");
    await s3.send(new sdk.PutObjectLegalHoldCommand({ ...of, LegalHold: { Status: "ON" } }));
    const head = await s3.send(new sdk.HeadObjectCommand(of));
    expect(head.ObjectLockLegalHoldStatus).toBe("ON");
  });

  test("boto3 does the same", async () => {
    const script = `${import.meta.dirname}/s3-objects.py`;
    const output = await runCommand(client("python"), [script, Bucket, VERSIONED], {
      env: server.awsEnvironment,
    });
    expect(output.trim()).toBe("all the same");
  });
});
