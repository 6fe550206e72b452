/**
 * Documents in memory, bounded by their bytes. Two generations, as in bounded-cache.ts: what is used moves to the
 * young one, and when that has half of the bytes the old one goes.
 */
export interface Sized {
  /** Bytes, which may grow: `grown` is to be told. */
  readonly bytes: number;
}

export class RenderedCache<Entry extends Sized> {
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  #youngBytes = 0;
  readonly #generation: number;

  /** @param bytes most that are kept */
  constructor(bytes: number) {
    this.#generation = bytes / 2;
  }

  get(key: string): Entry | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** What alone is larger than a generation is not kept. */
  set(key: string, entry: Entry): void {
    const before = this.#young.get(key);
    if (entry.bytes > this.#generation) {
      this.#drop(key, before);
      return;
    }
    if (this.#youngBytes - (before?.bytes ?? 0) + entry.bytes > this.#generation) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
      this.#old.delete(key);
    } else {
      this.#youngBytes -= before?.bytes ?? 0;
      this.#old.delete(key);
    }
    this.#young.set(key, entry);
    this.#youngBytes += entry.bytes;
  }

  #drop(key: string, young: Entry | undefined): void {
    if (young) this.#youngBytes -= young.bytes;
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
