import type { Readable, Writable } from "node:stream";
import { sendOn } from "./send-bytes.ts";
import { DirectReadable } from "./sending.ts";

/** Streams one after the other as one; each is opened when the one before has ended. */
export class JoinedReadable extends DirectReadable {
  readonly #opened: AsyncIterator<Readable>;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #current: Readable;

  /** @param first belongs to the stream from here on */
  constructor(first: Readable, rest: readonly (() => Promise<Readable>)[]) {
    super();
    this.#current = first;
    this.#opened = eachOf(first, rest);
  }

  override _read(): void {
    this.#nextChunk().then(
      (chunk) => this.push(chunk ?? null),
      (error: Error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#current.destroy();
    done(error);
  }

  async sendTo(destination: Writable, end: boolean): Promise<void> {
    try {
      for (let part = await this.#nextStream(); part !== undefined; part = await this.#nextStream())
        await sendOn(part, destination, false);
      if (end) destination.end();
    } finally {
      this.destroy();
    }
  }

  async #nextChunk(): Promise<Uint8Array | undefined> {
    for (;;) {
      this.#chunks ??= (await this.#nextStream())?.[Symbol.asyncIterator]();
      if (this.#chunks === undefined) return undefined;
      const next = await this.#chunks.next();
      if (next.done !== true) return next.value;
      this.#chunks = undefined;
    }
  }

  async #nextStream(): Promise<Readable | undefined> {
    const next = await this.#opened.next();
    if (next.done === true) return undefined;
    this.#current = next.value;
    // It was closed while this one was being opened.
    if (this.destroyed) next.value.destroy();
    return next.value;
  }
}

async function* eachOf(
  first: Readable,
  rest: readonly (() => Promise<Readable>)[],
): AsyncGenerator<Readable, undefined> {
  yield first;
  for (const open of rest) yield await open();
}
