/** Bytes that come, are looked at and are committed in one request. */
import { expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import type { TakenContent } from "../../src/storage/blobs/blobs.ts";
import { BlobTooLarge, BodyBrokenOff, DigestMismatch, InspectAgain } from "../../src/storage/blobs/errors.ts";
import { body, brokenBody, keepFor, readAll, sha256 } from "../blob-bytes.ts";
import { describeOnEachInstallation, MEBIBYTE, NEVER } from "./blob-installations.ts";

describeOnEachInstallation("blobs of one request", ({ install }) => {
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
      expect(await failed.catch((failure: unknown) => failure)).toBeInstanceOf(error);
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
      // Not by `rejects`: bun waits for that in a loop of its own, in which a second thread's answers may not come.
      const failure: unknown = await failed.then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ message: expect.stringContaining(message) });
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
});
