/** Request bodies that are read whole, within bounds. */
import type { IncomingMessage } from "node:http";
import { contentLength, withBody } from "../request-body.ts";
import { RegistryError } from "./errors.ts";

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
