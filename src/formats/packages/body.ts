/** Request bodies read whole, within bounds: compressed ones (npm's audit) are bounded by what they unfold to. */
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { contentLength, withBody } from "../request-body.ts";
import { badRequest, PackageError } from "./errors.ts";
import type { Answering } from "./exchange.ts";

/** All bodies that are read at one moment have at most this many bytes together. */
const BUDGET = 256 * 1024 * 1024;
let held = 0;

/** What one request has in memory of its body. */
export class BodyHold {
  #bytes = 0;

  /** Throws 429 when all requests together have too much. */
  add(bytes: number): void {
    held += bytes;
    this.#bytes += bytes;
    if (held > BUDGET)
      throw new PackageError(429, "ThrottlingException", "Too many large requests at once.", {
        "retry-after": "1",
      });
  }

  release(): void {
    held -= this.#bytes;
    this.#bytes = 0;
  }
}

/** Throws 413 before or while reading more than `limit` bytes, 415 for a coding other than gzip. */
export async function readBody({ request }: Pick<Answering, "request">, limit: number): Promise<Buffer> {
  if ((contentLength(request) ?? 0) > limit) throw tooLarge(limit);
  const coding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (coding !== "identity" && coding !== "gzip")
    throw new PackageError(415, "UnsupportedMediaType", "The body's Content-Encoding is not gzip.");
  return withBody(request, async (body) =>
    coding === "gzip" ? readGzip(body, limit) : readBounded(body, limit),
  );
}

/** Throws 400 when it is no JSON; what it holds is for the caller to parse. */
export async function readJson(exchange: Pick<Answering, "request">, limit: number): Promise<unknown> {
  const bytes = await readBody(exchange, limit);
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw badRequest("The body is no JSON document.");
  }
}

async function readGzip(body: Readable, limit: number): Promise<Buffer> {
  const gunzip = createGunzip();
  body.on("error", (error) => gunzip.destroy(error));
  body.pipe(gunzip);
  try {
    return await readBounded(gunzip, limit);
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))
      throw badRequest("The body says it is gzip and is not.");
    throw error;
  } finally {
    gunzip.destroy();
  }
}

async function readBounded(body: Readable, limit: number): Promise<Buffer> {
  const hold = new BodyHold();
  let size = 0;
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw tooLarge(limit);
      hold.add(chunk.length);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    hold.release();
  }
}

function tooLarge(limit: number): PackageError {
  return new PackageError(413, "RequestTooLarge", `The body is larger than ${limit} bytes.`);
}
