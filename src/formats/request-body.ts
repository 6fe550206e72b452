/** Request bodies. That a refused body is read away and the connection kept or cut is the server's business. */
import type { IncomingMessage } from "node:http";

export { withBody } from "../server/request-stream.ts";

/** Undefined when not announced (chunked transfer coding, or no body at all). */
export function contentLength(request: IncomingMessage): number | undefined {
  const text = request.headers["content-length"];
  return text === undefined ? undefined : Number(text);
}

export function hasBody(request: IncomingMessage): boolean {
  const length = contentLength(request);
  return length === undefined ? request.headers["transfer-encoding"] !== undefined : length > 0;
}
