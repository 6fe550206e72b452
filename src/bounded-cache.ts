/**
 * A map that forgets what was not used lately when it is full, so that strangers cannot fill the memory. It keeps
 * two generations: what is used moves to the young one, and when that is full the old one goes. (Moving an entry to
 * the end of one Map at each use, the usual way, costs tens of microseconds with ten thousand entries.)
 */
export class BoundedCache<Key, Value extends object | string> {
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  readonly #generation: number;

  /** @param capacity most entries that are kept; at least half as many used last stay */
  constructor(capacity: number) {
    this.#generation = Math.ceil(capacity / 2);
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#generation && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
