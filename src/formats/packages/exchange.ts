/** One request of a package client with all that its door needs, and what every such door is. */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Call } from "../../identity/call.ts";
import type { Arrival } from "../../server/door.ts";
import type { Packages } from "../../services/codeartifact/engine.ts";
import type { FormatName } from "../../services/codeartifact/format.ts";
import type { PackageAddress } from "./address.ts";
import type { PresentedToken } from "./authentication.ts";

export interface Answering {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Before anybody was asked who they are. */
export interface UnauthenticatedExchange extends Answering {
  readonly arrival: Arrival;
  readonly address: PackageAddress;
  /** Raw, what follows `<repository>/`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** This repository's endpoint as the client reached it; ends in a slash. */
  readonly baseUrl: string;
  readonly packages: Packages;
}

export interface PackageExchange extends UnauthenticatedExchange {
  readonly call: Call;
  readonly token: PresentedToken;
}

export interface ErrorAnswer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The door of one package format. Whatever `handle` throws comes back to `writeError`. */
export interface PackageDoor {
  readonly format: FormatName;
  /** What stands for the Authorization header of clients that send their token otherwise (NuGet's X-NuGet-ApiKey). */
  authorization?(headers: IncomingHttpHeaders): string | undefined;
  /** `WWW-Authenticate` of a 401. */
  readonly challenge: string;
  handle(exchange: PackageExchange): Promise<void>;
  /** Answers what needs no token (npm's login brings it in its body); false for all else. */
  welcome?(exchange: UnauthenticatedExchange): Promise<boolean>;
  writeError(exchange: Answering, error: ErrorAnswer): void;
}

/** Sends a whole answer. HEAD gets its headers only. */
export function send(
  { request, response }: Answering,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string | Uint8Array = "",
): void {
  // RFC 9110 section 8.6: no Content-Length with 204; that of 304 would be the document's.
  if (status !== 204 && status !== 304) headers["content-length"] = Buffer.byteLength(body);
  response.writeHead(status, headers);
  response.end(request.method === "HEAD" || status === 204 || status === 304 ? undefined : body);
}

export function sendJson(
  exchange: Answering,
  status: number,
  document: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  send(exchange, status, { "content-type": "application/json", ...headers }, JSON.stringify(document));
}
