import { setTimeout as wait } from "node:timers/promises";

/** How long a request waits for another that has the same upload: enough for one that just broke off. */
const PATIENCE_MILLISECONDS = 3000;

/**
 * One request at a time per upload within this process. A client that was cut off asks again at once, while
 * what it sent before is still being written; a second writer beside a living one is refused.
 */
export class UploadLocks {
  readonly #held = new Map<string, Promise<void>>();

  isHeld(uploadId: string): boolean {
    return this.#held.has(uploadId);
  }

  /** Resolves when nobody has it, or when patience is at its end. */
  async settled(uploadId: string): Promise<void> {
    const holder = this.#held.get(uploadId);
    if (holder === undefined) return;
    const done = new AbortController();
    await Promise.race([
      holder,
      wait(PATIENCE_MILLISECONDS, undefined, { signal: done.signal }).catch(() => undefined),
    ]);
    done.abort();
  }

  /** Runs `work` alone; `refuse` makes the error for whoever waited in vain. */
  async run<Result>(
    uploadId: string,
    work: () => Promise<Result>,
    refuse: () => Promise<Error>,
  ): Promise<Result> {
    await this.settled(uploadId);
    if (this.#held.has(uploadId)) throw await refuse();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.set(uploadId, promise);
    try {
      return await work();
    } finally {
      this.#held.delete(uploadId);
      resolve();
    }
  }
}
