/**
 * What a suite started, ended in reverse order: also when its setting-up failed half way, where a plain afterAll
 * would trip over the first thing that is not there and leave the rest running.
 */
export class Started {
  readonly #ends: (() => unknown)[] = [];

  /** Remembers how to end `thing`, and hands it back. */
  async add<Thing>(thing: Thing | Promise<Thing>, end: (thing: Thing) => unknown): Promise<Thing> {
    const started = await thing;
    this.#ends.push(() => end(started));
    return started;
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}
