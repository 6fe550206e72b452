import { type ByteThread, byteThread, SLOT_BYTES, type Slot } from "./byte-thread.ts";
import type { HashAlgorithm } from "./hash-algorithms.ts";

/** What a hash has on the thread. */
interface Held {
  readonly thread: ByteThread;
  readonly hash: number;
  filling: Slot | undefined;
}

/** What nobody can ask for any more is forgotten on the other side, too. */
const collected = new FinalizationRegistry<Held>(({ thread, hash, filling }) => {
  thread.tell({ kind: "forget-hash", hash });
  if (filling) thread.giveBack(filling);
});

/**
 * The hashes of one upload, on the second thread. Should that die, they are lost and say so: such an upload is then read
 * again once (make-blob.ts).
 */
export class ThreadHash {
  readonly #held: Held;
  readonly #algorithms: readonly HashAlgorithm[];
  #filled = 0;
  /** The slot before the one that is filling: two are enough to keep the thread busy. */
  #sent: Promise<void> = Promise.resolve();

  private constructor(thread: ByteThread, algorithms: readonly HashAlgorithm[]) {
    this.#algorithms = algorithms;
    this.#held = { thread, hash: thread.nextNumber(), filling: undefined };
    thread.tell({ kind: "begin-hash", hash: this.#held.hash, algorithms });
    collected.register(this, this.#held);
  }

  /** Undefined once the thread has died. */
  static begin(algorithms: readonly HashAlgorithm[]): ThreadHash | undefined {
    const thread = byteThread();
    return thread && new ThreadHash(thread, algorithms);
  }

  /** Takes a copy; resolves when more may come. */
  async update(chunk: Uint8Array): Promise<void> {
    const { thread } = this.#held;
    for (let taken = 0; taken < chunk.length && !thread.dead; ) {
      this.#held.filling ??= thread.borrow();
      const part = chunk.subarray(taken, taken + SLOT_BYTES - this.#filled);
      this.#held.filling.bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled < SLOT_BYTES) return;
      await this.#sent;
      this.#send();
    }
  }

  /** Bytes that the thread sees already. They are read before whatever the thread is told to do with the slot next. */
  updateFrom(slot: Slot, length: number): void {
    this.#send();
    this.#hash(slot, length);
  }

  /** Lower-case hex by algorithm, of all bytes so far; undefined when the thread has died. */
  async digests(): Promise<ReadonlyMap<HashAlgorithm, string> | undefined> {
    this.#send();
    const { thread, hash } = this.#held;
    const { hex } = await thread.ask({ kind: "digests", hash }).catch(() => ({ hex: undefined }));
    return hex && new Map(this.#algorithms.map((algorithm, index) => [algorithm, hex[index] ?? ""]));
  }

  #send(): void {
    const { thread, filling } = this.#held;
    if (filling === undefined) return;
    this.#sent = this.#hash(filling, this.#filled).then(() => thread.giveBack(filling));
    this.#held.filling = undefined;
    this.#filled = 0;
  }

  /** A death is found again where the digests are asked for. */
  #hash(slot: Slot, length: number): Promise<unknown> {
    const { thread, hash } = this.#held;
    return thread.ask({ kind: "hash", hash, slot: slot.number, length }).catch(() => undefined);
  }
}
