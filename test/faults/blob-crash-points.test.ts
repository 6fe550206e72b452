import { afterAll, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import pino from "pino";
import type { EncryptionScope } from "../../src/storage/blobs/blob-keys.ts";
import type { BlobStore, BlobWriter } from "../../src/storage/blobs/blob-store.ts";
import type { Blob } from "../../src/storage/blobs/blobs.ts";
import type { BlobsOptions } from "../../src/storage/blobs/context.ts";
import { digestOf } from "../../src/storage/blobs/digest.ts";
import { type BlobEngine, createBlobs } from "../../src/storage/blobs/engine.ts";
import { UploadNotFound } from "../../src/storage/blobs/errors.ts";
import { migrations } from "../../src/storage/blobs/migrations.ts";
import type { Metadata, Transaction } from "../../src/storage/metadata/metadata.ts";
import { filesIn, flip, readAll } from "../blob-bytes.ts";
import { BlobTestKeys } from "../blob-test-keys.ts";
import { describeOnEachStore, type TestStores } from "../contract/blob-stores.ts";
import { temporaryMetadata } from "../temporary-metadata.ts";

/**
 * Pushes and a collection are broken off before every step that reaches the store or the database. What a new server then finds must be whole: everything acknowledged is there, the push can be
 * finished, and in the end no byte is left that no row knows.
 */
const OWNER = "ecr/repository-1";
const DAY = 86_400_000;
const MEBIBYTE = 1024 * 1024;
/** The second append ends inside a part of an S3 multipart upload and begins one in its middle. */
const PIECES = [randomBytes(3 * MEBIBYTE), randomBytes(9 * MEBIBYTE), randomBytes(1000)];
const WHOLE = Buffer.concat(PIECES);
const DIGEST = digestOf("sha256", createHash("sha256").update(WHOLE).digest("hex"));
const NEVER = new AbortController().signal;

class Crash extends Error {
  override readonly name = "Crash";
}

for (const scope of ["none", "server"] as const)
  describeOnEachStore(
    `a crash at every step of ${scope === "none" ? "a push" : "an encrypted push"}`,
    (stores) => suite(stores, scope),
  );

function suite(stores: TestStores, defaultScope: EncryptionScope): void {
  const keys = new BlobTestKeys();
  const server = (metadata: Metadata, store: BlobStore, milliseconds: number) =>
    engine({ metadata, store, keys, defaultScope }, milliseconds);
  const opened: BlobStore[] = [];
  afterAll(async () => {
    for (const store of opened) await store.close();
  });

  test("loses nothing that was acknowledged and leaves no garbage", async () => {
    let step = 0;
    for (let crashed = true; crashed; step++) {
      await using metadata = await temporaryMetadata(migrations);
      const url = stores.fresh();
      const store = await stores.open(url, { minimumFreeBytes: 0 });
      opened.push(store);
      const fuse = new Fuse(step);
      const promised = await push(server(fuse.metadata(metadata), fuse.store(store), 0));
      crashed = fuse.blown;

      // The process is gone; claims of dead servers have run out.
      const later = server(metadata, store, 2 * 60_000);
      const blobId = promised.blobId ?? (await finish(later, promised));
      if (blobId !== undefined) {
        expect(await readAll(await later.open(blobId)), `step ${step}`).toEqual(WHOLE);
        await metadata.write((tx) => later.release(tx, blobId, "image"));
      }

      // A collector that dies as well, then one that does not.
      const dying = new Fuse(step % 5);
      await server(dying.metadata(metadata), dying.store(store), 8 * DAY)
        .collect(NEVER)
        .catch((error: unknown) => expect(error).toBeInstanceOf(Crash));
      const last = server(metadata, store, 16 * DAY);
      await last.collect(NEVER);
      expect(filesIn(stores.folder(url)), `step ${step}`).toEqual([]);
      const scrubs = { scrubbed: 0, scrubSkipped: 0, scrubDamaged: 0, scrubRepaired: 0 };
      const nothing = {
        blobs: 0,
        bytes: 0,
        uploads: 0,
        uploadBytes: 0,
        reviews: 0,
        removals: 0,
        damaged: 0,
        ...scrubs,
      };
      expect(await last.totals()).toEqual(nothing);
    }
    expect(step).toBeGreaterThan(10);
  }, 300_000);

  test("in a copy to the cold tier and a repair from there neither loses a blob nor leaves garbage", async () => {
    let step = 0;
    for (let crashed = true; crashed; step++) {
      await using metadata = await temporaryMetadata(migrations);
      const url = stores.fresh();
      const store = await stores.open(url, { minimumFreeBytes: 0 });
      opened.push(store);
      const keep = (blobs: BlobEngine, referrer: string) => async (tx: Transaction, blob: Blob) => {
        await blobs.reference(tx, blob.id, referrer);
        return blob;
      };
      const first = server(metadata, store, 0);
      const hot = await first.upload(Readable.from([WHOLE]), DIGEST, {}, keep(first, "hot"));
      const [file = ""] = filesIn(stores.folder(url));

      // What a dying server got done of both.
      const fuse = new Fuse(step);
      const dying = server(fuse.metadata(metadata), fuse.store(store), 0);
      try {
        await dying.copy({ blobId: hot.id }, { storageClass: "cold" }, {}, keep(dying, "cold"));
        flip(file, 1_000_000);
        await dying.scrub(NEVER);
      } catch (error) {
        expect(causes(error).some((cause) => cause instanceof Crash)).toBe(true);
      }
      crashed = fuse.blown;

      const later = server(metadata, store, 2 * 60_000);
      const repaired = await later
        .scrub(NEVER)
        .then(() => later.open(hot.id))
        .then(readAll);
      expect(repaired.equals(WHOLE), `step ${step}`).toBe(true);
      const cold = await later.copy({ blobId: hot.id }, { storageClass: "cold" }, {}, keep(later, "cold"));
      expect((await readAll(await later.open(cold.id))).equals(WHOLE), `step ${step}`).toBe(true);
      for (const [id, referrer] of [
        [hot.id, "hot"],
        [cold.id, "cold"],
      ] as const)
        await metadata.write((tx) => later.release(tx, id, referrer));
      const last = server(metadata, store, 16 * DAY);
      await last.collect(NEVER);
      expect(filesIn(stores.folder(url)), `step ${step}`).toEqual([]);
      expect(await last.totals()).toMatchObject({
        blobs: 0,
        uploads: 0,
        reviews: 0,
        removals: 0,
        damaged: 0,
      });
    }
    expect(step).toBeGreaterThan(8);
  }, 300_000);
}

interface Promised {
  id?: string;
  size: number;
  blobId?: string;
}

/** Pushes until it is done or the process "dies"; tells what had been acknowledged by then. */
async function push(blobs: BlobEngine): Promise<Promised> {
  const promised: Promised = { size: 0 };
  try {
    promised.id = await blobs.beginUpload(OWNER);
    for (const piece of PIECES)
      promised.size = await blobs.append(promised.id, OWNER, Readable.from([piece]));
    promised.blobId = await finishWhole(blobs, promised.id);
    // The same bytes again and an upload that is given up: what they brought is garbage.
    const copy = await blobs.beginUpload(OWNER);
    await blobs.append(copy, OWNER, Readable.from([WHOLE]));
    await finishWhole(blobs, copy);
    const unwanted = await blobs.beginUpload(OWNER);
    await blobs.append(unwanted, OWNER, Readable.from([WHOLE]));
    await blobs.cancelUpload(unwanted, OWNER);
  } catch (error) {
    if (!causes(error).some((cause) => cause instanceof Crash)) throw error;
  }
  return promised;
}

/** What a client does after the restart: asks how far it got, sends the rest, finishes. */
async function finish(blobs: BlobEngine, promised: Promised): Promise<string | undefined> {
  if (promised.id === undefined) return undefined;
  let size: number;
  try {
    size = await blobs.uploadSize(promised.id, OWNER);
  } catch (error) {
    // Only when the push was committed and its acknowledgement alone was lost. The blob is there: push again.
    expect(error).toBeInstanceOf(UploadNotFound);
    expect(promised.size).toBe(WHOLE.length);
    expect(await blobs.totals()).toMatchObject({ blobs: 1 });
    const again = await blobs.beginUpload(OWNER);
    await blobs.append(again, OWNER, Readable.from([WHOLE]));
    return finishWhole(blobs, again);
  }
  expect(size).toBeGreaterThanOrEqual(promised.size);
  if (size < WHOLE.length) {
    await blobs.append(promised.id, OWNER, Readable.from([WHOLE.subarray(size)]), { offset: size });
  }
  return finishWhole(blobs, promised.id);
}

function finishWhole(blobs: BlobEngine, id: string): Promise<string> {
  return blobs.finishUpload(id, OWNER, DIGEST, async (tx, blob) => {
    await blobs.reference(tx, blob.id, "image");
    return blob.id;
  });
}

function engine(
  parts: Pick<BlobsOptions, "metadata" | "store" | "keys" | "defaultScope">,
  milliseconds: number,
): BlobEngine {
  const clock = { now: () => new Date(Date.UTC(2026, 0, 1) + milliseconds), dayMilliseconds: DAY };
  return createBlobs({
    ...parts,
    clock,
    log: pino({ level: "silent" }),
    scrubBytesPerSecond: Number.MAX_SAFE_INTEGER,
  });
}

/** Lets so many steps pass; from then on nothing works any more. */
class Fuse {
  blown = false;
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  async #step<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.blown) throw new Crash();
    if (this.#left-- > 0) return run();
    this.blown = true;
    throw new Crash();
  }

  metadata(real: Metadata): Metadata {
    return { ...real, write: (work) => this.#step(() => real.write(work)) };
  }

  store(real: BlobStore): BlobStore {
    return {
      shared: real.shared,
      checkRoom: () => real.checkRoom(),
      append: (upload) => this.#step(async () => this.#writer(await real.append(upload))),
      seal: (upload) => this.#step(() => real.seal(upload)),
      open: (...place) => real.open(...place),
      remove: (id) => this.#step(() => real.remove(id)),
      close: () => real.close(),
    };
  }

  /** Encrypted bytes come in many small writes: one of them in three megabytes may be the last. */
  #writer(real: BlobWriter): BlobWriter {
    let untilStep = 0;
    return {
      write: (chunk) => {
        untilStep -= chunk.length;
        if (untilStep >= 0) return real.write(chunk);
        untilStep = 3 * MEBIBYTE;
        return this.#step(() => real.write(chunk));
      },
      finish: () => this.#step(() => real.finish()),
      settle: () => this.#step(() => real.settle()),
      abandon: () => real.abandon(),
    };
  }
}

function causes(error: unknown): unknown[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : [];
}
