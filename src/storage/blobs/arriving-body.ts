import type { Readable } from "node:stream";
import { giveBack } from "../../lent-memory.ts";
import type { BlobWriter } from "./blob-store.ts";
import { BlobTooLarge, BodyBrokenOff } from "./errors.ts";

/**
 * The body of a request, to be read once: first perhaps only its beginning, then what is left.
 *
 * It is left open when the one who reads it gives up, so that its connection can still carry the answer.
 */
export class ArrivingBody {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #stop: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #allowed: number;
  #room: number;
  /** Read, and not given to a writer yet. */
  #beginning: Uint8Array[] = [];
  #end: BodyBrokenOff | "whole" | undefined;

  /**
   * @param room in bytes: BlobTooLarge is thrown beyond
   * @param signal makes the body break off
   */
  constructor(body: Readable, room: number, signal: AbortSignal | undefined) {
    this.#chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>;
    this.#allowed = room;
    this.#room = room;
    this.#stop = () => body.destroy(new BodyBrokenOff("the request was aborted"));
    this.#signal = signal;
    if (signal?.aborted) this.#stop();
    signal?.addEventListener("abort", this.#stop, { once: true });
  }

  /** Whoever made it has to call this in the end. */
  close(): void {
    this.#signal?.removeEventListener("abort", this.#stop);
  }

  /**
   * The whole body when it has no more than `limit` bytes; undefined when it has more, and nothing is lost. Throws
   * BodyBrokenOff and BlobTooLarge.
   */
  async readShort(limit: number): Promise<Uint8Array | undefined> {
    let length = 0;
    while (length <= limit) {
      const chunk = await this.#next();
      if (chunk instanceof BodyBrokenOff) throw chunk;
      if (chunk === undefined) return joined(this.#beginning, length);
      length += chunk.length;
      this.#beginning.push(chunk);
    }
    return undefined;
  }

  /**
   * Moves the body into a writer, at the pace of the slower one. Resolves to undefined at the body's end, or to
   * BodyBrokenOff when it broke off: the writer has taken what came until then. Throws what the writer throws, and
   * BlobTooLarge.
   */
  async moveInto(writer: Pick<BlobWriter, "write">): Promise<BodyBrokenOff | undefined> {
    for (;;) {
      const chunk = this.#beginning.shift() ?? (await this.#next());
      if (chunk === undefined || chunk instanceof BodyBrokenOff) return chunk;
      await writer.write(chunk);
      giveBack(chunk);
    }
  }

  async #next(): Promise<Uint8Array | BodyBrokenOff | undefined> {
    if (this.#end !== undefined) return this.#end === "whole" ? undefined : this.#end;
    const next = await this.#chunks
      .next()
      .catch((cause: unknown) => new BodyBrokenOff("the body broke off", { cause }));
    if (next instanceof BodyBrokenOff) {
      this.#end = next;
      return next;
    }
    if (next.done === true) {
      this.#end = "whole";
      return undefined;
    }
    this.#room -= next.value.length;
    if (this.#room < 0) throw new BlobTooLarge(`more than ${this.#allowed} bytes came`);
    return next.value;
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = chunks;
  return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, length);
}
