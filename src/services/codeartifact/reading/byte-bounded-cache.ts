/**
 * What is kept in memory for its bytes, and bounded by them. Two generations, as in bounded-cache.ts: what is used moves to the
 * young one, and when that has half of the bytes the old one goes.
 */
export class ByteBoundedCache<Entry extends { readonly bytes: number }> {
  #young = new Generation<Entry>();
  #old = new Generation<Entry>();
  readonly #generationBytes: number;

  /** @param bytes most that are kept */
  constructor(bytes: number) {
    this.#generationBytes = bytes / 2;
  }

  get(key: string): Entry | undefined {
    const young = this.#young.entries.get(key);
    if (young !== undefined) return young;
    const old = this.#old.entries.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** What is larger than a generation is not kept. */
  set(key: string, entry: Entry): void {
    this.#old.delete(key);
    this.#young.delete(key);
    const bytes = weight(key, entry);
    if (bytes > this.#generationBytes) return;
    if (this.#young.bytes + bytes > this.#generationBytes) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    this.#young.add(key, entry);
  }

  get bytes(): number {
    return this.#young.bytes + this.#old.bytes;
  }
}

class Generation<Entry extends { readonly bytes: number }> {
  readonly entries = new Map<string, Entry>();
  bytes = 0;

  add(key: string, entry: Entry): void {
    this.entries.set(key, entry);
    this.bytes += weight(key, entry);
  }

  delete(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.bytes -= weight(key, entry);
    this.entries.delete(key);
  }
}

/** Strangers choose the keys, so they are counted; a character has two bytes at most. */
function weight(key: string, entry: { readonly bytes: number }): number {
  return key.length * 2 + entry.bytes;
}
