import { afterAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import pino from "pino";
import type { EncryptionScope } from "../../src/storage/blobs/blob-keys.ts";
import type { Blob, UploadOptions } from "../../src/storage/blobs/blobs.ts";
import type { DamageReport } from "../../src/storage/blobs/damage.ts";
import { type BlobEngine, createBlobs } from "../../src/storage/blobs/engine.ts";
import { BlobDamaged, BlobMissing, StorageUnavailable } from "../../src/storage/blobs/errors.ts";
import { migrations } from "../../src/storage/blobs/migrations.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { body, filesIn, flip, keepFor, readAll, sha256 } from "../blob-bytes.ts";
import { BlobTestKeys } from "../blob-test-keys.ts";
import { describeOnEachStore } from "../contract/blob-stores.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const DAY = 86_400_000;
const KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/1";
const NEVER = new AbortController().signal;

describeOnEachStore("scrub", (stores) => {
  const closing: (() => Promise<unknown> | unknown)[] = [];
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  async function install() {
    const place = temporaryFolder("scrub");
    const metadata = await openMetadata(join(place.path, "metadata.db"), migrations);
    const url = stores.fresh();
    const store = await stores.open(url, { minimumFreeBytes: 0 });
    closing.push(
      () => place.remove(),
      () => metadata.close(),
      () => store.close(),
    );
    const keys = new BlobTestKeys();
    const reports: DamageReport[] = [];
    const time = { now: Date.UTC(2026, 0, 1) };
    const clock = { now: () => new Date(time.now), dayMilliseconds: DAY };
    const server = (scrubBytesPerSecond: number) =>
      createBlobs({
        ...{ metadata, store, keys, clock, log: pino({ level: "silent" }), scrubBytesPerSecond },
        onDamage: (report) => reports.push(report),
      });
    const files = () => filesIn(stores.folder(url));
    /** Puts bytes there and tells which file has them. */
    const put = async (blobs: BlobEngine, bytes: Buffer, options: UploadOptions = {}) => {
      const before = files();
      const blob = await blobs.upload(
        body(Buffer.from(bytes)),
        sha256(bytes),
        options,
        keepFor(blobs, "keeper"),
      );
      return { blob, file: files().find((file) => !before.includes(file)) ?? "" };
    };
    return { server, metadata, store, keys, reports, time, put, files };
  }

  for (const scope of ["none", "server"] as const)
    test(`a flipped bit of ${scope === "none" ? "plain" : "encrypted"} bytes is found, though nobody reads them`, async () => {
      const { server, reports, put, time } = await install();
      const blobs = server(Number.MAX_SAFE_INTEGER);
      const encryption = { scope };
      const whole = await put(blobs, randomBytes(300_000), { encryption });
      await put(blobs, randomBytes(100), { encryption });
      const { blob, file } = await put(blobs, randomBytes(300_000), { encryption });
      flip(file, 250_000);
      expect(await blobs.scrub(NEVER)).toMatchObject({ blobs: 3, intact: 2, damaged: 1, repaired: 0 });
      expect(reports).toMatchObject([{ kind: "damaged", blob: { id: blob.id } }]);
      await expect(blobs.open(blob.id)).rejects.toBeInstanceOf(BlobDamaged);
      expect((await readAll(await blobs.open(whole.blob.id))).length).toBe(300_000);
      expect(await blobs.totals()).toMatchObject({ damaged: 1, scrubbed: 3, scrubDamaged: 1 });

      // Within a week nothing is read again; after it everything is, and what is known is no news.
      expect(await blobs.scrub(NEVER)).toMatchObject({ blobs: 3, startedAt: time.now });
      flip(file, 250_000);
      await expect(blobs.open(blob.id)).rejects.toBeInstanceOf(BlobDamaged);
      time.now += 7 * DAY;
      expect(await blobs.scrub(NEVER)).toMatchObject({ blobs: 3, intact: 3, startedAt: time.now });
      // It is whole again, so it is given out again.
      expect(reports).toMatchObject([{ kind: "damaged" }, { kind: "repaired", blob: { id: blob.id } }]);
      expect((await readAll(await blobs.open(blob.id))).length).toBe(300_000);
    });

  test("what is damaged is repaired from the same bytes under another key or in the cold tier", async () => {
    const scopes: EncryptionScope[] = ["none", "server", KMS_KEY];
    for (const damaged of scopes)
      for (const intact of [...scopes.filter((scope) => scope !== damaged), "cold" as const]) {
        const { server, reports, put } = await install();
        const blobs = server(Number.MAX_SAFE_INTEGER);
        const bytes = randomBytes(300_000);
        const { blob, file } = await put(blobs, bytes, { encryption: { scope: damaged } });
        if (intact === "cold")
          await blobs.copy({ blobId: blob.id }, { storageClass: "cold" }, {}, keepFor(blobs, "keeper"));
        else await put(blobs, bytes, { encryption: { scope: intact } });
        flip(file, 1000);
        expect(await blobs.scrub(NEVER)).toMatchObject({ blobs: 2, damaged: 0, repaired: 1 });
        expect((await readAll(await blobs.open(blob.id))).equals(bytes)).toBe(true);
        expect(reports.map(({ kind, blob: { id } }) => [kind, id])).toEqual([
          ["damaged", blob.id],
          ["repaired", blob.id],
        ]);
        // The damaged bytes are garbage now, and only they.
        expect(await blobs.collect(NEVER)).toMatchObject({ blobs: 0 });
        expect(existsSync(file)).toBe(false);
        expect((await readAll(await blobs.open(blob.id))).equals(bytes)).toBe(true);
      }
  }, 60_000);

  test("bytes that are gone are damage; a store that comes back ends it", async () => {
    const { server, put, reports } = await install();
    const blobs = server(Number.MAX_SAFE_INTEGER);
    const customerKey = randomBytes(32);
    const plain = await put(blobs, randomBytes(300_000));
    const customers = await put(blobs, randomBytes(300_000), {
      encryption: { scope: "customer/one", customerKey },
    });
    const damaged = async (count: number) => {
      while ((await blobs.totals()).damaged !== count)
        await new Promise((resolve) => setTimeout(resolve, 10));
    };
    const ways = {
      "a reader": [
        () => blobs.open(plain.blob.id).catch(() => undefined),
        () => blobs.open(customers.blob.id, undefined, { customerKey }).catch(() => undefined),
      ],
      "who asks whether it is there": [
        () => blobs.isThere(plain.blob.id),
        () => blobs.isThere(customers.blob.id),
      ],
      // Its next round, not only the next pass.
      "the scrub": [() => blobs.scrub(NEVER)],
    };
    await blobs.scrub(NEVER);
    for (const notice of Object.values(ways)) {
      for (const { file } of [plain, customers]) renameSync(file, `${file}.away`);
      for (const way of notice) await way();
      // No new pass is due, in which the scrub would have noticed.
      if (notice === ways["the scrub"]) for (const way of ways["a reader"]) await way();
      await damaged(2);
      await expect(blobs.open(plain.blob.id)).rejects.toBeInstanceOf(BlobMissing);
      expect(await blobs.isThere(customers.blob.id)).toBe(false);
      for (const { file } of [plain, customers]) renameSync(`${file}.away`, file);
      for (const way of notice) await way();
      await damaged(0);
      expect((await readAll(await blobs.open(plain.blob.id))).length).toBe(300_000);
      const opened = await blobs.open(customers.blob.id, undefined, { customerKey });
      expect((await readAll(opened)).length).toBe(300_000);
    }
    for (const kind of ["damaged", "repaired"] as const)
      expect(reports.filter((report) => report.kind === kind)).toHaveLength(6);
  });

  test("what lies under a key that is not to be had is compared with what it was the week before", async () => {
    const { server, keys, reports, put, time } = await install();
    const blobs = server(Number.MAX_SAFE_INTEGER);
    const customerKey = randomBytes(32);
    const customer = { scope: "customer/one", customerKey } as const;
    const bytes = randomBytes(100_000);
    const one = await put(blobs, randomBytes(100_000), { encryption: { scope: KMS_KEY } });
    const other = await put(blobs, bytes, { encryption: customer });
    await put(blobs, randomBytes(100), { encryption: customer });
    await put(blobs, randomBytes(100_000), { encryption: { scope: "server" } });
    keys.disabled.add(KMS_KEY);
    // The first time there is nothing to compare with.
    expect(await blobs.scrub(NEVER)).toMatchObject({ blobs: 4, skipped: 3, intact: 1, damaged: 0 });
    time.now += 7 * DAY;
    expect(await blobs.scrub(NEVER)).toMatchObject({ blobs: 4, skipped: 0, intact: 4, damaged: 0 });
    expect(reports).toEqual([]);
    for (const { file } of [one, other]) flip(file, 70_000);
    time.now += 7 * DAY;
    expect(await blobs.scrub(NEVER)).toMatchObject({ blobs: 4, skipped: 0, intact: 2, damaged: 2 });
    expect(reports.map(({ kind, blob }) => [kind, blob.id]).toSorted()).toEqual(
      [one, other].map(({ blob }) => ["damaged", blob.id]).toSorted(),
    );
    // The client that has key and bytes heals its own, which are compared with what they are from then on.
    await put(blobs, bytes, { encryption: customer });
    const healed = await readAll(await blobs.open(other.blob.id, undefined, { customerKey }));
    expect(healed.equals(bytes)).toBe(true);
    flip(one.file, 70_000);
    keys.disabled.delete(KMS_KEY);
    time.now += 7 * DAY;
    expect(await blobs.scrub(NEVER)).toMatchObject({ skipped: 1, intact: 3, damaged: 0 });
    time.now += 7 * DAY;
    expect(await blobs.scrub(NEVER)).toMatchObject({ skipped: 0, intact: 4, damaged: 0 });
    expect((await readAll(await blobs.open(one.blob.id))).length).toBe(100_000);
  });

  for (const storageClass of ["hot", "cold"] as const)
    test(`a ${storageClass} blob that the disk fails to read is told of, the pass goes on behind it, and the same bytes heal it`, async () => {
      const { server, metadata, store, put, reports, time } = await install();
      const blobs = server(Number.MAX_SAFE_INTEGER);
      const copies: Blob[] = [];
      const contents = new Map<string, Buffer>();
      for (let index = 0; index < 3; index++) {
        const bytes = randomBytes(300_000);
        const { blob } = await put(blobs, bytes, { encryption: { scope: "server" } });
        const copy = await blobs.copy({ blobId: blob.id }, { storageClass }, {}, keepFor(blobs, "keeper"));
        copies.push(copy);
        contents.set(copy.id, bytes);
        // Nothing to repair it from.
        if (blob.id !== copy.id) await metadata.write((tx) => blobs.release(tx, blob.id, "keeper"));
      }
      time.now += 2 * DAY;
      await blobs.collect(NEVER);
      const [first = ""] = copies.map(({ id }) => id).toSorted();
      const row = metadata.reader.selectFrom("blobs").select("location").where("id", "=", first);
      const { location: bad } = await row.executeTakeFirstOrThrow();
      const open = store.open.bind(store);
      store.open = async (location, ...range) => (location === bad ? failing() : open(location, ...range));
      expect(await blobs.scrub(NEVER)).toMatchObject({ intact: 2, damaged: 1, finishedAt: time.now });
      expect(reports).toMatchObject([{ kind: "damaged", blob: { id: first } }]);
      // Whoever wants what of it can still be read is not kept from it: a cable may have been mended.
      store.open = open;
      expect((await readAll(await blobs.open(first))).length).toBe(300_000);
      store.open = async (location, ...range) => (location === bad ? failing() : open(location, ...range));
      expect(await blobs.isThere(first)).toBe(false);
      const bytes = contents.get(first) ?? Buffer.alloc(0);
      const again = await blobs.upload(
        body(bytes),
        sha256(bytes),
        { encryption: { scope: "server" } },
        keepFor(blobs, "again"),
      );
      if (storageClass === "cold")
        await blobs.copy({ blobId: again.id }, { storageClass }, {}, keepFor(blobs, "keeper"));
      expect((await readAll(await blobs.open(first))).equals(bytes)).toBe(true);
      expect(await blobs.totals()).toMatchObject({ damaged: 0 });
    });

  test("what cannot be looked at, for whatever reason, does not keep the others from it", async () => {
    const { server, metadata, store, put, time } = await install();
    const blobs = server(Number.MAX_SAFE_INTEGER);
    const encryption = { scope: "server" } as const;
    const ids: string[] = [];
    for (let index = 0; index < 5; index++)
      ids.push((await put(blobs, randomBytes(100_000), { encryption })).blob.id);
    const [rotten = "", forbidden = "", lost = ""] = ids.toSorted();
    const set = (id: string, row: { extents: string } | { damaged_at: number; damage: "missing" }) =>
      metadata.write((tx) => tx.updateTable("blobs").set(row).where("id", "=", id).execute());
    await set(rotten, { extents: "nonsense" });
    await set(lost, { damaged_at: 1, damage: "missing" });
    const places = metadata.reader
      .selectFrom("blobs")
      .select("location")
      .where("id", "in", [forbidden, lost]);
    const closed = (await places.execute()).map(({ location }) => location);
    const open = store.open.bind(store);
    store.open = async (location, ...range) => {
      if (closed.includes(location)) throw Object.assign(new Error("EACCES"), { code: "EACCES" });
      return open(location, ...range);
    };
    const found = await blobs.scrub(NEVER);
    expect(found).toMatchObject({ blobs: 5, intact: 2, finishedAt: time.now });
    // But a store that is not there at all is waited for.
    time.now += 7 * DAY;
    store.open = async () => Promise.reject(new StorageUnavailable("no answer"));
    await expect(blobs.scrub(NEVER)).rejects.toBeInstanceOf(StorageUnavailable);
    store.open = open;
    expect(await blobs.scrub(NEVER)).toMatchObject({ blobs: 5, intact: 4, finishedAt: time.now });
  });

  test("a sector that only a reader met is noted too", async () => {
    const { server, store, put, reports } = await install();
    const blobs = server(Number.MAX_SAFE_INTEGER);
    const { blob } = await put(blobs, randomBytes(300_000), { encryption: { scope: "server" } });
    const open = store.open.bind(store);
    store.open = async () => failing();
    await expect(blobs.open(blob.id).then(readAll)).rejects.toThrow("EIO");
    while (reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await blobs.isThere(blob.id)).toBe(false);
    store.open = open;
    // Read whole: it is none any more.
    await blobs.scrub(NEVER);
    expect(reports.map(({ kind }) => kind)).toEqual(["damaged", "repaired"]);
    expect(await blobs.isThere(blob.id)).toBe(true);
  });

  test("bytes that are lost, and nobody knows it yet, are there again when they are uploaded or copied again", async () => {
    const { server, reports, put, files } = await install();
    const blobs = server(0);
    const encryption = { scope: "server" } as const;
    for (const size of [100_000, 5_000]) {
      const bytes = randomBytes(size);
      // In pieces, so that also a small one is a file.
      const upload = async () => {
        const id = await blobs.beginUpload("owner", { encryption });
        await blobs.append(id, "owner", body(Buffer.from(bytes)));
        return blobs.finishUpload(id, "owner", sha256(bytes), keepFor(blobs, "keeper"));
      };
      const ways = {
        pieces: upload,
        "one request": () =>
          blobs.upload(body(Buffer.from(bytes)), sha256(bytes), { encryption }, keepFor(blobs, "b")),
        copy: async () => {
          const { blob } = await put(blobs, bytes, { encryption: { scope: KMS_KEY } });
          return blobs.copy({ blobId: blob.id }, { encryption }, {}, keepFor(blobs, "c"));
        },
      };
      let present = await upload();
      // Sent in one request, a small one lies beside its row from then on: nothing is lost with files.
      const all = size > 16_384 ? [ways.pieces, ways["one request"], ways.copy] : [ways["one request"]];
      for (const again of all) {
        for (const file of files()) rmSync(file);
        expect(await blobs.isThere(present.id)).toBe(false);
        present = await again();
        expect((await readAll(await blobs.open(present.id))).equals(bytes)).toBe(true);
      }
    }
    expect(reports.length).toBeGreaterThan(0);
  });

  test("damage that a reader met is repaired with the next round where a second copy is", async () => {
    const { server, reports, put } = await install();
    const blobs = server(Number.MAX_SAFE_INTEGER);
    const bytes = randomBytes(300_000);
    const { blob, file } = await put(blobs, bytes, { encryption: { scope: "server" } });
    await put(blobs, bytes, { encryption: { scope: KMS_KEY } });
    await blobs.scrub(NEVER);
    flip(file, 1000);
    await expect(blobs.open(blob.id).then(readAll)).rejects.toBeInstanceOf(BlobDamaged);
    while (reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    // No new pass is due.
    await blobs.scrub(NEVER);
    expect((await readAll(await blobs.open(blob.id))).equals(bytes)).toBe(true);
  });

  test("a round that is broken off goes on where it was, on another server too", async () => {
    const { server, put, time } = await install();
    const slow = server(1_000_000);
    for (let index = 0; index < 150; index++) await put(slow, randomBytes(100));
    const stop = new AbortController();
    const round = slow.scrub(stop.signal);
    while ((await slow.totals()).scrubbed < 100) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort();
    const broken = await round;
    expect(broken?.finishedAt).toBe(0);
    expect(await slow.totals()).toMatchObject({ scrubbed: broken?.blobs });
    const startedAt = time.now;
    time.now += DAY;
    const whole = { blobs: 150, intact: 150, startedAt, finishedAt: time.now };
    expect(await server(Number.MAX_SAFE_INTEGER).scrub(NEVER)).toMatchObject(whole);
    expect(await server(0).scrub(NEVER)).toBeUndefined();
  });
});

/** What a disk with a bad sector gives. As with the stores' own streams, nobody needs to be listening yet. */
function failing(): Readable {
  const error = Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
  const stream = new Readable({ read: (): void => undefined, construct: (done) => done(error) });
  return stream.on("error", () => undefined);
}
