import { expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { sql } from "kysely";
import pino from "pino";
import { BlobTestKeys } from "../../../test/blob-test-keys.ts";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { openMetadata } from "../metadata/open.ts";
import { digestOf } from "./digest.ts";
import { createBlobs } from "./engine.ts";
import { migrations } from "./migrations.ts";
import { openBlobStore } from "./open-store.ts";

test("blobs and uploads from before there was encryption are read, continued and found again", async () => {
  const place = temporaryFolder("old-blobs");
  const bytes = randomBytes(50_000);
  const sha256 = digestOf("sha256", createHash("sha256").update(bytes).digest("hex"));
  const id = "3f0e2c5a-9d4e-4b0f-8a53-0c1d9a8e7b11";
  const upload = "3f0e2c5a-9d4e-4b0f-8a53-0c1d9a8e7b12";
  mkdirSync(join(place.path, "blobs/3f"), { recursive: true });
  writeFileSync(join(place.path, "blobs/3f", id), bytes);
  writeFileSync(join(place.path, "blobs/3f", upload), bytes);
  const database = join(place.path, "metadata.db");
  const { "0040-blobs": first } = migrations;
  const old = await openMetadata(database, first ? { "0040-blobs": first } : {});
  await old.write(async (tx) => {
    await sql`insert into blobs values (${id}, 'none', ${sha256}, ${bytes.length}, 'hot', ${`3f/${id}`}, 1)`.execute(
      tx,
    );
    await sql`insert into blob_references values (${id}, 'image')`.execute(tx);
    await sql`insert into blob_uploads values (${upload}, 'ecr/1', ${bytes.length}, '', '', '', 0, 1)`.execute(
      tx,
    );
  });
  await old.close();

  const metadata = await openMetadata(database, migrations);
  const store = await openBlobStore(place.path, { minimumFreeBytes: 0 });
  const clock = { now: () => new Date(1), dayMilliseconds: 86_400_000 };
  const keys = new BlobTestKeys();
  const blobs = createBlobs({
    ...{ metadata, store, keys, clock, log: pino({ level: "silent" }) },
    defaultScope: "server",
    scrubBytesPerSecond: Number.MAX_SAFE_INTEGER,
  });
  expect(await readAll(await blobs.open(id))).toEqual(bytes);
  const range = { start: 40_000, end: 40_001 };
  expect(await readAll(await blobs.open(id, range))).toEqual(bytes.subarray(40_000, 40_002));
  expect(await blobs.scrub(new AbortController().signal)).toMatchObject({ intact: 1 });

  // What was begun without a key goes on without one, and is the blob that is there.
  const more = randomBytes(10);
  expect(await blobs.append(upload, "ecr/1", Readable.from([more]))).toBe(bytes.length + 10);
  const whole = createHash("sha256").update(bytes).update(more).digest("hex");
  const finished = await blobs.finishUpload(
    upload,
    "ecr/1",
    digestOf("sha256", whole),
    async (_, blob) => blob,
  );
  expect(finished).toMatchObject({ id: upload, scope: "none", size: bytes.length + 10 });
  const same = { encryption: { scope: "none" } } as const;
  const again = await blobs.upload(Readable.from([bytes]), sha256, same, async (_, blob) => blob);
  expect(again.id).toBe(id);
  await store.close();
  await metadata.close();
  place.remove();
});

async function readAll(bytes: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
