import { Readable, type Writable } from "node:stream";
import { BlobDamaged } from "./errors.ts";
import type { Segment, SegmentRange } from "./extents.ts";
import { type SealedSource, sealedSource } from "./sealed-source.ts";
import { ExtentCipher, SEGMENT_BYTES, TAG_BYTES } from "./segments.ts";
import { breakOff, isCrowded, whileSending, written } from "./sending.ts";

/** Segments of a file that are read at a time, and the same when many readers are served at once. */
const BUFFERED_SEGMENTS = 8;
const CROWDED_SEGMENTS = 1;

/**
 * A range of an encrypted blob's bytes, decrypted as its reader asks for them. A stream like any other, which fails with
 * BlobDamaged, and with `copyTo` a cheaper way to a socket.
 */
export class DecryptingReadable extends Readable {
  readonly #source: SealedSource;
  readonly #segments: Iterator<Segment>;
  readonly #dataKey: Uint8Array;
  readonly #uploadId: string;
  #cipher: ExtentCipher | undefined;
  #cipherSalt = "";
  /** Bytes of the next segment before the range. */
  #skip: number;
  #left: number;

  /** The source, which begins at `range.start` of the stored bytes, belongs to the stream from here on. */
  constructor(source: Readable, range: SegmentRange, dataKey: Uint8Array, uploadId: string) {
    super({ highWaterMark: 2 * SEGMENT_BYTES });
    const segments = Math.min(range.count, isCrowded() ? CROWDED_SEGMENTS : BUFFERED_SEGMENTS);
    const length = range.end - range.start + 1;
    this.#source = sealedSource(source, Math.min(length, segments * (SEGMENT_BYTES + TAG_BYTES)));
    this.#segments = range.segments();
    this.#skip = range.skip;
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
    this.#source.close();
    done(error);
  }

  /** Sends everything and ends `destination`, of which as much is under way as was read at a time. */
  async copyTo(destination: Writable): Promise<void> {
    await whileSending(async () => {
      let sent: Promise<void> = Promise.resolve();
      try {
        for (;;) {
          const bytes = await this.#next();
          if (bytes === undefined) break;
          await sent;
          sent = written(destination, bytes);
          sent.catch(() => undefined);
        }
        await sent;
        destination.end();
      } catch (error) {
        breakOff(destination);
        this.destroy(error instanceof Error ? error : new Error(String(error)));
        throw error;
      }
    });
    this.destroy();
  }

  /** Undefined at the end. */
  async #next(): Promise<Uint8Array | undefined> {
    const next = this.#segments.next();
    if (next.done === true) return undefined;
    const segment = next.value;
    const sealed = await this.#source.take(segment.length + TAG_BYTES);
    const plain = this.#cipherOf(segment.salt).open(sealed, segment.index, segment.last);
    const wanted = plain.subarray(this.#skip, this.#skip + this.#left);
    this.#skip = 0;
    this.#left -= wanted.length;
    return wanted;
  }

  #cipherOf(salt: string): ExtentCipher {
    if (this.#cipher === undefined || salt !== this.#cipherSalt) {
      this.#cipher = new ExtentCipher(this.#dataKey, salt, this.#uploadId);
      this.#cipherSalt = salt;
    }
    return this.#cipher;
  }
}

/** The same for stored bytes that are in memory. Throws BlobDamaged. */
export function decryptRange(
  stored: Uint8Array,
  { segments, start, skip, length }: SegmentRange,
  dataKey: Uint8Array,
  uploadId: string,
): Uint8Array {
  let at = start;
  const plain = Array.from(segments(), ({ salt, index, last, length: segmentLength }) => {
    const end = at + segmentLength + TAG_BYTES;
    if (end > stored.length) throw new BlobDamaged("encrypted bytes end too early");
    const sealed = stored.subarray(at, end);
    at = end;
    return new ExtentCipher(dataKey, salt, uploadId).open(sealed, index, last);
  });
  const [first = new Uint8Array(0)] = plain;
  const whole = plain.length === 1 ? first : Buffer.concat(plain);
  return whole.subarray(skip, skip + length);
}
