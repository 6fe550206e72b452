import { type Digest, type DigestAlgorithm, digestOf } from "./digest.ts";
import { beginHash, type HashAlgorithm, type RunningHash } from "./hash-algorithms.ts";
import type { SegmentPlace } from "./segment-places.ts";
import { ThreadHash } from "./thread-hash.ts";

/** What is not longer is hashed at once: a thread would take longer to hear of it. In bytes. */
const AT_ONCE_BYTES = 128 * 1024;

/**
 * The digests of an upload's first `position` bytes, carried on from append to append. Longer ones are computed on
 * a second thread. `settled` is to be awaited before a digest is asked for.
 */
export class UploadHash {
  readonly #algorithms: readonly HashAlgorithm[];
  #position = 0;
  /** Of which it is not known yet whether much will follow. */
  #first: Uint8Array[] = [];
  #here: ReadonlyMap<HashAlgorithm, RunningHash> | undefined;
  #onThread: ThreadHash | undefined;
  #digests: ReadonlyMap<HashAlgorithm, string> | undefined;

  constructor(algorithms: Iterable<HashAlgorithm>) {
    this.#algorithms = [...new Set(algorithms)];
  }

  get position(): number {
    return this.#position;
  }

  /** The chunk may be used again when this resolves. */
  async update(chunk: Uint8Array): Promise<void> {
    this.#position += chunk.length;
    this.#digests = undefined;
    if (this.#here) return this.#hashHere(chunk);
    if (this.#onThread) return this.#onThread.update(chunk);
    this.#first.push(Buffer.from(chunk));
    if (this.#position <= AT_ONCE_BYTES) return;
    this.#onThread = ThreadHash.begin(this.#algorithms);
    if (!this.#onThread) return this.#beginHere();
    for (const gathered of this.#takeFirst()) await this.#onThread.update(gathered);
  }

  /** The same for the first `length` bytes of a place, without a copy where the second thread sees it. */
  async updateFrom({ bytes, slot }: SegmentPlace, length: number): Promise<void> {
    if (slot === undefined || this.#onThread === undefined) return this.update(bytes.subarray(0, length));
    this.#position += length;
    this.#digests = undefined;
    this.#onThread.updateFrom(slot, length);
  }

  /** Everything that came is hashed; a short beginning stays on this thread from here on. */
  async settled(): Promise<void> {
    if (this.#digests) return;
    if (this.#onThread) {
      this.#digests = (await this.#onThread.digests()) ?? new Map();
      return;
    }
    await this.#beginHere();
    this.#digests = new Map([...(this.#here ?? [])].map(([algorithm, hash]) => [algorithm, hash.hex()]));
  }

  /** Undefined when that algorithm was not run, or the thread that ran it has died; more may follow. */
  digest(algorithm: DigestAlgorithm): Digest | undefined {
    const hex = this.hex(algorithm);
    return hex === undefined ? undefined : digestOf(algorithm, hex);
  }

  /** Lower-case; undefined as above. */
  hex(algorithm: HashAlgorithm): string | undefined {
    if (this.#digests === undefined) throw new TypeError("digests are asked for before `settled`");
    return this.#digests.get(algorithm);
  }

  async #beginHere(): Promise<void> {
    this.#here ??= new Map(
      await Promise.all(
        this.#algorithms.map(async (algorithm) => [algorithm, await beginHash(algorithm)] as const),
      ),
    );
    for (const gathered of this.#takeFirst()) this.#hashHere(gathered);
  }

  #takeFirst(): readonly Uint8Array[] {
    const first = this.#first;
    this.#first = [];
    return first;
  }

  #hashHere(chunk: Uint8Array): void {
    for (const hash of this.#here?.values() ?? []) hash.update(chunk);
  }
}

/**
 * Hash states of uploads that this process has received so far, so that a finished upload is not read again.
 * Losing one costs that read and nothing else: after a restart, on another server, or beyond the bound.
 */
export class UploadHashes {
  readonly #states = new Map<string, UploadHash>();
  readonly #bound: number;

  constructor(bound = 4096) {
    this.#bound = bound;
  }

  /** The state of exactly the first `position` bytes. It is taken out: whoever fails to go on with it drops it. */
  take(uploadId: string, position: number): UploadHash | undefined {
    const state = this.#states.get(uploadId);
    this.#states.delete(uploadId);
    return state?.position === position ? state : undefined;
  }

  keep(uploadId: string, state: UploadHash | undefined): void {
    this.#states.delete(uploadId);
    if (state === undefined) return;
    this.#states.set(uploadId, state);
    if (this.#states.size <= this.#bound) return;
    // A Map keeps the order of insertion: the first is the one not touched for longest.
    for (const oldest of this.#states.keys()) {
      this.#states.delete(oldest);
      return;
    }
  }
}
