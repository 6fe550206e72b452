import type { Readable } from "node:stream";
import { BlobDamaged } from "./errors.ts";
import { FileReadable } from "./file-readable.ts";

/** Encrypted bytes on their way to be decrypted. */
export interface SealedSource {
  /** The next bytes, as many as the memory holds. One at a time. Throws BlobDamaged at the end. */
  fill(memory: Buffer): Promise<void>;
  close(): void;
}

export function sealedSource(bytes: Readable): SealedSource {
  return bytes instanceof FileReadable ? new FileSource(bytes) : new StreamSource(bytes);
}

class FileSource implements SealedSource {
  readonly #file: FileReadable;

  constructor(file: FileReadable) {
    this.#file = file;
  }

  async fill(memory: Buffer): Promise<void> {
    for (let filled = 0; filled < memory.length; ) {
      const came = await this.#file.readInto(memory.subarray(filled));
      if (came === 0) throw endsTooEarly();
      filled += came;
    }
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
    // Whoever fills next hears of it; until then an error that nobody listens for would end the process.
    bytes.on("error", () => undefined);
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  async fill(memory: Buffer): Promise<void> {
    for (let filled = 0; ; ) {
      const part = this.#chunk.subarray(0, memory.length - filled);
      memory.set(part, filled);
      filled += part.length;
      this.#chunk = this.#chunk.subarray(part.length);
      if (filled === memory.length) return;
      const next = await this.#chunks.next();
      if (next.done === true) throw endsTooEarly();
      this.#chunk = next.value;
    }
  }

  close(): void {
    this.#bytes.destroy();
  }
}

function endsTooEarly(): BlobDamaged {
  return new BlobDamaged("encrypted bytes end too early");
}
