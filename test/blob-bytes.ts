/** Bytes for the blob engine's tests: as a request brings them, as a blob gives them back, as a store has them. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Blob } from "../src/storage/blobs/blobs.ts";
import { type Digest, digestOf } from "../src/storage/blobs/digest.ts";
import type { BlobEngine } from "../src/storage/blobs/engine.ts";

/** In pieces that end where no segment does. */
export function body(bytes: Uint8Array): Readable {
  return Readable.from(pieces(bytes), { objectMode: false });
}

export function brokenBody(bytes: Uint8Array): Readable {
  return Readable.from(
    (async function* () {
      yield* pieces(bytes);
      throw new Error("aborted");
    })(),
    { objectMode: false },
  );
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
}

/** The caller's part of a finished upload. */
export function keepFor(blobs: BlobEngine, referrer: string) {
  return async (tx: Parameters<BlobEngine["reference"]>[0], blob: Blob): Promise<Blob> => {
    await blobs.reference(tx, blob.id, referrer);
    return blob;
  };
}

export async function readAll(bytes: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export function sha256(bytes: Uint8Array): Digest {
  return digestOf("sha256", createHash("sha256").update(bytes).digest("hex"));
}

export function filesIn(folder: string): string[] {
  // Folders may be removed while they are read.
  for (;;) {
    if (!existsSync(folder)) return [];
    try {
      return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
}

export function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}
