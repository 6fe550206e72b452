/**
 * Hashing beside the event loop: bytes are copied into memory that a second thread reads (hash-worker.ts). One thread
 * for the process, started by the first upload that is large enough, and it keeps nothing alive.
 *
 * Should the thread die, its hashes are lost and say so: those uploads are then read again once (make-blob.ts), and
 * from then on this process hashes where it receives.
 */
import { Worker } from "node:worker_threads";
import type { HashAlgorithm } from "./hash-algorithms.ts";

export type ToHashWorker =
  | { readonly kind: "begin"; readonly hash: number; readonly algorithms: readonly HashAlgorithm[] }
  | { readonly kind: "slot"; readonly slot: number; readonly memory: SharedArrayBuffer }
  | { readonly kind: "bytes"; readonly hash: number; readonly slot: number; readonly length: number }
  | { readonly kind: "read"; readonly hash: number }
  | { readonly kind: "forget"; readonly hash: number }
  | { readonly kind: "forget-slot"; readonly slot: number };

export type FromHashWorker =
  | { readonly kind: "hashed"; readonly hash: number; readonly slot: number }
  | { readonly kind: "digests"; readonly hash: number; readonly hex: readonly string[] };

/** In the single executable all modules are one file at the root, and the worker lies below it as in src/. */
const WORKER = new URL(
  import.meta.url.endsWith("/hash-thread.ts") ? "./hash-worker.ts" : "./storage/blobs/hash-worker.ts",
  import.meta.url,
);

/** A chunk from a socket is 64 to 512 KiB; below, a message costs more than the hashing. */
const SLOT_BYTES = 256 * 1024;
/** Slots one upload may have on their way: beyond, the body waits for the thread. */
const IN_FLIGHT = 4;
/** Slots kept for the next upload. */
const KEPT = 16;

interface Slot {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** The hashes of one upload, on the other thread. */
export class ThreadHash {
  readonly #thread: HashThread;
  readonly #number: number;
  readonly #algorithms: readonly HashAlgorithm[];
  #filling: Slot | undefined;
  #filled = 0;
  /** What the thread has said; whoever waits looks again when woken, since two messages may wake once. */
  inFlight = 0;
  hex: readonly string[] | undefined;
  wake: (() => void) | undefined;

  constructor(thread: HashThread, number: number, algorithms: readonly HashAlgorithm[]) {
    this.#thread = thread;
    this.#number = number;
    this.#algorithms = algorithms;
  }

  /** Takes a copy; resolves when more may come. */
  async update(chunk: Uint8Array): Promise<void> {
    for (let taken = 0; taken < chunk.length && !this.#thread.dead; ) {
      this.#filling ??= this.#thread.borrow();
      const part = chunk.subarray(taken, taken + this.#filling.bytes.length - this.#filled);
      this.#filling.bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === this.#filling.bytes.length) this.#send();
      while (this.inFlight >= IN_FLIGHT && !this.#thread.dead) await this.#woken();
    }
  }

  /** Lower-case hex by algorithm, of all bytes so far; undefined when the thread has died. */
  async digests(): Promise<ReadonlyMap<HashAlgorithm, string> | undefined> {
    this.#send();
    this.#thread.post({ kind: "read", hash: this.#number });
    this.hex = undefined;
    while (this.hex === undefined && !this.#thread.dead) await this.#woken();
    const hex: readonly string[] | undefined = this.hex;
    return hex && new Map(this.#algorithms.map((algorithm, index) => [algorithm, hex[index] ?? ""]));
  }

  #send(): void {
    const slot = this.#filling;
    if (slot === undefined) return;
    this.inFlight += 1;
    this.#thread.post({ kind: "bytes", hash: this.#number, slot: slot.number, length: this.#filled });
    this.#filling = undefined;
    this.#filled = 0;
  }

  #woken(): Promise<void> {
    return this.#thread.whileAwaited(
      this,
      new Promise<void>((resolve) => {
        this.wake = resolve;
      }),
    );
  }
}

class HashThread {
  readonly #worker: Worker;
  readonly #running = new Map<number, WeakRef<ThreadHash>>();
  readonly #free: Slot[] = [];
  readonly #lent = new Map<number, Slot>();
  /** What nobody can ask for any more is forgotten on the other side, too. */
  readonly #collected = new FinalizationRegistry<number>((hash) => {
    this.#running.delete(hash);
    this.post({ kind: "forget", hash });
  });
  /** Held while somebody waits for them: the promise alone is reachable from nowhere else. */
  readonly #awaited = new Set<ThreadHash>();
  #numbers = 0;
  dead = false;

  constructor() {
    this.#worker = new Worker(WORKER);
    this.#worker.unref();
    this.#worker.on("message", (message: FromHashWorker) => this.#take(message));
    this.#worker.on("error", () => this.#die());
    this.#worker.on("exit", () => this.#die());
  }

  begin(algorithms: readonly HashAlgorithm[]): ThreadHash {
    const number = ++this.#numbers;
    const hash = new ThreadHash(this, number, algorithms);
    this.#running.set(number, new WeakRef(hash));
    this.#collected.register(hash, number);
    this.post({ kind: "begin", hash: number, algorithms });
    return hash;
  }

  post(message: ToHashWorker): void {
    if (!this.dead) this.#worker.postMessage(message);
  }

  /** The thread keeps the process alive only while somebody waits for it. */
  async whileAwaited(hash: ThreadHash, woken: Promise<void>): Promise<void> {
    if (this.#awaited.add(hash).size === 1) this.#worker.ref();
    await woken;
    this.#awaited.delete(hash);
    if (this.#awaited.size === 0) this.#worker.unref();
  }

  borrow(): Slot {
    const slot = this.#free.pop() ?? this.#makeSlot();
    this.#lent.set(slot.number, slot);
    return slot;
  }

  #makeSlot(): Slot {
    const memory = new SharedArrayBuffer(SLOT_BYTES);
    const number = ++this.#numbers;
    this.post({ kind: "slot", slot: number, memory });
    return { number, bytes: new Uint8Array(memory) };
  }

  #take(message: FromHashWorker): void {
    const hash = this.#running.get(message.hash)?.deref();
    if (message.kind === "digests") {
      if (hash) hash.hex = message.hex;
      hash?.wake?.();
      return;
    }
    const slot = this.#lent.get(message.slot);
    this.#lent.delete(message.slot);
    if (slot && this.#free.length < KEPT) this.#free.push(slot);
    else this.post({ kind: "forget-slot", slot: message.slot });
    if (!hash) return;
    hash.inFlight -= 1;
    hash.wake?.();
  }

  #die(): void {
    this.dead = true;
    diedOnce = true;
    for (const hash of this.#running.values()) hash.deref()?.wake?.();
    this.#running.clear();
  }
}

let running: HashThread | undefined;
let diedOnce = false;

/** Begins hashing on the second thread, which is started when there is none; undefined once one has died. */
export function hashOnThread(algorithms: readonly HashAlgorithm[]): ThreadHash | undefined {
  if (diedOnce) return undefined;
  running ??= new HashThread();
  return running.begin(algorithms);
}
