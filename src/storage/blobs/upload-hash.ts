import { createHash, type Hash } from "node:crypto";
import { type Digest, type DigestAlgorithm, digestOf } from "./digest.ts";

/** Those that digests are written in, and what only package clients still ask for. */
export type HashAlgorithm = DigestAlgorithm | "md5" | "sha1";

/** The digests of an upload's first `position` bytes, carried on from append to append. */
export class UploadHash {
  readonly #hashes: ReadonlyMap<HashAlgorithm, Hash>;
  #position = 0;

  constructor(algorithms: Iterable<HashAlgorithm>) {
    this.#hashes = new Map([...new Set(algorithms)].map((algorithm) => [algorithm, createHash(algorithm)]));
  }

  get position(): number {
    return this.#position;
  }

  update(chunk: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(chunk);
    this.#position += chunk.length;
  }

  /** Undefined when that algorithm was not run; the state stays as it is, so that more may follow. */
  digest(algorithm: DigestAlgorithm): Digest | undefined {
    const hex = this.hex(algorithm);
    return hex === undefined ? undefined : digestOf(algorithm, hex);
  }

  /** Lower-case; undefined when that algorithm was not run. */
  hex(algorithm: HashAlgorithm): string | undefined {
    return this.#hashes.get(algorithm)?.copy().digest("hex");
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
