import type { Readable, Writable } from "node:stream";
import { BytesReadable } from "./bytes-readable.ts";
import { DecryptingReadable } from "./decrypting-readable.ts";
import { FileReadable } from "./file-readable.ts";
import { breakOff, written } from "./sending.ts";

/**
 * Sends a blob's bytes (what `Blobs.open` gave) to a response and ends it, the cheapest way its store allows.
 * Rejects when reading fails or the client goes away; `destination` is destroyed then.
 */
export async function sendBytes(bytes: Readable, destination: Writable): Promise<void> {
  if (isDirect(bytes)) return bytes.copyTo(destination);
  try {
    for await (const chunk of bytes) await written(destination, chunk);
    destination.end();
  } catch (error) {
    breakOff(destination);
    throw error;
  }
}

function isDirect(bytes: Readable): bytes is FileReadable | BytesReadable | DecryptingReadable {
  return [FileReadable, BytesReadable, DecryptingReadable].some((kind) => bytes instanceof kind);
}
