import { afterAll, expect, test } from "bun:test";
import { randomBytes, randomUUID } from "node:crypto";
import { statSync, truncateSync } from "node:fs";
import type { BlobStore, StoredUpload } from "../../src/storage/blobs/blob-store.ts";
import { BlobMissing, StorageFull } from "../../src/storage/blobs/errors.ts";
import { filesIn, readAll, sha256 } from "../blob-bytes.ts";
import { describeOnEachStore } from "./blob-stores.ts";

const MEBIBYTE = 1024 * 1024;

describeOnEachStore("a blob store", (stores) => {
  const opened: BlobStore[] = [];
  afterAll(async () => {
    for (const store of opened) await store.close();
  });
  const open = async (url = stores.fresh()) => {
    const store = await stores.open(url, { minimumFreeBytes: 0 });
    opened.push(store);
    return store;
  };

  test("gives back what was appended, whole and in ranges", async () => {
    const store = await open();
    const bytes = randomBytes(3 * MEBIBYTE + 17);
    const upload = await appended(store, begin(), bytes);
    const { location } = await store.seal(upload);
    expect(upload.size).toBe(bytes.length);
    for (const [start, end] of [
      [0, bytes.length - 1],
      [0, 0],
      [MEBIBYTE - 1, MEBIBYTE],
      [bytes.length - 1, bytes.length - 1],
    ] as const) {
      const read = await readAll(await store.open(location, bytes.length, start, end));
      expect(read.equals(bytes.subarray(start, end + 1))).toBe(true);
    }
  });

  test("keeps an empty upload", async () => {
    const store = await open();
    const { location } = await store.seal(begin());
    expect(await readAll(await store.open(location, 0, 0, -1))).toHaveLength(0);
  });

  test("another server goes on where one stopped, at any position", async () => {
    const url = stores.fresh();
    const bytes = randomBytes(41 * MEBIBYTE);
    const cuts = [
      0,
      1,
      5 * MEBIBYTE,
      8 * MEBIBYTE,
      8 * MEBIBYTE + 1,
      24 * MEBIBYTE,
      40 * MEBIBYTE,
      bytes.length,
    ];
    let upload = begin();
    for (const [index, cut] of cuts.entries()) {
      upload = await appended(await open(url), upload, bytes.subarray(cuts[index - 1] ?? 0, cut));
      expect(upload.size).toBe(cut);
    }
    const store = await open(url);
    const { location } = await store.seal(upload);
    const read = await readAll(await (await open(url)).open(location, bytes.length, 0, bytes.length - 1));
    expect(sha256(read)).toBe(sha256(bytes));
  });

  test("bytes that were never acknowledged are not in the blob", async () => {
    const url = stores.fresh();
    const store = await open(url);
    const kept = randomBytes(9 * MEBIBYTE);
    const first = await appended(store, begin(), kept);
    // Durable in the store, but the row was not moved on: a crash in between.
    const unrecorded = await store.append(first);
    await unrecorded.write(randomBytes(12 * MEBIBYTE));
    await unrecorded.finish();
    const lost = await store.append(first);
    await lost.write(randomBytes(9 * MEBIBYTE));
    await lost.abandon();
    const rest = randomBytes(100);
    const upload = await appended(store, first, rest);
    const { location } = await store.seal(upload);
    const read = await readAll(await store.open(location, upload.size, 0, upload.size - 1));
    expect(sha256(read)).toBe(sha256(Buffer.concat([kept, rest])));
    const sizes = filesIn(stores.folder(url)).map((file) => statSync(file).size);
    if (stores.kind === "disk") expect(sizes).toEqual([upload.size]);
  });

  test("sealing again gives the same, also when the first answer was lost", async () => {
    const url = stores.fresh();
    const store = await open(url);
    const upload = await appended(store, begin(), randomBytes(9 * MEBIBYTE));
    const first = await store.seal(upload);
    const second = await (await open(url)).seal(upload);
    expect(second).toEqual(first);
    expect(await store.seal({ ...upload, state: first.state })).toEqual(first);
  });

  test.each([3 * MEBIBYTE, 20 * MEBIBYTE])(
    "a sealed upload of %d bytes can still be appended to",
    async (size) => {
      const store = await open();
      const bytes = randomBytes(size);
      const upload = await appended(store, begin(), bytes);
      const { state } = await store.seal(upload);
      const rest = randomBytes(10 * MEBIBYTE);
      for (const more of [rest.subarray(0, 10), rest]) {
        const longer = await appended(store, { ...upload, state }, more);
        const { location } = await store.seal(longer);
        const read = await readAll(await store.open(location, longer.size, 0, longer.size - 1));
        expect(sha256(read)).toBe(sha256(Buffer.concat([bytes, more])));
        if (more !== rest) return;
      }
    },
  );

  test("takes bytes in crumbs", async () => {
    const store = await open();
    const bytes = randomBytes(5000);
    const writer = await store.append(begin());
    for (const byte of bytes) await writer.write(Uint8Array.of(byte));
    const upload = await writer.finish();
    const { location } = await store.seal(upload);
    expect((await readAll(await store.open(location, 5000, 0, 4999))).equals(bytes)).toBe(true);
  });

  test("nothing is left of what is removed, in whatever state it was", async () => {
    const url = stores.fresh();
    const store = await open(url);
    const untouched = begin();
    const small = await appended(store, begin(), randomBytes(10));
    const started = await appended(store, begin(), randomBytes(20 * MEBIBYTE));
    const sealed = await appended(store, begin(), randomBytes(20 * MEBIBYTE));
    const { location } = await store.seal(sealed);
    const abandoned = begin();
    const writer = await store.append(abandoned);
    await writer.write(randomBytes(20 * MEBIBYTE));
    await writer.abandon();
    for (const { id } of [untouched, small, started, sealed, abandoned]) {
      await store.remove(id);
      await store.remove(id);
    }
    await expect(store.open(location, sealed.size, 0, 0)).rejects.toBeInstanceOf(BlobMissing);
    expect(filesIn(stores.folder(url))).toEqual([]);
  });

  test("removing one copy leaves another of the same bytes alone", async () => {
    const store = await open();
    const bytes = randomBytes(1000);
    const [one, two] = [await appended(store, begin(), bytes), await appended(store, begin(), bytes)];
    await store.seal(one);
    const { location } = await store.seal(two);
    await store.remove(one.id);
    expect((await readAll(await store.open(location, 1000, 0, 999))).equals(bytes)).toBe(true);
  });

  test("a file that lost its end is reported as damage, not served", async () => {
    const url = stores.fresh();
    const store = await open(url);
    const upload = await appended(store, begin(), randomBytes(1000));
    const { location } = await store.seal(upload);
    const [file = ""] = filesIn(stores.folder(url));
    truncateSync(file, 990);
    await expect(store.open(location, 1000, 0, 999)).rejects.toBeInstanceOf(BlobMissing);
  });

  test("a reader that stops early costs nothing", async () => {
    const store = await open();
    const upload = await appended(store, begin(), randomBytes(30 * MEBIBYTE));
    const { location } = await store.seal(upload);
    for (let round = 0; round < 20; round++) {
      const bytes = await store.open(location, upload.size, 0, upload.size - 1);
      for await (const chunk of bytes) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      while (!bytes.destroyed) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });

  if (stores.kind === "disk") {
    test("refuses to write when less than the reserve is free, and still reads and removes", async () => {
      const url = stores.fresh();
      const upload = await appended(await open(url), begin(), randomBytes(1000));
      const full = await stores.open(url, { minimumFreeBytes: Number.MAX_SAFE_INTEGER });
      await expect(full.checkRoom()).rejects.toBeInstanceOf(StorageFull);
      const writer = await full.append(begin());
      const writing = async () => {
        for (let count = 0; count < 80; count++) await writer.write(Buffer.alloc(MEBIBYTE));
        await writer.finish();
      };
      await expect(writing()).rejects.toBeInstanceOf(StorageFull);
      await writer.abandon();
      const kept = filesIn(stores.folder(url)).map((file) => statSync(file).size);
      expect(kept.reduce((sum, size) => sum + size)).toBe(upload.size);
      const { location } = await full.seal(upload);
      expect(await readAll(await full.open(location, 1000, 0, 999))).toHaveLength(1000);
      await full.remove(upload.id);
    });
  }
});

function begin(): StoredUpload {
  return { id: randomUUID(), size: 0, state: "" };
}

async function appended(store: BlobStore, upload: StoredUpload, bytes: Uint8Array): Promise<StoredUpload> {
  const writer = await store.append(upload);
  for (let at = 0; at < bytes.length; at += 65_536) await writer.write(bytes.subarray(at, at + 65_536));
  const after = await writer.finish();
  await writer.settle();
  return after;
}
