/** Uploads that come in several requests. */
import { expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { digestOf } from "../../src/storage/blobs/digest.ts";
import {
  BlobTooLarge,
  BodyBrokenOff,
  DigestMismatch,
  OffsetMismatch,
  UploadNotFound,
} from "../../src/storage/blobs/errors.ts";
import { body, brokenBody, keepFor, readAll, sha256 } from "../blob-bytes.ts";
import { DAY, describeOnEachInstallation, MEBIBYTE, NEVER, OWNER } from "./blob-installations.ts";

describeOnEachInstallation("uploads in pieces", ({ defaultScope, install, kind }) => {
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
    const others = kind === "s3" ? [one, two] : [one];
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

  test("an empty blob is a blob", async () => {
    const { server } = await install();
    const { blobs } = await server();
    const id = await blobs.beginUpload(OWNER);
    const blob = await blobs.finishUpload(id, OWNER, sha256(Buffer.alloc(0)), keepFor(blobs, "image"));
    expect(blob.size).toBe(0);
    expect(await readAll(await blobs.open(blob.id))).toHaveLength(0);
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
});
