/** How uploads become blobs, and what becomes of blobs. */
import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { rmSync, truncateSync } from "node:fs";
import fc from "fast-check";
import { BlobMissing } from "../../src/storage/blobs/errors.ts";
import { body, keepFor, readAll, sha256 } from "../blob-bytes.ts";
import { DAY, describeOnEachInstallation, MEBIBYTE, NEVER, OWNER } from "./blob-installations.ts";

describeOnEachInstallation("blobs", ({ install, kind }) => {
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
      { numRuns: kind === "disk" ? 30 : 6 },
    );
  }, 60_000);

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
});
