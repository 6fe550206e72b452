/**
 * Files as small as most packages are, kept in memory: opening one on the disk costs more than sending it. A blob never
 * changes, so nothing of this can be old.
 */
import type { Readable } from "node:stream";
import type { Blobs, ByteRange } from "../../../storage/blobs/blobs.ts";
import { BytesReadable } from "../../../storage/blobs/bytes-readable.ts";
import { ByteBoundedCache } from "./byte-bounded-cache.ts";

/** In bytes: what is larger costs more to send than to open. */
const LARGEST = 512 * 1024;
const OVERHEAD = 200;

export interface SmallAssets {
  open(blobId: string, size: number, range?: ByteRange): Promise<Readable>;
}

/** @param memory bytes for all of them */
export function createSmallAssets(blobs: Pick<Blobs, "open">, memory: number): SmallAssets {
  const known = new ByteBoundedCache<{ readonly content: Uint8Array; readonly bytes: number }>(memory);
  return {
    async open(blobId, size, range) {
      if (size > LARGEST) return blobs.open(blobId, range);
      let content = known.get(blobId)?.content;
      if (content === undefined) {
        content = await readWhole(await blobs.open(blobId));
        known.set(blobId, { content, bytes: OVERHEAD + content.length });
      }
      return new BytesReadable(range ? content.subarray(range.start, range.end + 1) : content);
    },
  };
}

async function readWhole(stream: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk);
  // Not from the pool, of which a small piece would keep the whole.
  const content = Buffer.allocUnsafeSlow(chunks.reduce((bytes, { length }) => bytes + length, 0));
  let position = 0;
  for (const chunk of chunks) {
    content.set(chunk, position);
    position += chunk.length;
  }
  return content;
}
