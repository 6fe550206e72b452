import type { Writable } from "node:stream";
import { DirectReadable, written } from "./sending.ts";

/** Bytes that are in memory already. */
export class BytesReadable extends DirectReadable {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }

  override _read(): void {
    this.push(this.#bytes);
    this.push(null);
  }

  sendTo(destination: Writable, end: boolean): Promise<void> {
    return written(destination, this.#bytes, end);
  }
}
