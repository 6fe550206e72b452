/**
 * A disk that fails in the middle: ENOSPC and EIO at each write, fdatasync and fsync of an upload. The client is told,
 * nothing is acknowledged and nothing half-written stays, and the same request succeeds as soon as the disk does.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-s3";
import { projectRoot, RunningServer } from "../running-server.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(60_000);

const Bucket = "artifacts";
const MIB = 1_048_576;

let place: TemporaryFolder;
let order: string;
let server: RunningServer;
let s3: sdk.S3Client;
let orders = 0;

beforeAll(async () => {
  place = temporaryFolder("failing-disk");
  order = join(place.path, "order");
  writeFileSync(order, "");
  server = await RunningServer.start({
    env: { FAILING_FILES: order },
    command: [
      ...[process.execPath, "--preload", join(import.meta.dirname, "failing-files.ts")],
      join(projectRoot, "src", "main.ts"),
    ],
  });
  s3 = new sdk.S3Client({
    ...{ endpoint: server.url, region: "us-east-1", maxAttempts: 1, credentials: server.rootKey },
    forcePathStyle: true,
  });
  await s3.send(new sdk.CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  s3.destroy();
  await server.stop();
  place.remove();
});

/** Of an upload of so many bytes: enough for several writes, and for a sync on the way. */
const FAULTS = [
  { call: "write", size: 700_000 },
  { call: "fdatasync", size: 34 * MIB },
  { call: "fsync", size: 300_000 },
] as const;
const CODES = [
  { code: "ENOSPC", name: "InsufficientStorage", status: 507 },
  { code: "EIO", name: "InternalError", status: 500 },
] as const;

for (const { call, size } of FAULTS)
  for (const { code, name, status } of CODES) {
    const refused = { name, $metadata: { httpStatusCode: status } };

    test(`${code} at each ${call} of a put`, async () => {
      const Key = `put/${call}/${code}`;
      await put(Key, Buffer.from("old"));
      let failed = 0;
      for (;;) {
        const Body = randomBytes(size);
        const [failure, obeyed] = await during(`${call} /blobs/ ${code} ${failed}`, () => put(Key, Body));
        if (!obeyed) {
          expect(failure).toBeUndefined();
          break;
        }
        expect(failure, `${call} ${failed}`).toMatchObject(refused);
        expect((await get(Key))?.toString()).toBe("old");
        expect(await listedSize(Key)).toBe(3);
        await put(Key, Body);
        expect(Body.equals((await get(Key)) ?? Buffer.alloc(0))).toBe(true);
        await put(Key, Buffer.from("old"));
        failed += 1;
      }
      expect(failed).toBeGreaterThan(call === "write" ? 2 : 0);
      await nothingStays();
    });

    test(`${code} at each ${call} of a part`, async () => {
      const where = { Bucket, Key: `part/${call}/${code}` };
      const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand(where));
      const Body = randomBytes(size);
      const upload = () => s3.send(new sdk.UploadPartCommand({ ...where, UploadId, PartNumber: 1, Body }));
      let failed = 0;
      for (; ; failed++) {
        const [failure, obeyed] = await during(`${call} /blobs/ ${code} ${failed}`, upload);
        if (!obeyed) {
          expect(failure).toBeUndefined();
          break;
        }
        expect(failure, `${call} ${failed}`).toMatchObject(refused);
        const { Parts = [] } = await s3.send(new sdk.ListPartsCommand({ ...where, UploadId }));
        expect(Parts).toEqual([]);
      }
      expect(failed).toBeGreaterThan(call === "write" ? 2 : 0);
      const { ETag } = await upload();
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      await s3.send(new sdk.CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload }));
      expect(Body.equals((await get(where.Key)) ?? Buffer.alloc(0))).toBe(true);
      await nothingStays();
    });
  }

test("EIO at each read of a download: the client sees that it broke off, and the next one is whole", async () => {
  const Body = randomBytes(2 * MIB);
  await put("read", Body);
  let failed = 0;
  for (; ; failed++) {
    const [failure, obeyed] = await during(`read /blobs/ EIO ${failed}`, () => get("read"));
    if (!obeyed) break;
    expect(failure, `read ${failed}`).toBeInstanceOf(Error);
    expect(Body.equals((await get("read")) ?? Buffer.alloc(0))).toBe(true);
  }
  expect(failed).toBeGreaterThan(1);
});

test("EIO at the sync of the database's log: nothing more is acknowledged before a restart, and what was stays", async () => {
  await put("acknowledged", Buffer.from("acknowledged"));
  const later = () => put("later", Buffer.from("later"));
  const [failure, obeyed] = await during("fdatasync metadata.db-wal EIO 0", later);
  expect(obeyed).toBe(true);
  const away = { name: "ServiceUnavailable", $metadata: { httpStatusCode: 503 } };
  expect(failure).toMatchObject(away);
  // A sync that succeeds after one that failed proves nothing.
  await expect(put("later", randomBytes(MIB))).rejects.toMatchObject(away);
  await expect(s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: "acknowledged" }))).rejects.toMatchObject(
    away,
  );
  expect((await get("acknowledged"))?.toString()).toBe("acknowledged");
  expect(await get("later")).toBeUndefined();
  await server.kill("SIGKILL");
  await server.restart();
  expect((await get("acknowledged"))?.toString()).toBe("acknowledged");
  expect(["later", undefined]).toContain((await get("later"))?.toString());
  await put("later", Buffer.from("at last"));
  expect((await get("later"))?.toString()).toBe("at last");
});

/** What `work` failed with under an order, and whether the order was obeyed. */
async function during(what: string, work: () => Promise<unknown>): Promise<[unknown, boolean]> {
  const text = `${orders++} ${what}`;
  writeFileSync(order, text);
  const failure = await work().then(
    () => undefined,
    (error: unknown) => error,
  );
  writeFileSync(order, "");
  return [failure, existsSync(`${order}.obeyed`) && readFileSync(`${order}.obeyed`, "utf8") === text];
}

async function put(Key: string, Body: Buffer): Promise<void> {
  await s3.send(new sdk.PutObjectCommand({ Bucket, Key, Body }));
}

async function get(Key: string): Promise<Buffer | undefined> {
  try {
    const { Body } = await s3.send(new sdk.GetObjectCommand({ Bucket, Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  } catch (error) {
    if (error instanceof sdk.NoSuchKey) return undefined;
    throw error;
  }
}

async function listedSize(Prefix: string): Promise<number | undefined> {
  const { Contents = [] } = await s3.send(new sdk.ListObjectsV2Command({ Bucket, Prefix }));
  return Contents.find(({ Key }) => Key === Prefix)?.Size;
}

/** Nothing but whole blobs: no upload is open, and every file has its row. Bytes are removed right after the answer. */
async function nothingStays(): Promise<void> {
  let seen = "";
  for (let patience = 0; patience < 100; patience++) {
    const uploads = await measure("uploads");
    const blobs = await measure("blobs");
    const files = filesIn(join(server.data, "blobs")).filter((file) => statSync(file).size > 0);
    seen = `${uploads} uploads, ${files.length} files, ${blobs} blobs`;
    if (uploads === 0 && files.length <= blobs) return;
    await sleep(50);
  }
  throw new Error(seen);
}

async function measure(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/-/metrics`)).text();
  return Number(text.match(new RegExp(`^shosoin_storage\\{measure="${name}"\\} (\\d+)`, "m"))?.[1]);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
