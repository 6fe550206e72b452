import { Readable } from "node:stream";

/** So far may the first client lag behind before it is left to the store. */
const MAX_LAG_BYTES = 1024 * 1024;

/**
 * What the first client of a fetch reads: the bytes as they come from the upstream, the last of them held back until
 * all are checked. It never holds up the fetch: who reads too slowly gets the rest from the store.
 */
export class LeadingReader {
  readonly #openRest: (start: number) => Promise<Readable>;
  #queue: Buffer[] = [];
  #queued = 0;
  #state: "coming" | "checked" | "failed" = "coming";
  #failure: unknown;
  /** Lags too far, or is gone: no more bytes are kept for it. */
  #leftBehind = false;
  #wake: () => void = () => {};

  /** @param openRest the stored file from a byte on; waits until it is stored */
  constructor(openRest: (start: number) => Promise<Readable>) {
    this.#openRest = openRest;
  }

  /** To be called at most once. */
  stream(): Readable {
    return Readable.from(this.#bytes(), { objectMode: false, highWaterMark: 64 * 1024 });
  }

  push(chunk: Buffer): void {
    if (this.#leftBehind) return;
    if (this.#queued + chunk.length > MAX_LAG_BYTES && this.#queue.length > 0) {
      this.#leftBehind = true;
    } else {
      this.#queue.push(chunk);
      this.#queued += chunk.length;
    }
    this.#wake();
  }

  /** All bytes have come and are what they should be. */
  checked(): void {
    this.#state = "checked";
    this.#wake();
  }

  failed(error: unknown): void {
    if (this.#state !== "coming") return;
    this.#state = "failed";
    this.#failure = error;
    this.#wake();
  }

  async *#bytes(): AsyncGenerator<Buffer, void, undefined> {
    let sent = 0;
    try {
      for (;;) {
        if (this.#state === "failed") throw this.#failure;
        const held = this.#state === "checked" || this.#leftBehind ? 0 : 1;
        if (this.#queue.length > held) {
          const chunk = this.#queue.shift() ?? Buffer.alloc(0);
          this.#queued -= chunk.length;
          sent += chunk.length;
          yield chunk;
        } else if (this.#leftBehind) {
          yield* await this.#openRest(sent);
          return;
        } else if (this.#state === "checked") {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.#leftBehind = true;
      this.#queue = [];
    }
  }
}
