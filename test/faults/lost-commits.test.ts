import { afterAll, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import pino from "pino";
import type { BlobStore } from "../../src/storage/blobs/blob-store.ts";
import { type Digest, digestOf } from "../../src/storage/blobs/digest.ts";
import { type BlobEngine, createBlobs } from "../../src/storage/blobs/engine.ts";
import { OffsetMismatch } from "../../src/storage/blobs/errors.ts";
import { migrations } from "../../src/storage/blobs/migrations.ts";
import { MetadataUnavailable } from "../../src/storage/metadata/errors.ts";
import type { Metadata } from "../../src/storage/metadata/metadata.ts";
import { describeOnEachStore } from "../contract/blob-stores.ts";
import { temporaryMetadata } from "../temporary-metadata.ts";

/**
 * What a cluster can lose: the answer to a commit (the connection breaks right after it), and the claim on an upload
 * (a server that was frozen for longer than the lease). Whatever then cleans up after itself must not touch the bytes
 * of what another has made a blob meanwhile.
 */
const OWNER = "ecr/repository-1";
const DAY = 86_400_000;
const CLAIM = 60_000;
const WHOLE = randomBytes(200_000);
const DIGEST = digestOfBytes(WHOLE);

describeOnEachStore("an answer or a claim that gets lost", (stores) => {
  const opened: BlobStore[] = [];
  afterAll(async () => {
    for (const store of opened) await store.close();
  });

  async function open(): Promise<BlobStore> {
    const store = await stores.open(stores.fresh(), { minimumFreeBytes: 0 });
    opened.push(store);
    return store;
  }

  for (const way of ["in one request", "in steps"] as const) {
    test(`a push ${way} whose commit is done but not answered is there whole`, async () => {
      for (let lost = 0; lost < 8; lost++) {
        await using metadata = await temporaryMetadata(migrations);
        const store = await open();
        const push = way === "in steps" ? pushInSteps : pushInOneRequest;
        await push(engine(losingAnswer(metadata, lost), store)).catch((error: unknown) =>
          expect(error).toBeInstanceOf(MetadataUnavailable),
        );
        const blobs = engine(metadata, store);
        const rows = await metadata.reader.selectFrom("blobs").select("id").execute();
        for (const { id } of rows) {
          expect(await readAll(await blobs.open(id)), `answer ${lost}`).toEqual(WHOLE);
        }
        // And whatever became of it, the same push again succeeds.
        const again = await push(blobs);
        expect(await readAll(await blobs.open(again)), `again after answer ${lost}`).toEqual(WHOLE);
      }
    });
  }

  // Only a store of a cluster has uploads that move to another server.
  if (stores.kind === "disk") return;

  test("a server that wakes up after another has finished its upload leaves the blob alone", async () => {
    await using metadata = await temporaryMetadata(migrations);
    const store = await open();
    const frozen = engine(metadata, store);
    const id = await frozen.beginUpload(OWNER);
    const body = new Readable({ read() {} });
    body.push(WHOLE.subarray(0, 100_000));
    const appending = frozen.append(id, OWNER, body);
    appending.catch(() => undefined);
    await sleep(50);

    const other = engine(metadata, store, 2 * CLAIM);
    await other.append(id, OWNER, Readable.from([WHOLE]), { offset: 0 });
    const blobId = await finish(other, id);

    body.push(WHOLE.subarray(0, 50_000));
    body.push(null);
    await expect(appending).rejects.toThrow();
    await sleep(100);
    expect(await readAll(await other.open(blobId))).toEqual(WHOLE);
  });

  test("a server that wakes up while finishing an upload that another went on with makes no blob of it", async () => {
    await using metadata = await temporaryMetadata(migrations);
    const store = await open();
    const part = WHOLE.subarray(0, 100_000);
    const thawed = Promise.withResolvers<void>();
    const sealing = Promise.withResolvers<void>();
    const frozen = engine(metadata, {
      ...bound(store),
      async seal(upload) {
        const sealed = await store.seal(upload);
        sealing.resolve();
        await thawed.promise;
        return sealed;
      },
    });
    const id = await frozen.beginUpload(OWNER);
    await frozen.append(id, OWNER, Readable.from([part]));
    const finishing = finish(frozen, id, digestOfBytes(part));
    finishing.catch(() => undefined);
    await sealing.promise;

    const other = engine(metadata, store, 2 * CLAIM);
    await other.append(id, OWNER, Readable.from([WHOLE.subarray(100_000)]), { offset: 100_000 });
    // What only the former state needed is removed after the answer.
    await sleep(100);
    thawed.resolve();
    await expect(finishing).rejects.toThrow(OffsetMismatch);
    expect(await readAll(await other.open(await finish(other, id)))).toEqual(WHOLE);
  });

  test("bytes of an upload that was cancelled meanwhile are removed", async () => {
    await using metadata = await temporaryMetadata(migrations);
    const store = await open();
    const frozen = engine(metadata, store);
    const id = await frozen.beginUpload(OWNER);
    const body = new Readable({ read() {} });
    body.push(WHOLE);
    const appending = frozen.append(id, OWNER, body);
    appending.catch(() => undefined);
    await sleep(50);
    const other = engine(metadata, store, 2 * CLAIM);
    await other.cancelUpload(id, OWNER);
    await other.collect(new AbortController().signal);
    body.push(null);
    await expect(appending).rejects.toThrow();
    // The collector was there before the last bytes came: they are on its list again.
    await other.collect(new AbortController().signal);
    expect((await other.totals()).removals).toBe(0);
    await expect(store.open(id, 1, 0, 0)).rejects.toThrow();
  });
});

function losingAnswer(real: Metadata, after: number): Metadata {
  let writes = 0;
  return {
    ...real,
    async write(work) {
      const result = await real.write(work);
      if (writes++ === after) throw new MetadataUnavailable("the connection broke while committing");
      return result;
    },
  };
}

async function pushInSteps(blobs: BlobEngine): Promise<string> {
  const id = await blobs.beginUpload(OWNER);
  await blobs.append(id, OWNER, Readable.from([WHOLE.subarray(0, 100_000)]));
  await blobs.append(id, OWNER, Readable.from([WHOLE.subarray(100_000)]));
  return finish(blobs, id);
}

function finish(blobs: BlobEngine, id: string, digest = DIGEST): Promise<string> {
  return blobs.finishUpload(id, OWNER, digest, async (tx, blob) => {
    await blobs.reference(tx, blob.id, "image");
    return blob.id;
  });
}

function pushInOneRequest(blobs: BlobEngine): Promise<string> {
  return blobs.upload(Readable.from([WHOLE]), DIGEST, {}, async (tx, blob) => {
    await blobs.reference(tx, blob.id, "image");
    return blob.id;
  });
}

function engine(metadata: Metadata, store: BlobStore, milliseconds = 0): BlobEngine {
  const clock = { now: () => new Date(Date.UTC(2026, 0, 1) + milliseconds), dayMilliseconds: DAY };
  return createBlobs({ metadata, store, clock, log: pino({ level: "silent" }) });
}

function bound(store: BlobStore): BlobStore {
  return {
    shared: store.shared,
    checkRoom: () => store.checkRoom(),
    append: (upload) => store.append(upload),
    seal: (upload) => store.seal(upload),
    open: (...place) => store.open(...place),
    remove: (id) => store.remove(id),
    close: () => store.close(),
  };
}

function digestOfBytes(bytes: Uint8Array): Digest {
  return digestOf("sha256", createHash("sha256").update(bytes).digest("hex"));
}

async function readAll(bytes: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
