import type { Readable, Writable } from "node:stream";
import { SLOT_SEGMENTS } from "./byte-thread.ts";
import { BlobDamaged } from "./errors.ts";
import type { ExtentRun, SegmentRange } from "./extents.ts";
import { type SealedSource, sealedSource } from "./sealed-source.ts";
import { LocalPlace, placeHere, placeOnThread, SEGMENTS_HERE, type SegmentPlace } from "./segment-places.ts";
import { ExtentCipher, extentKey, SEGMENT_BYTES, sealedLength, TAG_BYTES } from "./segments.ts";
import { DirectReadable, isCrowded, whileSending, written } from "./sending.ts";

/** Runs that are read and decrypted while another one is sent. */
const AHEAD = 2;

/**
 * A range of an encrypted blob's bytes, decrypted as its reader asks for them. A stream like any other, which fails with
 * BlobDamaged, and with `sendTo` a cheaper way to a socket.
 */
export class DecryptingReadable extends DirectReadable {
  readonly #source: SealedSource;
  readonly #runs: Iterator<ExtentRun>;
  readonly #dataKey: Uint8Array;
  readonly #uploadId: string;
  readonly #onThread: boolean;
  readonly #segments: number;
  readonly #free: LocalPlace[] = [];
  #key: Uint8Array = new Uint8Array(0);
  #salt = "";
  /** Bytes of the next segment before the range. */
  #skip: number;
  #left: number;
  /** Sources are read one run after the other. */
  #read: Promise<void> = Promise.resolve();

  /** The source, which begins at `range.start` of the stored bytes, belongs to the stream from here on. */
  constructor(source: Readable, range: SegmentRange, dataKey: Uint8Array, uploadId: string) {
    super({ highWaterMark: 2 * SEGMENT_BYTES });
    // Many readers at once get little memory each.
    const isSmall = isCrowded();
    this.#onThread = range.count > SEGMENTS_HERE && !isSmall;
    this.#segments = this.#onThread ? SLOT_SEGMENTS : isSmall ? 1 : SEGMENTS_HERE;
    this.#source = sealedSource(source);
    this.#runs = range.runs(this.#segments);
    this.#skip = range.skip;
    this.#dataKey = dataKey;
    this.#uploadId = uploadId;
    this.#left = range.length;
  }

  override _read(): void {
    this.#next().then(
      (run) => {
        // A copy: it is not known how long the reader keeps it.
        this.push(run ? Buffer.from(run.bytes) : null);
        run?.place.giveBack();
      },
      (error: Error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#source.close();
    done(error);
  }

  /** Something is read and decrypted while something else is on its way. */
  async sendTo(destination: Writable, end: boolean): Promise<void> {
    try {
      await whileSending(() => this.#sendTo(destination, end));
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
    this.destroy();
  }

  async #sendTo(destination: Writable, end: boolean): Promise<void> {
    const ahead: Promise<OpenedRun | undefined>[] = [];
    let sent: Promise<void> = Promise.resolve();
    try {
      for (;;) {
        while (ahead.length < (this.#onThread ? AHEAD : 1)) ahead.push(this.#soon());
        const run = await ahead.shift();
        await sent;
        if (run === undefined) break;
        // Not given back where the client went away: something may still use it.
        sent = written(destination, run.bytes).then(() => run.place.giveBack());
        sent.catch(() => undefined);
      }
      // On its own: what the last bytes lie in is used again once they are written, and of `end` that is not known.
      if (end) destination.end();
    } finally {
      for (const run of ahead) run.then((late) => late?.place.giveBack()).catch(() => undefined);
    }
  }

  #soon(): Promise<OpenedRun | undefined> {
    const run = this.#next();
    // Whoever awaits it gets the error; until then it is nobody's.
    run.catch(() => undefined);
    return run;
  }

  /** Undefined at the end. */
  async #next(): Promise<OpenedRun | undefined> {
    const next = this.#runs.next();
    if (next.done === true) return undefined;
    const run = next.value;
    const key = this.#keyOf(run.salt);
    const [start, end] = [this.#skip, Math.min(run.length, this.#skip + this.#left)];
    this.#skip = 0;
    this.#left -= end - start;
    const place = this.#borrow();
    this.#read = this.#read.then(() => this.#source.fill(place.bytes.subarray(0, sealedLength(run.length))));
    await this.#read;
    await place.open(key, this.#uploadId, run);
    return { place, bytes: place.bytes.subarray(start, end) };
  }

  #borrow(): SegmentPlace {
    const onThread = this.#onThread ? placeOnThread() : undefined;
    if (onThread) return onThread;
    if (this.#segments === SEGMENTS_HERE) return placeHere();
    const size = sealedLength(this.#segments * SEGMENT_BYTES);
    return this.#free.pop() ?? new LocalPlace(size, (place) => this.#free.push(place));
  }

  #keyOf(salt: string): Uint8Array {
    if (salt !== this.#salt) {
      this.#key = extentKey(this.#dataKey, salt);
      this.#salt = salt;
    }
    return this.#key;
  }
}

/** Decrypted bytes of the range, and the memory that they lie in. */
interface OpenedRun {
  readonly place: SegmentPlace;
  readonly bytes: Uint8Array;
}

/** The same for stored bytes that are in memory. Throws BlobDamaged. */
export function decryptRange(
  stored: Uint8Array,
  { runs, start, skip, length }: SegmentRange,
  dataKey: Uint8Array,
  uploadId: string,
): Uint8Array {
  let at = start;
  const plain = Array.from(runs(1), ({ salt, index, last, length: segmentLength }) => {
    const end = at + segmentLength + TAG_BYTES;
    if (end > stored.length) throw new BlobDamaged("encrypted bytes end too early");
    const sealed = stored.subarray(at, end);
    at = end;
    return new ExtentCipher(extentKey(dataKey, salt), uploadId).open(sealed, index, last);
  });
  const [first = new Uint8Array(0)] = plain;
  const whole = plain.length === 1 ? first : Buffer.concat(plain);
  return whole.subarray(skip, skip + length);
}
