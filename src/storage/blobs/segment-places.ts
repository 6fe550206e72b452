/** Memory in which segments are sealed and opened: by the second thread where there is much to do, else by this one. */
import { type ByteThread, byteThread, type Slot } from "./byte-thread.ts";
import { BlobDamaged } from "./errors.ts";
import { ExtentCipher, SEGMENT_BYTES, type SegmentRun, sealedLength } from "./segments.ts";

export interface SegmentPlace {
  readonly bytes: Buffer;
  /** Where the second thread sees it, too. */
  readonly slot: Slot | undefined;
  /** In place, from the beginning of `bytes`. */
  seal(key: Uint8Array, uploadId: string, run: SegmentRun): Promise<void>;
  /** The reverse. Throws BlobDamaged. */
  open(key: Uint8Array, uploadId: string, run: SegmentRun): Promise<void>;
  /** Nothing may use `bytes` any more. Where something may, the place is left to the garbage collector. */
  giveBack(): void;
}

/** Undefined once the thread has died. With room for SLOT_SEGMENTS. */
export function placeOnThread(): SegmentPlace | undefined {
  const thread = byteThread();
  return thread && new ThreadPlace(thread);
}

class ThreadPlace implements SegmentPlace {
  readonly slot: Slot;
  readonly #thread: ByteThread;

  constructor(thread: ByteThread) {
    this.#thread = thread;
    this.slot = thread.borrow();
  }

  get bytes(): Buffer {
    return this.slot.bytes;
  }

  async seal(key: Uint8Array, uploadId: string, run: SegmentRun): Promise<void> {
    await this.#thread.ask({ kind: "seal", slot: this.slot.number, key, uploadId, ...run });
  }

  async open(key: Uint8Array, uploadId: string, run: SegmentRun): Promise<void> {
    const job = { kind: "open", slot: this.slot.number, key, uploadId, ...run } as const;
    const { damage } = await this.#thread.ask(job);
    if (damage !== undefined) throw new BlobDamaged(damage);
  }

  giveBack(): void {
    this.#thread.giveBack(this.slot);
  }
}

/** What has no more segments is done on this thread: the other would take longer to hear of it. */
export const SEGMENTS_HERE = 2;
/** Places kept for the next ones to come. */
const KEPT = 16;

const free: LocalPlace[] = [];

/** On this thread, with room for SEGMENTS_HERE. */
export function placeHere(): SegmentPlace {
  const size = sealedLength(SEGMENTS_HERE * SEGMENT_BYTES);
  return free.pop() ?? new LocalPlace(size, (place) => free.length < KEPT && free.push(place));
}

/** Of memory that only this thread sees. */
export class LocalPlace implements SegmentPlace {
  readonly bytes: Buffer;
  readonly slot: undefined;
  readonly #giveBack: (place: LocalPlace) => void;

  /** @param size in bytes, with the tags */
  constructor(size: number, giveBack: (place: LocalPlace) => void) {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.#giveBack = giveBack;
  }

  async seal(key: Uint8Array, uploadId: string, run: SegmentRun): Promise<void> {
    new ExtentCipher(key, uploadId).sealAll(this.bytes, run);
  }

  async open(key: Uint8Array, uploadId: string, run: SegmentRun): Promise<void> {
    new ExtentCipher(key, uploadId).openAll(this.bytes, run);
  }

  giveBack(): void {
    this.#giveBack(this);
  }
}
