import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import type { BlobStore, BlobWriter } from "./blob-store.ts";
import { StorageFull } from "./errors.ts";
import { appendBytes } from "./stored-bytes.ts";
import { UploadHash } from "./upload-hash.ts";

/** A store that takes so many bytes and then is full, and whether its writer was let go of. */
function storeFor(room: number) {
  const seen = { written: 0, abandoned: 0, finished: 0, afterwards: 0 };
  const writer: BlobWriter = {
    async write(chunk) {
      if (seen.abandoned > 0) seen.afterwards += 1;
      if (seen.written + chunk.length > room) throw new StorageFull("the disk is full");
      seen.written += chunk.length;
    },
    async finish() {
      seen.finished += 1;
      return { id: "id", size: seen.written, state: "" };
    },
    async abandon() {
      seen.abandoned += 1;
    },
    settle: async () => undefined,
  };
  return { seen, store: { append: async () => writer } as Pick<BlobStore, "append"> as BlobStore };
}

const upload = { size: 0, extents: "", stored: { id: "id", size: 0, state: "" } };

for (const storageClass of ["hot", "cold"] as const)
  for (const room of [0, 100_000, 600_000])
    test(`a ${storageClass} upload whose bytes do not fit after ${room} lets go of its writer, at the latest in the end`, async () => {
      const { seen, store } = storeFor(room);
      const hash = new UploadHash(["sha256"]);
      const writer = await appendBytes(store, { ...upload, storageClass }, randomBytes(32), hash);
      const sent = (async () => {
        for (let at = 0; at < 10; at++) await writer.write(randomBytes(70_000));
      })();
      const failure: unknown = await sent.then(
        () => writer.finish().catch((error: unknown) => error),
        async (error: unknown) => {
          await writer.abandon();
          return error;
        },
      );
      expect(failure).toBeInstanceOf(StorageFull);
      expect(seen).toMatchObject({ finished: 0, afterwards: 0 });
      expect(seen.abandoned).toBeGreaterThan(0);
    });
