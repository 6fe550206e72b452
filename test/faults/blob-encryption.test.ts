import { afterAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import pino from "pino";
import type { Encryption } from "../../src/storage/blobs/blob-keys.ts";
import type { DamageReport } from "../../src/storage/blobs/damage.ts";
import { createBlobs } from "../../src/storage/blobs/engine.ts";
import { BlobDamaged, BodyBrokenOff, WrongCustomerKey } from "../../src/storage/blobs/errors.ts";
import { migrations } from "../../src/storage/blobs/migrations.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { body, filesIn, keepFor, readAll, sha256 } from "../blob-bytes.ts";
import { BlobTestKeys, KeyDisabled } from "../blob-test-keys.ts";
import { describeOnEachStore } from "../contract/blob-stores.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const SEGMENT = 65_536;
const STORED_SEGMENT = SEGMENT + 16;
const SERVER: Encryption = { scope: "server" };
const OWNER = "ecr/repository-1";
const DAY = 86_400_000;

describeOnEachStore("encryption at rest", (stores) => {
  const closing: (() => Promise<unknown> | unknown)[] = [];
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  async function install() {
    const place = temporaryFolder("encryption");
    const metadata = await openMetadata(join(place.path, "metadata.db"), migrations);
    const [url, coldUrl] = [stores.fresh(), stores.fresh()];
    const store = await stores.open(url, { minimumFreeBytes: 0 });
    const coldStore = await stores.open(coldUrl, { minimumFreeBytes: 0 });
    closing.push(
      () => place.remove(),
      () => metadata.close(),
      () => store.close(),
      () => coldStore.close(),
    );
    const keys = new BlobTestKeys();
    const reports: DamageReport[] = [];
    const clock = { now: () => new Date(Date.UTC(2026, 0, 1)), dayMilliseconds: DAY };
    const log = pino({ level: "silent" });
    const blobs = createBlobs({
      ...{ metadata, store, coldStore, keys, clock, log },
      onDamage: (report) => reports.push(report),
    });
    const folders = [stores.folder(url), stores.folder(coldUrl)];
    return { blobs, metadata, keys, reports, database: place.path, files: () => folders.flatMap(filesIn) };
  }

  test("a blob in pieces of any length is read in any range", async () => {
    const { blobs } = await install();
    const length = fc.oneof(fc.integer({ min: 1, max: 3 * SEGMENT }), fc.constantFrom(SEGMENT, SEGMENT + 1));
    await fc.assert(
      fc.asyncProperty(
        fc.array(length, { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 3, maxLength: 3 }),
        async (lengths, ranges) => {
          const pieces = lengths.map((size) => randomBytes(size));
          const whole = Buffer.concat(pieces);
          const id = await blobs.beginUpload(OWNER, { encryption: SERVER });
          for (const piece of pieces) await blobs.append(id, OWNER, Readable.from([piece]));
          const blob = await blobs.finishUpload(id, OWNER, sha256(whole), keepFor(blobs, "a"));
          expect((await readAll(await blobs.open(blob.id))).equals(whole)).toBe(true);
          for (const [one, two] of ranges) {
            const [a, b] = [one % whole.length, two % whole.length];
            const range = { start: Math.min(a, b), end: Math.max(a, b) };
            const bytes = await readAll(await blobs.open(blob.id, range));
            expect(bytes.equals(whole.subarray(range.start, range.end + 1))).toBe(true);
          }
        },
      ),
      { numRuns: stores.kind === "disk" ? 40 : 8 },
    );
  }, 120_000);

  test("a flipped bit, other segments, another blob's bytes: nothing of it is given out, and it is noted", async () => {
    const damages: Record<string, (bytes: Buffer, other: Buffer) => Buffer> = {
      "a bit of the first segment": (bytes) => flipped(bytes, 0),
      "a bit of a tag": (bytes) => flipped(bytes, STORED_SEGMENT - 1),
      "a bit of the last segment": (bytes) => flipped(bytes, bytes.length - 17),
      "segments in another order": (bytes) =>
        Buffer.concat([
          bytes.subarray(STORED_SEGMENT, 2 * STORED_SEGMENT),
          bytes.subarray(0, STORED_SEGMENT),
          bytes.subarray(2 * STORED_SEGMENT),
        ]),
      "another blob's bytes": (_, other) => other,
    };
    for (const [name, damage] of Object.entries(damages)) {
      const { blobs, reports, files } = await install();
      const bytes = randomBytes(3 * SEGMENT + 100);
      const blob = await blobs.upload(
        body(bytes),
        sha256(bytes),
        { encryption: SERVER },
        keepFor(blobs, "a"),
      );
      const [file = ""] = files();
      const other = randomBytes(bytes.length);
      await blobs.upload(body(other), sha256(other), { encryption: SERVER }, keepFor(blobs, "b"));
      const otherFile = files().find((name) => name !== file) ?? "";
      writeFileSync(file, damage(readFileSync(file), readFileSync(otherFile)));
      const got: Uint8Array[] = [];
      const reading = async () => {
        for await (const chunk of (await blobs.open(blob.id)) as AsyncIterable<Uint8Array>) got.push(chunk);
      };
      await expect(reading(), name).rejects.toBeInstanceOf(BlobDamaged);
      // What was given out before the damage is right.
      const given = Buffer.concat(got);
      expect(given.equals(bytes.subarray(0, given.length)), name).toBe(true);
      expect(given.length, name).toBeLessThan(bytes.length);
      await eventually(() => reports.length > 0);
      expect(reports, name).toMatchObject([{ kind: "damaged", blob: { id: blob.id } }]);
      await expect(blobs.open(blob.id), name).rejects.toBeInstanceOf(BlobDamaged);
      expect(await blobs.totals(), name).toMatchObject({ damaged: 1 });

      // The same bytes again heal it, where it is.
      const healed = await blobs.upload(
        body(bytes),
        sha256(bytes),
        { encryption: SERVER },
        keepFor(blobs, "c"),
      );
      expect(healed.id, name).toBe(blob.id);
      expect((await readAll(await blobs.open(blob.id))).equals(bytes), name).toBe(true);
      expect(await blobs.totals(), name).toMatchObject({ damaged: 0, blobs: 2 });
      await blobs.collect(new AbortController().signal);
      expect(files(), name).toHaveLength(2);
      expect((await readAll(await blobs.open(blob.id))).equals(bytes), name).toBe(true);
    }
  }, 60_000);

  test("a cut end is found, also between two segments", async () => {
    const { blobs, files } = await install();
    const bytes = randomBytes(3 * SEGMENT);
    const blob = await blobs.upload(body(bytes), sha256(bytes), { encryption: SERVER }, keepFor(blobs, "a"));
    const [file = ""] = files();
    writeFileSync(file, readFileSync(file).subarray(0, 2 * STORED_SEGMENT));
    await expect(blobs.open(blob.id).then(readAll)).rejects.toThrow();
    await expect(blobs.open(blob.id).then(readAll)).rejects.toThrow();
  });

  test("no plaintext lies in the store, the database or its log", async () => {
    const { blobs, files, database } = await install();
    const secret = Buffer.from("the secret of this house is forty-two");
    const customerKey = randomBytes(32);
    for (const [index, filling] of [0, 100_000, 9_000_000].entries()) {
      const bytes = Buffer.concat([secret, randomBytes(filling), secret, Buffer.from(String(index))]);
      for (const encryption of [SERVER, { scope: "customer/one", customerKey } as const]) {
        const blob = await blobs.upload(body(bytes), sha256(bytes), { encryption }, keepFor(blobs, "a"));
        await blobs.copy({ blobId: blob.id, customerKey }, { storageClass: "cold" }, {}, keepFor(blobs, "b"));
      }
      const id = await blobs.beginUpload(OWNER, { encryption: SERVER });
      await blobs.append(id, OWNER, body(bytes));
    }
    const found = [...files(), ...filesIn(database)].filter((file) => readFileSync(file).includes(secret));
    expect(found).toEqual([]);
    expect(files().length).toBeGreaterThanOrEqual(8);
    const keyed = [...files(), ...filesIn(database)].filter((file) =>
      readFileSync(file).includes(customerKey),
    );
    expect(keyed).toEqual([]);
  });

  test("what is tried again with other bytes at the same place shares no key stream with what came before", async () => {
    const { blobs, files, metadata } = await install();
    const id = await blobs.beginUpload(OWNER, { encryption: SERVER });
    const zeros = Buffer.alloc(100_000);
    const seen = new Set<string>();
    for (const bytes of [zeros, zeros]) {
      const copy = await blobs.beginUpload(OWNER, { encryption: SERVER });
      const broken = Readable.from(
        (async function* () {
          yield bytes;
          throw new Error("gone");
        })(),
        { objectMode: false },
      );
      await expect(blobs.append(copy, OWNER, broken)).rejects.toBeInstanceOf(BodyBrokenOff);
      const row = await metadata.reader
        .selectFrom("blob_uploads")
        .select("extents")
        .where("id", "=", copy)
        .executeTakeFirstOrThrow();
      expect(seen.has(row.extents)).toBe(false);
      seen.add(row.extents);
    }
    // Two appends of the same upload: the same plaintext, and nothing of the ciphertext comes twice.
    await blobs.append(id, OWNER, body(zeros));
    await blobs.append(id, OWNER, body(zeros));
    const stored = files().flatMap(bytesThatStay);
    // On S3, what the first append staged may still lie beside the object that has both: each file for itself.
    for (const bytes of stored) {
      const blocks = Array.from({ length: Math.floor(bytes.length / 16) }, (_, index) =>
        bytes.subarray(index * 16, index * 16 + 16).toString("hex"),
      );
      expect(new Set(blocks).size).toBe(blocks.length);
    }
    expect(stored.some((bytes) => bytes.length > 2 * zeros.length)).toBe(true);
  });

  test("the same bytes are one blob within a scope, and another in every other", async () => {
    const { blobs } = await install();
    const customerKey = randomBytes(32);
    const encryptions: Encryption[] = [
      { scope: "none" },
      SERVER,
      { scope: "arn:aws:kms:us-east-1:123456789012:key/1" },
      { scope: "customer/one", customerKey },
    ];
    for (const bytes of [randomBytes(100), randomBytes(100_000)]) {
      const ids = new Set<string>();
      for (const encryption of encryptions) {
        const [one, two] = [
          await blobs.upload(body(bytes), sha256(bytes), { encryption }, keepFor(blobs, "a")),
          await blobs.upload(body(bytes), sha256(bytes), { encryption }, keepFor(blobs, "b")),
        ];
        expect(two).toEqual(one);
        expect(one.scope).toBe(encryption.scope);
        ids.add(one.id);
        expect((await readAll(await blobs.open(one.id, undefined, { customerKey }))).equals(bytes)).toBe(
          true,
        );
      }
      expect(ids.size).toBe(encryptions.length);
    }
  });

  test("what lies under a customer's key is read with it alone", async () => {
    const { blobs } = await install();
    for (const bytes of [randomBytes(100), randomBytes(100_000)]) {
      const customerKey = randomBytes(32);
      const encryption = { scope: `customer/${sha256(customerKey)}`, customerKey } as const;
      const blob = await blobs.upload(body(bytes), sha256(bytes), { encryption }, keepFor(blobs, "a"));
      expect((await readAll(await blobs.open(blob.id, undefined, { customerKey }))).equals(bytes)).toBe(true);
      for (const wrong of [undefined, randomBytes(32), customerKey.subarray(1)]) {
        const options = wrong && { customerKey: wrong };
        await expect(blobs.open(blob.id, undefined, options)).rejects.toBeInstanceOf(WrongCustomerKey);
        const copying = blobs.copy(
          { blobId: blob.id, ...options },
          { encryption: SERVER },
          {},
          keepFor(blobs, "b"),
        );
        await expect(copying).rejects.toBeInstanceOf(WrongCustomerKey);
      }
      const again = { ...encryption, customerKey: randomBytes(32) };
      const source = await blobs.upload(body(bytes), sha256(bytes), {}, keepFor(blobs, "c"));
      const claiming = blobs.copy({ blobId: source.id }, { encryption: again }, {}, keepFor(blobs, "d"));
      await expect(claiming).rejects.toBeInstanceOf(WrongCustomerKey);
    }
    await expect(
      blobs.beginUpload(OWNER, { encryption: { scope: "customer/one", customerKey: randomBytes(32) } }),
    ).rejects.toThrow(TypeError);
  });

  test("a key that is disabled lets nothing in and nothing out, and harms nothing", async () => {
    const { blobs, keys, files } = await install();
    const scope = "arn:aws:kms:us-east-1:123456789012:key/1";
    const bytes = randomBytes(100_000);
    const blob = await blobs.upload(
      body(bytes),
      sha256(bytes),
      { encryption: { scope } },
      keepFor(blobs, "a"),
    );
    const id = await blobs.beginUpload(OWNER, { encryption: { scope } });
    const before = files();
    keys.disabled.add(scope);
    await expect(blobs.open(blob.id)).rejects.toBeInstanceOf(KeyDisabled);
    await expect(blobs.append(id, OWNER, body(bytes))).rejects.toBeInstanceOf(KeyDisabled);
    const refused = blobs.upload(body(bytes), sha256(bytes), { encryption: { scope } }, keepFor(blobs, "b"));
    await expect(refused).rejects.toBeInstanceOf(KeyDisabled);
    expect(files()).toEqual(before);
    keys.disabled.delete(scope);
    expect(await blobs.append(id, OWNER, body(bytes))).toBe(bytes.length);
    expect((await readAll(await blobs.open(blob.id))).equals(bytes)).toBe(true);
  });

  test("copies: to another key, to the cold tier and back, small and large, and no byte moves twice", async () => {
    const { blobs, files } = await install();
    const contents = [
      Buffer.alloc(0),
      randomBytes(100),
      Buffer.alloc(5_000_000, "compressible "),
      randomBytes(9_000_000),
    ];
    for (const bytes of contents) {
      const hot = await blobs.upload(body(bytes), sha256(bytes), { encryption: SERVER }, keepFor(blobs, "a"));
      const cold = await blobs.copy({ blobId: hot.id }, { storageClass: "cold" }, {}, keepFor(blobs, "b"));
      expect(cold).toEqual({ ...hot, id: cold.id, storageClass: "cold" });
      expect(cold.id).not.toBe(hot.id);
      expect((await readAll(await blobs.open(cold.id))).equals(bytes)).toBe(true);
      if (bytes.length > 1000) {
        const range = { start: 70_000, end: bytes.length - 70_001 };
        const part = await readAll(await blobs.open(cold.id, range));
        expect(part.equals(bytes.subarray(range.start, range.end + 1))).toBe(true);
      }
      const before = files();
      const again = await blobs.copy({ blobId: hot.id }, { storageClass: "cold" }, {}, keepFor(blobs, "c"));
      const same = await blobs.copy({ blobId: hot.id }, {}, {}, keepFor(blobs, "c"));
      expect([again.id, same.id]).toEqual([cold.id, hot.id]);
      expect(files()).toEqual(before);
      const customerKey = randomBytes(32);
      const encryption = { scope: "customer/two", customerKey } as const;
      const target = { encryption, storageClass: "hot" } as const;
      const other = await blobs.copy({ blobId: cold.id }, target, {}, keepFor(blobs, "d"));
      expect((await readAll(await blobs.open(other.id, undefined, { customerKey }))).equals(bytes)).toBe(
        true,
      );
    }
    // Compressed: of 5 MB in two tiers little more than the hot copies is there.
    const sizes = files().map((file) => readFileSync(file).length);
    expect(sizes.filter((size) => size < 100_000).length).toBeGreaterThanOrEqual(1);
  }, 60_000);

  test("a copy of what is damaged is not made", async () => {
    for (const encryption of [SERVER, { scope: "none" } as const]) {
      const { blobs, reports, files } = await install();
      const bytes = randomBytes(300_000);
      const blob = await blobs.upload(body(bytes), sha256(bytes), { encryption }, keepFor(blobs, "a"));
      const [file = ""] = files();
      writeFileSync(file, flipped(readFileSync(file), 200_000));
      const copying = blobs.copy({ blobId: blob.id }, { storageClass: "cold" }, {}, keepFor(blobs, "b"));
      await expect(copying).rejects.toBeInstanceOf(BlobDamaged);
      await eventually(() => reports.length > 0);
      expect(reports).toMatchObject([{ kind: "damaged", blob: { id: blob.id } }]);
      await blobs.collect(new AbortController().signal);
      expect(files()).toEqual([file]);
    }
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds() && tries < 500; tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

/** On S3, what an append staged is removed behind its answer: it may go between being listed and being read. */
function bytesThatStay(file: string): Buffer[] {
  try {
    return [readFileSync(file)];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
