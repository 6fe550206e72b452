import { type ByteThread, byteThread, SLOT_BYTES, type Slot } from "./byte-thread.ts";
import type { HashAlgorithm } from "./hash-algorithms.ts";

/** What nobody can ask for any more is forgotten on the other side, too. */
const collected = new FinalizationRegistry<{ readonly thread: ByteThread; readonly hash: number }>(
  ({ thread, hash }) => thread.tell({ kind: "forget-hash", hash }),
);

/**
 * The hashes of one upload, on the second thread. Should that die, they are lost and say so: such an upload is then read
 * again once (make-blob.ts).
 */
export class ThreadHash {
  readonly #thread: ByteThread;
  readonly #number: number;
  readonly #algorithms: readonly HashAlgorithm[];
  #filling: Slot | undefined;
  #filled = 0;
  /** The slot before the one that is filling: two are enough to keep the thread busy. */
  #sent: Promise<void> = Promise.resolve();

  private constructor(thread: ByteThread, algorithms: readonly HashAlgorithm[]) {
    this.#algorithms = algorithms;
    this.#thread = thread;
    this.#number = thread.nextNumber();
    thread.tell({ kind: "begin-hash", hash: this.#number, algorithms });
    collected.register(this, { thread, hash: this.#number });
  }

  /** Undefined once the thread has died. */
  static begin(algorithms: readonly HashAlgorithm[]): ThreadHash | undefined {
    const thread = byteThread();
    return thread && new ThreadHash(thread, algorithms);
  }

  /** Takes a copy; resolves when more may come. */
  async update(chunk: Uint8Array): Promise<void> {
    for (let taken = 0; taken < chunk.length && !this.#thread.dead; ) {
      this.#filling ??= this.#thread.borrow();
      const part = chunk.subarray(taken, taken + SLOT_BYTES - this.#filled);
      this.#filling.bytes.set(part, this.#filled);
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
    const asked = this.#thread.ask({ kind: "digests", hash: this.#number });
    const { hex } = await asked.catch(() => ({ hex: undefined }));
    return hex && new Map(this.#algorithms.map((algorithm, index) => [algorithm, hex[index] ?? ""]));
  }

  #send(): void {
    const slot = this.#filling;
    if (slot === undefined) return;
    this.#sent = this.#hash(slot, this.#filled).then(() => this.#thread.giveBack(slot));
    this.#filling = undefined;
    this.#filled = 0;
  }

  /** A death is found again where the digests are asked for. */
  #hash(slot: Slot, length: number): Promise<unknown> {
    return this.#thread
      .ask({ kind: "hash", hash: this.#number, slot: slot.number, length })
      .catch(() => undefined);
  }
}
