/** A request's body as a stream that a failing consumer cannot harm. */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { lend } from "../lent-memory.ts";

/** Bytes taken from the socket ahead of the consumer. Few: chunks that wait grow old, and old garbage is collected late. */
const READ_AHEAD = 64 * 1024;

/**
 * The request's bytes with backpressure. Whoever fails while reading destroys this stream only: destroying the
 * request would cut the connection, and docker would print "broken pipe" instead of our answer. It fails
 * itself when the client breaks off.
 */
class RequestBody extends Readable {
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    super({ highWaterMark: READ_AHEAD });
    this.#request = request;
    request.on("data", (chunk: Buffer) => {
      if (this.destroyed) return;
      lend(chunk);
      if (!this.push(chunk)) request.pause();
    });
    request.on("end", () => {
      if (!this.destroyed) this.push(null);
    });
    request.on("error", (error) => this.destroy(error));
    // Whoever reads at that moment hears of it by reading; when nobody does, it is no failure of the server.
    this.on("error", () => {});
    request.on("close", () => {
      if (!request.complete) this.destroy(new Error("the client broke off"));
    });
    request.pause();
  }

  override _read(): void {
    this.#request.resume();
  }
}

/** Lends the body to `use`, and only for so long. */
export async function withBody<Result>(
  request: IncomingMessage,
  use: (body: Readable) => Promise<Result>,
): Promise<Result> {
  const body = new RequestBody(request);
  try {
    return await use(body);
  } finally {
    body.destroy();
  }
}
