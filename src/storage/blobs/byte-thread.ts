/**
 * A second thread for what is done to many bytes: hashing, encrypting, decrypting (byte-worker.ts is its other side). Bytes
 * lie in slots of memory that both threads see and that are used again and again, so that neither the event loop computes
 * nor the garbage collector has to come for them. One thread for the process, started by the first that needs it; it
 * keeps nothing alive.
 */
import { Worker } from "node:worker_threads";
import type { HashAlgorithm } from "./hash-algorithms.ts";
import { SEGMENT_BYTES, type SegmentRun, sealedLength } from "./segments.ts";

/** Segments that one slot has room for: 256 KiB, worth the trip to the thread; chunks from a socket are 64 to 512 KiB. */
export const SLOT_SEGMENTS = 4;
/** Of unencrypted bytes. */
export const SLOT_BYTES = SLOT_SEGMENTS * SEGMENT_BYTES;
/** Slots kept for the next ones to come. */
const KEPT = 64;

/** Segments in a slot, sealed or to be: they lie from its beginning, one after the other. */
export interface SlotSegments extends SegmentRun {
  readonly slot: number;
  /** Of their extent, and what else is authenticated with them (segments.ts). */
  readonly key: Uint8Array;
  readonly uploadId: string;
}

/** Only jobs are answered. */
export type ToByteWorker =
  | { readonly kind: "slot"; readonly slot: number; readonly memory: SharedArrayBuffer }
  | { readonly kind: "forget-slot"; readonly slot: number }
  | {
      readonly kind: "begin-hash";
      readonly hash: number;
      readonly algorithms: readonly HashAlgorithm[];
    }
  | { readonly kind: "forget-hash"; readonly hash: number }
  | ByteJob;

/** What is answered, in the order it was asked. */
export type ByteJob =
  | { readonly kind: "hash"; readonly hash: number; readonly slot: number; readonly length: number }
  | { readonly kind: "digests"; readonly hash: number }
  | ({ readonly kind: "seal" } & SlotSegments)
  | ({ readonly kind: "open" } & SlotSegments);

export interface ByteAnswer {
  /** Of `digests`: lower-case hex in the order of the hash's algorithms. */
  readonly hex?: readonly string[];
  /** Of `open`, where the bytes are not what was sealed: in words. */
  readonly damage?: string;
}

/** In the single executable all modules are one file at the root, and the worker lies below it as in src/. */
const WORKER = new URL(
  import.meta.url.endsWith("/byte-thread.ts") ? "./byte-worker.ts" : "./storage/blobs/byte-worker.ts",
  import.meta.url,
);

export interface Slot {
  readonly number: number;
  /** Room for its segments with their tags. */
  readonly bytes: Buffer;
}

export class ByteThreadDied extends Error {}

export class ByteThread {
  readonly #worker: Worker;
  readonly #free: Slot[] = [];
  readonly #asked: { resolve(answer: ByteAnswer): void; reject(error: Error): void }[] = [];
  /** The other side must not keep what nobody here has any more. */
  readonly #collected = new FinalizationRegistry<number>((slot) => this.tell({ kind: "forget-slot", slot }));
  #numbers = 0;
  dead = false;

  constructor() {
    this.#worker = new Worker(WORKER);
    this.#worker.unref();
    this.#worker.on("message", (answer: ByteAnswer) => this.#take(answer));
    this.#worker.on("error", () => this.#die());
    this.#worker.on("exit", () => this.#die());
  }

  /** For hashes and slots. */
  nextNumber(): number {
    return ++this.#numbers;
  }

  tell(message: ToByteWorker): void {
    if (!this.dead) this.#worker.postMessage(message);
  }

  /** Throws ByteThreadDied; what the job's slot held is lost then. */
  ask(job: ByteJob): Promise<ByteAnswer> {
    return new Promise((resolve, reject) => {
      if (this.dead) return reject(new ByteThreadDied());
      // The thread keeps the process alive only while somebody waits for it.
      if (this.#asked.push({ resolve, reject }) === 1) this.#worker.ref();
      this.#worker.postMessage(job);
    });
  }

  borrow(): Slot {
    return this.#free.pop() ?? this.#makeSlot();
  }

  /**
   * Nothing may use it or a view of it any more. Of a slot where that is not known (its client went away, say) the garbage
   * collector finds out: what is not given back is forgotten when nobody holds it.
   */
  giveBack(slot: Slot): void {
    if (this.#free.length < KEPT) this.#free.push(slot);
  }

  #makeSlot(): Slot {
    const memory = new SharedArrayBuffer(sealedLength(SLOT_BYTES));
    const number = this.nextNumber();
    this.tell({ kind: "slot", slot: number, memory });
    const slot = { number, bytes: Buffer.from(memory) };
    this.#collected.register(slot, number);
    return slot;
  }

  #take(answer: ByteAnswer): void {
    const first = this.#asked.shift();
    if (this.#asked.length === 0) this.#worker.unref();
    // Not from within the delivery of messages: while what goes on from here waits in a loop of its own, as bun's test
    // runner does for `rejects`, no other message would come.
    setImmediate(() => first?.resolve(answer));
  }

  #die(): void {
    this.dead = true;
    diedOnce = true;
    for (const { reject } of this.#asked.splice(0)) reject(new ByteThreadDied("the second thread has died"));
  }
}

let running: ByteThread | undefined;
let diedOnce = false;

/** Started when there is none. Undefined once one has died: from then on this process computes where it receives. */
export function byteThread(): ByteThread | undefined {
  if (diedOnce) return undefined;
  running ??= new ByteThread();
  return running;
}
