import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import pino from "pino";
import type { EncryptionScope } from "../../src/storage/blobs/blob-keys.ts";
import type { Blob, TakenContent } from "../../src/storage/blobs/blobs.ts";
import type { BlobsOptions } from "../../src/storage/blobs/context.ts";
import { type Digest, digestOf } from "../../src/storage/blobs/digest.ts";
import { type BlobEngine, createBlobs } from "../../src/storage/blobs/engine.ts";
import {
  BlobMissing,
  BlobTooLarge,
  BodyBrokenOff,
  DigestMismatch,
  InspectAgain,
  OffsetMismatch,
  UploadNotFound,
} from "../../src/storage/blobs/errors.ts";
import { migrations } from "../../src/storage/blobs/migrations.ts";
import type { Metadata } from "../../src/storage/metadata/metadata.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { BlobTestKeys } from "../blob-test-keys.ts";
import { type PostgresServer, postgresPrograms, startPostgres } from "../postgres-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { describeOnEachStore, type TestStores } from "./blob-stores.ts";

const MEBIBYTE = 1024 * 1024;
const DAY = 86_400_000;
const OWNER = "ecr/repository-1";
const NEVER = new AbortController().signal;

/** The two sizes in which Shosoin runs: disk with SQLite, S3 with PostgreSQL (SQLite where none is installed). */
for (const scope of ["none", "server"] as const)
  describeOnEachStore(scope === "none" ? "blobs" : "encrypted blobs", (stores) => suite(stores, scope));

function suite(stores: TestStores, defaultScope: EncryptionScope): void {
  const place = temporaryFolder("blobs-database");
  let postgres: PostgresServer | undefined;
  beforeAll(async () => {
    if (stores.kind === "s3" && postgresPrograms() !== undefined) postgres = await startPostgres();
  }, 30_000);
  const closing: (() => Promise<void>)[] = [];
  afterAll(async () => {
    await Promise.all(closing.map((close) => close()));
    await postgres?.stop();
    place.remove();
  }, 30_000);

  let databases = 0;
  /** One installation: `server()` starts another server on the same database and store. */
  async function install() {
    const database = (await postgres?.createDatabase()) ?? join(place.path, `${++databases}.db`);
    const url = stores.fresh();
    const keys = new BlobTestKeys();
    const time = { now: Date.UTC(2026, 0, 1) };
    const clock = { now: () => new Date(time.now), dayMilliseconds: DAY };
    // The embedded database belongs to one process: "another server" is a new engine on it, as after a restart.
    const embedded = postgres ? undefined : await openMetadata(database, migrations);
    if (embedded) closing.push(() => embedded.close());
    const server = async (
      options: Partial<BlobsOptions> = {},
      around: (metadata: Metadata) => Metadata = (metadata) => metadata,
    ) => {
      const metadata = embedded ?? (await openMetadata(database, migrations));
      const store = await stores.open(url, { minimumFreeBytes: 0 });
      closing.push(async () => {
        await store.close();
        if (!embedded) await metadata.close();
      });
      const log = pino({ level: "silent" });
      const blobs = createBlobs({
        metadata: around(metadata),
        store,
        clock,
        log,
        keys,
        defaultScope,
        ...options,
      });
      return { blobs, metadata, store };
    };
    return { time, server, files: () => files(stores.folder(url)) };
  }

  test("an upload in chunks becomes a blob that can be read whole and in ranges", async () => {
    const { server } = await install();
    const { blobs, metadata } = await server();
    const bytes = randomBytes(20 * MEBIBYTE + 5);
    const id = await blobs.beginUpload(OWNER);
    expect(await blobs.uploadSize(id, OWNER)).toBe(0);
    expect(await blobs.append(id, OWNER, body(bytes.subarray(0, 9 * MEBIBYTE)))).toBe(9 * MEBIBYTE);
    const rest = bytes.subarray(9 * MEBIBYTE);
    expect(await blobs.append(id, OWNER, body(rest), { offset: 9 * MEBIBYTE })).toBe(bytes.length);
    expect(await blobs.uploadSize(id, OWNER)).toBe(bytes.length);
    const blob = await blobs.finishUpload(id, OWNER, sha256(bytes), keepFor(blobs, "image-1"));
    expect(blob).toMatchObject({ sha256: sha256(bytes), size: bytes.length, scope: defaultScope });
    expect(sha256(await readAll(await blobs.open(blob.id)))).toBe(sha256(bytes));
    const range = { start: 9 * MEBIBYTE - 1, end: 9 * MEBIBYTE };
    expect(await readAll(await blobs.open(blob.id, range))).toEqual(
      bytes.subarray(range.start, range.end + 1),
    );
    await expect(blobs.uploadSize(id, OWNER)).rejects.toBeInstanceOf(UploadNotFound);
    const rows = await metadata.reader.selectFrom("blob_references").selectAll().execute();
    expect(rows).toEqual([{ blob_id: blob.id, referrer: "image-1" }]);
  });

  test("an upload goes on after a restart and on another server", async () => {
    const { server } = await install();
    const bytes = randomBytes(12 * MEBIBYTE);
    const id = await (await server()).blobs.beginUpload(OWNER);
    for (const part of [0, 1, 2]) {
      const { blobs } = await server();
      await blobs.append(id, OWNER, body(bytes.subarray(part * 4 * MEBIBYTE, (part + 1) * 4 * MEBIBYTE)));
    }
    const { blobs } = await server();
    const blob = await blobs.finishUpload(id, OWNER, sha256(bytes), keepFor(blobs, "image"));
    expect(sha256(await readAll(await blobs.open(blob.id)))).toBe(sha256(bytes));
  });

  test("a wrong digest leaves the upload as it was, here and on another server", async () => {
    const { server } = await install();
    const { blobs } = await server();
    const bytes = randomBytes(9 * MEBIBYTE);
    const id = await blobs.beginUpload(OWNER);
    await blobs.append(id, OWNER, body(bytes));
    for (const other of [blobs, (await server()).blobs]) {
      const wrong = other.finishUpload(id, OWNER, sha256(Buffer.from("else")), keepFor(other, "x"));
      await expect(wrong).rejects.toBeInstanceOf(DigestMismatch);
    }
    const more = randomBytes(1000);
    await blobs.append(id, OWNER, body(more), { offset: bytes.length });
    const whole = Buffer.concat([bytes, more]);
    const blob = await blobs.finishUpload(id, OWNER, sha256(whole), keepFor(blobs, "image"));
    expect(sha256(await readAll(await blobs.open(blob.id)))).toBe(sha256(whole));
  });

  test("sha512 is accepted, announced or not", async () => {
    const { server } = await install();
    const { blobs } = await server();
    const bytes = randomBytes(9 * MEBIBYTE);
    for (const algorithms of [["sha512" as const], []]) {
      const id = await blobs.beginUpload(OWNER, { algorithms });
      await blobs.append(id, OWNER, body(bytes));
      const digest = digestOf("sha512", createHash("sha512").update(bytes).digest("hex"));
      const blob = await blobs.finishUpload(id, OWNER, digest, keepFor(blobs, "image"));
      expect(blob.sha256).toBe(sha256(bytes));
    }
  });

  test("a body that breaks off keeps what came, and the upload goes on from there", async () => {
    const { server } = await install();
    const { blobs } = await server();
    const bytes = randomBytes(10 * MEBIBYTE);
    const id = await blobs.beginUpload(OWNER);
    const came = 9 * MEBIBYTE + 7;
    const broken = blobs.append(id, OWNER, brokenBody(bytes.subarray(0, came)));
    await expect(broken).rejects.toBeInstanceOf(BodyBrokenOff);
    expect(await blobs.uploadSize(id, OWNER)).toBe(came);
    await blobs.append(id, OWNER, body(bytes.subarray(came)), { offset: came });
    await blobs.finishUpload(id, OWNER, sha256(bytes), keepFor(blobs, "image"));
  });

  test("a request that is aborted keeps what came", async () => {
    const { server } = await install();
    const { blobs } = await server();
    const id = await blobs.beginUpload(OWNER);
    const stop = new AbortController();
    const stalled = new Readable({ read() {} });
    stalled.push(Buffer.alloc(1000));
    const aborted = blobs.append(id, OWNER, stalled, { signal: stop.signal });
    setTimeout(() => stop.abort(), 100);
    await expect(aborted).rejects.toBeInstanceOf(BodyBrokenOff);
    expect(await blobs.uploadSize(id, OWNER)).toBe(1000);
  });

  test("the wrong offset, the wrong owner and too many bytes are refused and change nothing", async () => {
    const { server } = await install();
    const { blobs } = await server();
    const id = await blobs.beginUpload(OWNER);
    await blobs.append(id, OWNER, body(Buffer.alloc(10)));
    const misplaced = blobs.append(id, OWNER, body(Buffer.alloc(5)), { offset: 5 });
    await expect(misplaced).rejects.toMatchObject({ name: "OffsetMismatch", received: 10 });
    const tooMuch = blobs.append(id, OWNER, body(Buffer.alloc(91)), { maxSize: 100 });
    await expect(tooMuch).rejects.toBeInstanceOf(BlobTooLarge);
    const stranger = "ecr/repository-2";
    await expect(blobs.append(id, stranger, body(Buffer.alloc(1)))).rejects.toBeInstanceOf(UploadNotFound);
    await expect(blobs.uploadSize(id, stranger)).rejects.toBeInstanceOf(UploadNotFound);
    await expect(blobs.cancelUpload(id, stranger)).rejects.toBeInstanceOf(UploadNotFound);
    const theft = blobs.finishUpload(id, stranger, sha256(Buffer.alloc(10)), keepFor(blobs, "x"));
    await expect(theft).rejects.toBeInstanceOf(UploadNotFound);
    expect(await blobs.append(id, OWNER, body(Buffer.alloc(90)), { offset: 10, maxSize: 100 })).toBe(100);
  });

  test("a second writer beside a living one is refused, on this server and on another", async () => {
    const { server } = await install();
    const [one, two] = [await server(), await server()];
    const others = stores.kind === "s3" ? [one, two] : [one];
    const id = await one.blobs.beginUpload(OWNER);
    const slow = new Readable({ read() {} });
    slow.push(Buffer.alloc(100));
    const first = one.blobs.append(id, OWNER, slow);
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const { blobs } of others) {
      const second = blobs.append(id, OWNER, body(Buffer.alloc(3)));
      await expect(second).rejects.toBeInstanceOf(OffsetMismatch);
    }
    slow.push(null);
    expect(await first).toBe(100);
    expect(await others.at(-1)?.blobs.append(id, OWNER, body(Buffer.alloc(3)), { offset: 100 })).toBe(103);
  }, 15_000);

  test("a cancelled upload is gone, and so are its bytes", async () => {
    const { server, files } = await install();
    const { blobs } = await server();
    const id = await blobs.beginUpload(OWNER);
    await blobs.append(id, OWNER, body(randomBytes(9 * MEBIBYTE)));
    await blobs.cancelUpload(id, OWNER);
    await expect(blobs.uploadSize(id, OWNER)).rejects.toBeInstanceOf(UploadNotFound);
    await blobs.collect(NEVER);
    expect(files()).toEqual([]);
    expect(await blobs.totals()).toMatchObject({ uploads: 0, removals: 0 });
  });

  test("one request: upload, digest check and commit together", async () => {
    const { server, files } = await install();
    const { blobs } = await server();
    const bytes = randomBytes(9 * MEBIBYTE);
    const blob = await blobs.upload(body(bytes), sha256(bytes), {}, keepFor(blobs, "object"));
    expect(sha256(await readAll(await blobs.open(blob.id)))).toBe(sha256(bytes));
    const before = files();
    const failures = [
      [body(Buffer.from("x")), DigestMismatch],
      [brokenBody(bytes), BodyBrokenOff],
      [body(randomBytes(10 * MEBIBYTE)), BlobTooLarge],
    ] as const;
    for (const [bad, error] of failures) {
      const failed = blobs.upload(bad, sha256(bytes), { maxSize: 9 * MEBIBYTE }, keepFor(blobs, "object"));
      await expect(failed).rejects.toBeInstanceOf(error);
    }
    await blobs.collect(NEVER);
    expect(files()).toEqual(before);
    expect(await blobs.totals()).toMatchObject({ blobs: 1, uploads: 0, removals: 0 });
  });

  test("content whose digest nobody said: hashed, looked at and committed in one request", async () => {
    const { server } = await install();
    const { blobs } = await server();
    for (const size of [0, 1000, 9 * MEBIBYTE + 3]) {
      const bytes = randomBytes(size);
      const taken = await blobs.take(
        body(bytes),
        {},
        async (content) => ({ length: content.size, hashes: content.hashes }),
        async (tx, blob, inspected) => ({ blob: await keepFor(blobs, "object")(tx, blob), inspected }),
      );
      expect(taken.blob).toMatchObject({ sha256: sha256(bytes), size });
      expect(taken.inspected.length).toBe(size);
      for (const [name, hex] of Object.entries(taken.inspected.hashes))
        expect(hex).toBe(createHash(name).update(bytes).digest("hex"));
      expect((await readAll(await blobs.open(taken.blob.id))).equals(bytes)).toBe(true);
    }
  });

  test("an inspection reads ranges of what is not committed yet, also of bytes that are a blob already", async () => {
    const { server, files } = await install();
    const { blobs } = await server();
    const bytes = randomBytes(9 * MEBIBYTE);
    const take = () =>
      blobs.take(
        body(bytes),
        {},
        async (content) => {
          const end = { start: bytes.length - 22, end: bytes.length - 1 };
          expect(await readAll(await content.open(end))).toEqual(bytes.subarray(-22));
          // Left open: what nobody reads is closed with the inspection.
          await content.open({ start: 0, end: MEBIBYTE });
          return sha256(await readAll(await content.open()));
        },
        async (tx, blob, digest) => ({ ...(await keepFor(blobs, "object")(tx, blob)), digest }),
      );
    const first = await take();
    expect(first.digest).toBe(sha256(bytes));
    const before = files();
    const second = await take();
    expect(second).toEqual(first);
    expect((await readAll(await blobs.open(first.id))).equals(bytes)).toBe(true);
    await blobs.collect(NEVER);
    expect(files()).toEqual(before);
    expect(await blobs.totals()).toMatchObject({ blobs: 1, uploads: 0, removals: 0 });
  });

  test("what is refused in an inspection, in its commit or on the way leaves no byte and no row", async () => {
    const { server, files } = await install();
    const { blobs } = await server();
    const bytes = randomBytes(9 * MEBIBYTE);
    const look = async (content: TakenContent) => {
      await content.open();
    };
    const refuse = async () => {
      throw new Error("refused");
    };
    const refuseOpened = async (content: TakenContent) => {
      await content.open();
      throw new Error("refused");
    };
    const keep = keepFor(blobs, "object");
    const failures = [
      [body(bytes), refuse, keep, "refused"],
      [body(bytes), refuseOpened, keep, "refused"],
      [body(bytes), look, refuse, "refused"],
      [brokenBody(bytes), look, keep, "the body broke off"],
      [body(randomBytes(10 * MEBIBYTE)), look, keep, "more than"],
    ] as const;
    for (const [bad, inspect, commit, message] of failures) {
      const failed = blobs.take(bad, { maxSize: 9 * MEBIBYTE }, inspect, commit);
      await expect(failed).rejects.toThrow(message);
      // At once, without the collector; the removal itself is not waited for.
      for (let tries = 0; files().length > 0 && tries < 200; tries++)
        await new Promise((resolve) => setTimeout(resolve, 10));
      expect(files()).toEqual([]);
    }
    await blobs.collect(NEVER);
    expect(await blobs.totals()).toMatchObject({ blobs: 0, uploads: 0, removals: 0 });
  });

  test("a commit may ask for another look, when what the first one stood on has changed", async () => {
    const { server } = await install();
    const { blobs } = await server();
    for (const opened of [true, false]) {
      const bytes = randomBytes(9 * MEBIBYTE);
      let looks = 0;
      const taken = await blobs.take(
        body(bytes),
        {},
        async (content) => {
          if (opened) expect(await readAll(await content.open())).toEqual(bytes);
          return ++looks;
        },
        async (tx, blob, look) => {
          const kept = await keepFor(blobs, "object")(tx, blob);
          if (look < 3) throw new InspectAgain();
          return kept;
        },
      );
      expect(looks).toBe(3);
      expect((await readAll(await blobs.open(taken.id))).equals(bytes)).toBe(true);
    }
    expect(await blobs.totals()).toMatchObject({ blobs: 2, uploads: 0, removals: 0 });
  });

  test("an empty blob is a blob", async () => {
    const { server } = await install();
    const { blobs } = await server();
    const id = await blobs.beginUpload(OWNER);
    const blob = await blobs.finishUpload(id, OWNER, sha256(Buffer.alloc(0)), keepFor(blobs, "image"));
    expect(blob.size).toBe(0);
    expect(await readAll(await blobs.open(blob.id))).toHaveLength(0);
  });

  test("when the caller's commit throws nothing has happened, and the upload can be finished again", async () => {
    const { server } = await install();
    const { blobs } = await server();
    const bytes = randomBytes(9 * MEBIBYTE);
    const id = await blobs.beginUpload(OWNER);
    await blobs.append(id, OWNER, body(bytes));
    const refused = blobs.finishUpload(id, OWNER, sha256(bytes), async (tx, blob) => {
      await blobs.reference(tx, blob.id, "image");
      throw new Error("tag is immutable");
    });
    await expect(refused).rejects.toThrow("tag is immutable");
    expect(await blobs.totals()).toMatchObject({ blobs: 0, uploads: 1, uploadBytes: bytes.length });
    const other = (await server()).blobs;
    const blob = await other.finishUpload(id, OWNER, sha256(bytes), keepFor(other, "image"));
    expect(sha256(await readAll(await other.open(blob.id)))).toBe(sha256(bytes));
  });

  test("eight clients finish the same bytes at once: one blob, everybody's reference, one copy", async () => {
    const { server, files } = await install();
    const servers = [await server(), await server()];
    const bytes = randomBytes(2 * MEBIBYTE);
    const ids = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const { blobs } = servers[index % 2] ?? (await server());
        const id = await blobs.beginUpload(OWNER);
        await blobs.append(id, OWNER, body(bytes));
        return (await blobs.finishUpload(id, OWNER, sha256(bytes), keepFor(blobs, `image-${index}`))).id;
      }),
    );
    expect(new Set(ids).size).toBe(1);
    const { blobs, metadata } = await server();
    await blobs.collect(NEVER);
    expect(files()).toHaveLength(1);
    expect(await metadata.reader.selectFrom("blob_references").selectAll().execute()).toHaveLength(8);
    expect(sha256(await readAll(await blobs.open(ids[0] ?? "")))).toBe(sha256(bytes));
  });

  test("the same upload finished twice at once succeeds once", async () => {
    const { server, files } = await install();
    const servers = [await server(), await server()];
    const bytes = randomBytes(9 * MEBIBYTE);
    const id = (await servers[0]?.blobs.beginUpload(OWNER)) ?? "";
    await servers[0]?.blobs.append(id, OWNER, body(bytes));
    const results = await Promise.allSettled(
      servers.map(({ blobs }, index) =>
        blobs.finishUpload(id, OWNER, sha256(bytes), keepFor(blobs, `image-${index}`)),
      ),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    const { blobs, metadata } = await server();
    await blobs.collect(NEVER);
    expect(files()).toHaveLength(1);
    const { id: blobId } = await metadata.reader.selectFrom("blobs").select("id").executeTakeFirstOrThrow();
    expect(sha256(await readAll(await blobs.open(blobId)))).toBe(sha256(bytes));
  });

  test("a blob is collected a day after its last reference went, and not before", async () => {
    const { server, files, time } = await install();
    const { blobs, metadata } = await server();
    const bytes = randomBytes(1000);
    const blob = await blobs.upload(body(bytes), sha256(bytes), {}, keepFor(blobs, "a"));
    await metadata.write((tx) => blobs.reference(tx, blob.id, "b"));
    await metadata.write((tx) => blobs.release(tx, blob.id, "a"));
    time.now += 10 * DAY;
    await blobs.collect(NEVER);
    expect(await readAll(await blobs.open(blob.id))).toEqual(bytes);

    await metadata.write((tx) => blobs.release(tx, blob.id, "b"));
    time.now += DAY - 1;
    expect((await blobs.collect(NEVER)).blobs).toBe(0);
    expect(await readAll(await blobs.open(blob.id))).toEqual(bytes);
    time.now += 1;
    expect((await blobs.collect(NEVER)).blobs).toBe(1);
    await expect(blobs.open(blob.id)).rejects.toBeInstanceOf(BlobMissing);
    await expect(metadata.write((tx) => blobs.reference(tx, blob.id, "c"))).rejects.toBeInstanceOf(
      BlobMissing,
    );
    expect(files()).toEqual([]);
    expect(await blobs.totals()).toMatchObject({ blobs: 0, reviews: 0, removals: 0 });
  });

  test("a push during the grace period keeps the blob; a push after it makes another", async () => {
    const { server, time } = await install();
    const { blobs, metadata } = await server();
    const bytes = randomBytes(1000);
    const push = (referrer: string) => blobs.upload(body(bytes), sha256(bytes), {}, keepFor(blobs, referrer));
    const first = await push("a");
    await metadata.write((tx) => blobs.release(tx, first.id, "a"));
    expect((await push("b")).id).toBe(first.id);
    time.now += 2 * DAY;
    await blobs.collect(NEVER);
    expect(await readAll(await blobs.open(first.id))).toEqual(bytes);
    await metadata.write((tx) => blobs.release(tx, first.id, "b"));
    time.now += 2 * DAY;
    await blobs.collect(NEVER);
    const second = await push("c");
    expect(second.id).not.toBe(first.id);
    expect(await readAll(await blobs.open(second.id))).toEqual(bytes);
  });

  test("a blob that nobody kept is collected", async () => {
    const { server, files, time } = await install();
    const { blobs } = await server();
    await blobs.upload(body(Buffer.from("a")), sha256(Buffer.from("a")), {}, async () => undefined);
    time.now += DAY;
    await blobs.collect(NEVER);
    expect(files()).toEqual([]);
  });

  test("an upload that nobody continues expires after seven days", async () => {
    const { server, files, time } = await install();
    const { blobs } = await server();
    const id = await blobs.beginUpload(OWNER);
    await blobs.append(id, OWNER, body(randomBytes(9 * MEBIBYTE)));
    time.now += 7 * DAY - 1;
    await blobs.collect(NEVER);
    await blobs.append(id, OWNER, body(randomBytes(10)));
    time.now += 7 * DAY - 1;
    await blobs.collect(NEVER);
    expect(await blobs.uploadSize(id, OWNER)).toBe(9 * MEBIBYTE + 10);
    time.now += 1;
    await blobs.collect(NEVER);
    await expect(blobs.uploadSize(id, OWNER)).rejects.toBeInstanceOf(UploadNotFound);
    expect(files()).toEqual([]);
  });

  test("pushes, deletes and collection at once never lose a referenced blob and leave no garbage", async () => {
    const { server, files } = await install();
    // No grace: every release is at once a race with the next push of the same bytes.
    const { blobs, metadata } = await server({ graceMilliseconds: 0 });
    const contents = Array.from({ length: 3 }, (_, index) => randomBytes(2000 + index * 20_000));
    const operation = fc.record({ content: fc.nat(2), referrer: fc.nat(2), keep: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(operation, { maxLength: 6 }), { maxLength: 4 }), async (clients) => {
        const expected = new Map<string, string>();
        const run = async (operations: (typeof clients)[number], client: number) => {
          for (const { content, referrer, keep } of operations) {
            const name = `${client}/${referrer}/${content}`;
            const bytes = contents[content] ?? Buffer.alloc(0);
            const blob = await blobs.upload(body(bytes), sha256(bytes), {}, keepFor(blobs, name));
            // Whoever holds a reference can read, whatever the others do.
            expect(await readAll(await blobs.open(blob.id))).toEqual(bytes);
            expected.set(name, blob.id);
            if (keep) continue;
            await metadata.write((tx) => blobs.release(tx, blob.id, name));
            expected.delete(name);
          }
        };
        let running = true;
        const collector = (async () => {
          while (running) await blobs.collect(NEVER);
        })();
        await Promise.all(clients.map(run));
        running = false;
        await collector;
        await blobs.collect(NEVER);
        const alive = new Set(expected.values());
        const sizes = await Promise.all(
          [...alive].map(async (id) => (await readAll(await blobs.open(id))).length),
        );
        expect(files()).toHaveLength(sizes.filter((size) => size > 2000).length);
        for (const [name, id] of expected) await metadata.write((tx) => blobs.release(tx, id, name));
        await blobs.collect(NEVER);
        expect(files()).toEqual([]);
      }),
      { numRuns: stores.kind === "disk" ? 30 : 6 },
    );
  }, 60_000);

  test("a small body of one request is one transaction and no file; a larger one is read back the same", async () => {
    const { server, files } = await install();
    const counted = { writes: 0 };
    const { blobs } = await server({}, (metadata) => ({
      ...metadata,
      write: (work) => {
        counted.writes += 1;
        return metadata.write(work);
      },
    }));
    for (const size of [0, 1, 16_384, 16_385]) {
      const bytes = randomBytes(size);
      counted.writes = 0;
      const before = files();
      const blob = await blobs.take(
        body(bytes),
        {},
        async (content) => readAll(await content.open()),
        async (tx, taken, seen) => {
          expect(seen.equals(bytes)).toBe(true);
          return keepFor(blobs, "object")(tx, taken);
        },
      );
      expect(counted.writes, `${size} bytes`).toBe(size > 16_384 ? 2 : 1);
      expect(files().length - before.length, `${size} bytes`).toBe(size > 16_384 ? 1 : 0);
      expect((await readAll(await blobs.open(blob.id))).equals(bytes)).toBe(true);
      const last = { start: size - 1, end: size - 1 };
      if (size > 0) expect(await readAll(await blobs.open(blob.id, last))).toEqual(bytes.subarray(-1));
    }
    const long = await blobs.upload(
      body(Buffer.alloc(16_384)),
      sha256(Buffer.alloc(16_384)),
      {},
      keepFor(blobs, "b"),
    );
    expect(long.size).toBe(16_384);
  });

  test("checksums are computed that are asked for, and only those", async () => {
    const { server } = await install();
    const { blobs } = await server();
    for (const size of [9, 3_000_000]) {
      const bytes = size === 9 ? Buffer.from("123456789") : randomBytes(size);
      const hashes = await blobs.take(
        body(bytes),
        { hashes: ["crc64nvme", "crc32"] },
        async (content) => content.hashes,
        async (tx, blob, found) => {
          await blobs.reference(tx, blob.id, "object");
          return found;
        },
      );
      expect(Object.keys(hashes).sort()).toEqual(["crc32", "crc64nvme", "sha256"]);
      expect(hashes.crc32).toBe(crc32(bytes).toString(16).padStart(8, "0"));
      if (size === 9) expect(hashes.crc64nvme).toBe("ae8b14860a799888");
    }
  });

  test("damage is reported as damage: a blob whose file is gone or cut short", async () => {
    const { server, files } = await install();
    const { blobs } = await server();
    for (const damage of [(file: string) => truncateSync(file, 99_999), (file: string) => rmSync(file)]) {
      const bytes = randomBytes(100_000);
      const before = files();
      const blob = await blobs.upload(body(bytes), sha256(bytes), {}, keepFor(blobs, "a"));
      damage(files().find((file) => !before.includes(file)) ?? "");
      await expect(blobs.open(blob.id)).rejects.toBeInstanceOf(BlobMissing);
    }
  });
}

/** The caller's part of a finished upload. */
function keepFor(blobs: BlobEngine, referrer: string) {
  return async (tx: Parameters<BlobEngine["reference"]>[0], blob: Blob): Promise<Blob> => {
    await blobs.reference(tx, blob.id, referrer);
    return blob;
  };
}

function body(bytes: Uint8Array): Readable {
  return Readable.from(pieces(bytes), { objectMode: false });
}

function brokenBody(bytes: Uint8Array): Readable {
  return Readable.from(
    (async function* () {
      yield* pieces(bytes);
      throw new Error("aborted");
    })(),
    { objectMode: false },
  );
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function readAll(bytes: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sha256(bytes: Uint8Array): Digest {
  return digestOf("sha256", createHash("sha256").update(bytes).digest("hex"));
}

function files(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
