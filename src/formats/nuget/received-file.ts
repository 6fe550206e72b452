/**
 * A pushed package while its manifest is read: what it is called stands inside of it, and a zip's directory at its end.
 * It lies in a file that has no name any more, so that nothing of it is left whatever happens.
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { PackageInvalid } from "../../services/codeartifact/format.ts";

export interface ReceivedFile {
  readonly size: number;
  /** Inclusive; all without a range. */
  open(range?: { readonly start: number; readonly end: number }): Promise<Readable>;
}

const CHUNK = 256 * 1024;

/** Throws PackageInvalid for more than `limit` bytes. */
export async function withReceivedFile<Result>(
  body: Readable,
  limit: number,
  use: (file: ReceivedFile) => Promise<Result>,
): Promise<Result> {
  const path = join(tmpdir(), `shosoin-push-${randomUUID()}`);
  const handle = await open(path, "wx+", 0o600);
  try {
    await unlink(path);
    const size = await writeAll(handle, body, limit);
    return await use({
      size,
      open: async ({ start, end } = { start: 0, end: size - 1 }) => Readable.from(read(handle, start, end)),
    });
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, body: Readable, limit: number): Promise<number> {
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (size + chunk.length > limit) throw new PackageInvalid(`the package is larger than ${limit} bytes`);
    const { bytesWritten } = await handle.write(chunk, 0, chunk.length, size);
    if (bytesWritten !== chunk.length) throw new Error("the folder for temporary files is full");
    size += chunk.length;
  }
  return size;
}

async function* read(handle: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let position = start; position <= end; ) {
    const length = Math.min(CHUNK, end + 1 - position);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead === 0) throw new Error("a received package is shorter than what came");
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
