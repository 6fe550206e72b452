/** One authenticated request with all that its handler needs, and the ways to answer it. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Call } from "../../identity/call.ts";
import type { Registry } from "../../services/ecr/engine.ts";
import { errorDocument, type RegistryError } from "./errors.ts";
import type { Query } from "./query.ts";
import type { Route } from "./route.ts";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly call: Call;
  readonly route: Route;
  readonly query: Query;
  readonly registry: Registry;
}

/** Docker clients look for it on every answer. */
export const API_VERSION = "registry/2.0";

type Answering = Pick<Exchange, "request" | "response">;

/** Sends a whole answer. HEAD gets its headers only. */
export function send(
  { request, response }: Answering,
  status: number,
  headers: OutgoingHttpHeaders,
  body?: string | Uint8Array,
): void {
  headers["docker-distribution-api-version"] = API_VERSION;
  response.writeHead(status, headers);
  response.end(request.method === "HEAD" ? undefined : body);
}

/** An answer without a body. */
export function sendEmpty(exchange: Answering, status: number, headers: OutgoingHttpHeaders = {}): void {
  // RFC 9110 section 8.6: no Content-Length with 204.
  if (status !== 204 && status !== 304) headers["content-length"] = 0;
  send(exchange, status, headers);
}

export function sendJson(
  exchange: Answering,
  document: string,
  headers: OutgoingHttpHeaders = {},
  type = "application/json",
): void {
  headers["content-type"] = type;
  headers["content-length"] = Buffer.byteLength(document);
  send(exchange, 200, headers, document);
}

export function sendError(exchange: Answering, error: RegistryError, requestId: string): void {
  const document = errorDocument(error);
  send(
    exchange,
    error.status,
    {
      ...error.headers,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(document),
      "x-amzn-requestid": requestId,
    },
    document,
  );
}

/** RFC 9110 section 13.1.2: `etag` is a strong tag with its quotes. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header === "*") return true;
  return header.split(",").some((part) => part.trim().replace(/^W\//, "") === etag);
}
