import { once } from "node:events";
import { pipeline, Readable } from "node:stream";
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";
import type { BlobWriter, StoredUpload } from "./blob-store.ts";
import { BlobDamaged } from "./errors.ts";

/** Compresses what one append brings, before it is encrypted or stored: one zstd frame (RFC 8878) with its checksum. */
export class CompressingWriter {
  readonly #below: Pick<BlobWriter, "write" | "finish">;
  readonly #zstd = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  readonly #moved: Promise<void>;

  constructor(below: Pick<BlobWriter, "write" | "finish">) {
    this.#below = below;
    this.#moved = this.#move();
    // Whoever writes or finishes next gets the error; until then it is nobody's.
    this.#moved.catch(() => undefined);
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#zstd.write(Buffer.from(chunk))) return;
    await Promise.race([once(this.#zstd, "drain"), this.#moved]);
  }

  async finish(): Promise<StoredUpload> {
    this.#zstd.end();
    await this.#moved;
    return this.#below.finish();
  }

  /** Nothing is given to the writer below any more when this resolves. */
  async abandon(): Promise<void> {
    this.#zstd.destroy();
    await Promise.allSettled([this.#moved]);
  }

  async #move(): Promise<void> {
    for await (const chunk of this.#zstd as AsyncIterable<Uint8Array>) await this.#below.write(chunk);
  }
}

/** Bytes `start` to `end` (both inclusive) of `size` in all; what lies before them has to be read, too. */
export function decompressed(coded: Readable, size: number, start: number, end: number): Readable {
  const zstd = createZstdDecompress();
  // An error reaches the reader through `zstd`.
  pipeline(coded, zstd, () => undefined);
  return Readable.from(cut(zstd, size, start, end), { objectMode: false });
}

async function* cut(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  try {
    for await (const chunk of chunks) {
      const wanted = chunk.subarray(Math.max(0, start - position), Math.max(0, end + 1 - position));
      position += chunk.length;
      if (wanted.length > 0) yield wanted;
      if (position > end && end < size - 1) return;
    }
  } catch (cause) {
    if (isZstdError(cause)) throw new BlobDamaged("compressed bytes are not what was written", { cause });
    throw cause;
  }
  if (position !== size) throw new BlobDamaged(`${size} compressed bytes became ${position}`);
}

function isZstdError(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ZSTD_");
}
