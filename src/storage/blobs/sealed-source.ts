import type { Readable } from "node:stream";
import { BlobDamaged } from "./errors.ts";
import { FileReadable } from "./file-readable.ts";

/** Encrypted bytes on their way to be decrypted. */
export interface SealedSource {
  /** The next bytes, exactly so many. They may change with the next call. Throws BlobDamaged at the end. */
  take(length: number): Promise<Uint8Array>;
  close(): void;
}

/** @param buffered how much of a file is read at a time, in bytes */
export function sealedSource(bytes: Readable, buffered: number): SealedSource {
  return bytes instanceof FileReadable ? new FileSource(bytes, buffered) : new StreamSource(bytes);
}

/** Through one buffer that is used again and again: what is decrypted lies elsewhere. */
class FileSource implements SealedSource {
  readonly #file: FileReadable;
  readonly #buffer: Buffer;
  #start = 0;
  #end = 0;

  constructor(file: FileReadable, buffered: number) {
    this.#file = file;
    this.#buffer = Buffer.allocUnsafeSlow(buffered);
  }

  async take(length: number): Promise<Uint8Array> {
    if (this.#end - this.#start < length) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    while (this.#end - this.#start < length) {
      const came = await this.#file.readInto(this.#buffer.subarray(this.#end));
      if (came === 0) throw new BlobDamaged("encrypted bytes end too early");
      this.#end += came;
    }
    this.#start += length;
    return this.#buffer.subarray(this.#start - length, this.#start);
  }

  close(): void {
    this.#file.destroy();
  }
}

class StreamSource implements SealedSource {
  readonly #bytes: Readable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(bytes: Readable) {
    this.#bytes = bytes;
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /** Copies only where a chunk ends between them. */
  async take(length: number): Promise<Uint8Array> {
    if (this.#chunk.length >= length) return this.#cut(length);
    const gathered = Buffer.allocUnsafeSlow(length);
    for (let filled = 0; ; ) {
      const part = this.#cut(Math.min(length - filled, this.#chunk.length));
      gathered.set(part, filled);
      filled += part.length;
      if (filled === length) return gathered;
      const next = await this.#chunks.next();
      if (next.done === true) throw new BlobDamaged("encrypted bytes end too early");
      this.#chunk = next.value;
    }
  }

  close(): void {
    this.#bytes.destroy();
  }

  #cut(length: number): Uint8Array {
    const part = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return part;
  }
}
