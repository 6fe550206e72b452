import { Readable } from "node:stream";

/** So far may the first client lag behind before the fetch waits for it. */
const MAX_LAG_BYTES = 1024 * 1024;
/** So long does a fetch wait for its first client, all in all; then that is left to the store. */
const LENIENCE_MILLISECONDS = 3000;
/** The same while nobody has begun to read. */
const LENIENCE_BEFORE_READING_MILLISECONDS = 300;

/**
 * What the first client of a fetch reads: the bytes as they come from the upstream, the last of them held back until
 * all are checked. It holds up the fetch for moments only: who reads too slowly gets the rest from the store.
 */
export class LeadingReader {
  readonly #openRest: (start: number) => Promise<Readable>;
  #queue: Buffer[] = [];
  #queued = 0;
  #state: "coming" | "checked" | "failed" = "coming";
  #failure: unknown;
  /** Lags too far, or is gone: no more bytes are kept for it. */
  #leftBehind = false;
  #reading = false;
  #waited = 0;
  #wake: () => void = () => {};
  #taken: () => void = () => {};

  /** @param openRest the stored file from a byte on; waits until it is stored */
  constructor(openRest: (start: number) => Promise<Readable>) {
    this.#openRest = openRest;
  }

  /** To be called at most once. */
  stream(): Readable {
    return Readable.from(this.#bytes(), { objectMode: false, highWaterMark: 64 * 1024 });
  }

  /** Resolves when the next chunk may be fetched. */
  async push(chunk: Buffer): Promise<void> {
    if (this.#leftBehind) return;
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    this.#wake();
    while (this.#queued > MAX_LAG_BYTES && !this.#leftBehind) await this.#waitForClient();
  }

  async #waitForClient(): Promise<void> {
    const lenience = this.#reading ? LENIENCE_MILLISECONDS : LENIENCE_BEFORE_READING_MILLISECONDS;
    const began = performance.now();
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#taken = resolve;
      timer = setTimeout(resolve, Math.max(0, lenience - this.#waited));
    });
    clearTimeout(timer);
    this.#waited += performance.now() - began;
    if (this.#waited < lenience) return;
    this.#leftBehind = true;
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
    this.#reading = true;
    try {
      for (;;) {
        if (this.#state === "failed") throw this.#failure;
        const held = this.#state === "checked" || this.#leftBehind ? 0 : 1;
        if (this.#queue.length > held) {
          const chunk = this.#queue.shift() ?? Buffer.alloc(0);
          this.#queued -= chunk.length;
          sent += chunk.length;
          this.#taken();
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
      this.#taken();
    }
  }
}
