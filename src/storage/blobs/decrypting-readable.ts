import { Readable } from "node:stream";
import { BlobDamaged } from "./errors.ts";
import type { SegmentRange } from "./extents.ts";
import { ExtentCipher, TAG_BYTES } from "./segments.ts";

/** A range of an encrypted blob's bytes, decrypted as its reader asks for them. Fails with BlobDamaged. */
export class DecryptingReadable extends Readable {
  readonly #source: Readable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #range: SegmentRange;
  readonly #dataKey: Uint8Array;
  readonly #uploadId: string;
  #cipher: ExtentCipher | undefined;
  #cipherSalt = "";
  #segment = 0;
  #chunk: Uint8Array = new Uint8Array(0);
  #left: number;

  /** The source, which begins at `range.start` of the stored bytes, belongs to the stream from here on. */
  constructor(source: Readable, range: SegmentRange, dataKey: Uint8Array, uploadId: string) {
    super({ highWaterMark: 256 * 1024 });
    this.#source = source;
    this.#chunks = source[Symbol.asyncIterator]();
    this.#range = range;
    this.#dataKey = dataKey;
    this.#uploadId = uploadId;
    this.#left = range.length;
  }

  override _read(): void {
    this.#next().then(
      (bytes) => this.push(bytes ?? null),
      (error: Error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#source.destroy();
    done(error);
  }

  /** Undefined at the end. */
  async #next(): Promise<Uint8Array | undefined> {
    const segment = this.#range.segments[this.#segment];
    if (segment === undefined) return undefined;
    const sealed = await this.#take(segment.length + TAG_BYTES);
    const plain = this.#cipherOf(segment.salt).open(sealed, segment.index, segment.last);
    const skip = this.#segment++ === 0 ? this.#range.skip : 0;
    const wanted = plain.subarray(skip, skip + this.#left);
    this.#left -= wanted.length;
    return wanted;
  }

  /** The next stored bytes; copied only where a chunk ends between them. */
  async #take(length: number): Promise<Uint8Array> {
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

  #cut(length: number): Uint8Array {
    const part = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return part;
  }

  #cipherOf(salt: string): ExtentCipher {
    if (this.#cipher === undefined || salt !== this.#cipherSalt) {
      this.#cipher = new ExtentCipher(this.#dataKey, salt, this.#uploadId);
      this.#cipherSalt = salt;
    }
    return this.#cipher;
  }
}
