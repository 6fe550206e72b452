import { setTimeout as pause } from "node:timers/promises";

/** Pauses shorter than this cost more than they spare, in milliseconds. */
const SHORTEST_PAUSE = 20;
/** What was not used does not pile up: a quiet minute is not followed by a burst. In milliseconds. */
const LARGEST_CREDIT = 1000;

/** Holds work to so many bytes a second. */
export class Pace {
  readonly #millisecondsPerByte: number;
  readonly #signal: AbortSignal;
  /** When the bytes so far should have been done. */
  #due = performance.now();

  constructor(bytesPerSecond: number, signal: AbortSignal) {
    this.#millisecondsPerByte = 1000 / bytesPerSecond;
    this.#signal = signal;
  }

  /** The work is to end. */
  get stopped(): boolean {
    return this.#signal.aborted;
  }

  /** Resolves when these bytes' time is over, or the work is to end. */
  async spend(bytes: number): Promise<void> {
    const now = performance.now();
    this.#due = Math.max(this.#due, now - LARGEST_CREDIT) + bytes * this.#millisecondsPerByte;
    const early = this.#due - now;
    if (early < SHORTEST_PAUSE) return;
    await pause(early, undefined, { signal: this.#signal }).catch(() => undefined);
  }
}
