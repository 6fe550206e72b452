/**
 * Request bodies. That a refused body is read away and the connection kept or cut is the server's business;
 * here a body is a stream that a failing consumer cannot harm, or is read whole within a bound.
 */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { RegistryError } from "./errors.ts";

/** Bytes taken from the socket ahead of the consumer. Few: chunks that wait grow old, and old garbage is collected late. */
const READ_AHEAD = 64 * 1024;

/** Undefined when not announced (chunked transfer coding, or no body at all). */
export function contentLength(request: IncomingMessage): number | undefined {
  const text = request.headers["content-length"];
  return text === undefined ? undefined : Number(text);
}

export function hasBody(request: IncomingMessage): boolean {
  const length = contentLength(request);
  return length === undefined ? request.headers["transfer-encoding"] !== undefined : length > 0;
}

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
      if (!this.destroyed && !this.push(chunk)) request.pause();
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

/** Reads whole bodies: `(request, limit)`. Throws 413 before or while reading more than `limit` bytes. */
export type ReadBody = (request: IncomingMessage, limit: number) => Promise<Buffer>;

/**
 * All bodies that are read at one moment have at most `budget` bytes together, or clients who send slowly could hold
 * the whole memory. Beyond it 429 is thrown, which clients answer by coming again.
 */
export function bodyReader(budget: number): ReadBody {
  let held = 0;
  return async (request, limit) => {
    if ((contentLength(request) ?? 0) > limit) throw tooLarge(limit);
    let size = 0;
    try {
      return await withBody(request, async (body) => {
        const chunks: Buffer[] = [];
        for await (const chunk of body) {
          size += chunk.length;
          held += chunk.length;
          if (size > limit) throw tooLarge(limit);
          if (held > budget) throw tooManyAtOnce();
          chunks.push(chunk);
        }
        return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size);
      });
    } finally {
      held -= size;
    }
  };
}

function tooManyAtOnce(): RegistryError {
  return new RegistryError(429, "TOOMANYREQUESTS", "too many large manifests at once", {
    headers: { "retry-after": "1" },
  });
}

function tooLarge(limit: number): RegistryError {
  return new RegistryError(413, "SIZE_INVALID", `the body is larger than ${limit} bytes`);
}
