import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { AccountId } from "../aws/names.ts";
import { breakOff } from "../storage/blobs/sending.ts";
import { createAccessLog } from "./access-log.ts";
import type { Connections } from "./connections.ts";
import type { Arrival, Door, HostNames } from "./door.ts";
import { beginExchange, type Exchange } from "./exchange.ts";
import type { Metrics } from "./metrics.ts";
import { type DoorName, isBadRoute, type Router } from "./routing.ts";

/** The way of a request from the socket to its door and into the access log. */
export interface PipelineParts {
  readonly router: Router;
  readonly doors: Readonly<Record<DoorName, Door>>;
  readonly connections: Connections;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => Date;
}

/** `expectsContinue`: the client sent `Expect: 100-continue` and waits. */
export type HandleRequest = (
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
) => void;

/** Headers in one request; the runtime limits their bytes. */
const MAX_HEADERS = 150;

/** nginx's number for "the client closed the connection before the answer"; only seen in logs and metrics. */
const CLIENT_GONE = 499;

export function createPipeline(parts: PipelineParts): HandleRequest {
  const { router, doors, connections, metrics, log } = parts;
  const accessed = createAccessLog(log);

  return (request, response, expectsContinue) => {
    const began = performance.now();
    const exchange = beginExchange(request, response, expectsContinue);
    const bytesWrittenBefore = exchange.socket.bytesWritten;
    const target = originForm(request);
    const route = router(request.headers.host, target);
    const door = isBadRoute(route) ? "none" : route.door;
    const arrival = new LiveArrival(exchange, isBadRoute(route) ? {} : route.host, parts);
    metrics.requestBegan();

    response.once("close", () => {
      connections.ended(exchange);
      arrival.closed(response.writableFinished);
      const seconds = (performance.now() - began) / 1000;
      const status = response.writableFinished ? response.statusCode : CLIENT_GONE;
      // Bun's count of a connection was seen to fall (while Maven fetched through an upstream), which no counter may.
      const bytesOut = Math.max(0, exchange.socket.bytesWritten - bytesWrittenBefore);
      metrics.requestEnded(door, status, seconds, exchange.bytesIn, bytesOut);
      accessed({
        requestId: arrival.requestId,
        door,
        method: request.method,
        path: withoutQuery(target),
        status,
        bytesIn: exchange.bytesIn,
        bytesOut,
        seconds,
        ip: arrival.sourceIp,
        account: arrival.noted.account,
        operation: arrival.noted.operation,
      });
    });

    connections.began(exchange, () => {
      const refusal = isBadRoute(route) ? { status: 400, problem: route.problem } : headRefusal(request);
      if (refusal) return refuse(response, refusal);
      doors[door as DoorName](request, response, arrival).catch((error: unknown) => {
        if (response.destroyed || request.errored) {
          log.debug({ err: error, requestId: arrival.requestId, door }, "the client went away");
          return;
        }
        log.error({ err: error, requestId: arrival.requestId, door }, "a door failed");
        answerFailure(response, arrival.requestId);
      });
    });
  };
}

class LiveArrival implements Arrival {
  readonly requestId = randomUUID();
  readonly receivedAt: Date;
  readonly host: HostNames;
  readonly sourceIp: string;
  readonly secure: boolean;
  readonly noted: { account?: AccountId; operation?: string } = {};

  readonly #request: IncomingMessage;
  readonly #parentLog: Logger;
  #log: Logger | undefined;
  #abort: AbortController | undefined;
  #gone = false;

  constructor(exchange: Exchange, host: HostNames, parts: PipelineParts) {
    const { socket } = exchange;
    this.#request = exchange.request;
    this.#parentLog = parts.log;
    this.host = host;
    this.receivedAt = parts.now();
    this.secure = "encrypted" in socket && socket.encrypted === true;
    this.sourceIp = (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
  }

  // Made when asked for: most requests end without anyone having looked.
  get log(): Logger {
    this.#log ??= this.#parentLog.child({ requestId: this.requestId });
    return this.#log;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#gone) this.#abort.abort();
    return this.#abort.signal;
  }

  get tlsVersion(): string | undefined {
    const { socket } = this.#request;
    if (!("getProtocol" in socket) || typeof socket.getProtocol !== "function") return undefined;
    return /^TLSv(.+)$/.exec(String(socket.getProtocol()))?.[1];
  }

  get baseUrl(): string {
    const authority = this.#request.headers.host ?? this.#ownAuthority();
    return `${this.secure ? "https" : "http"}://${authority}`;
  }

  #ownAuthority(): string {
    const { localAddress = "127.0.0.1", localPort = 80 } = this.#request.socket;
    return `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
  }

  note(facts: { readonly account?: AccountId; readonly operation?: string }): void {
    if (facts.account !== undefined) this.noted.account = facts.account;
    if (facts.operation !== undefined) this.noted.operation = facts.operation;
  }

  closed(finished: boolean): void {
    if (finished) return;
    this.#gone = true;
    this.#abort?.abort();
  }
}

/**
 * RFC 9112 section 3.2.2: a server must accept `GET http://host/path`, and the host in it goes before Host. It
 * becomes what every client sends otherwise, so that doors know one form.
 */
function originForm(request: IncomingMessage): string {
  const target = request.url ?? "";
  if (target.startsWith("/")) return target;
  const match = /^https?:\/\/(?<host>[^/?#]*)(?<rest>\/.*)?$/i.exec(target)?.groups;
  if (!match) return target;
  const host = match["host"] ?? "";
  request.headers.host = host;
  // Signatures are checked over the raw ones: a Host beside the target's must not let one host's signature hold for another.
  request.rawHeaders = request.rawHeaders.map((text, index, all) =>
    index % 2 === 1 && all[index - 1]?.toLowerCase() === "host" ? host : text,
  );
  request.url = match["rest"] ?? "/";
  return request.url;
}

interface Refusal {
  readonly status: number;
  readonly problem: string;
}

/** What a request's head must not be, beyond what the runtime's parser refuses. */
function headRefusal(request: IncomingMessage): Refusal | undefined {
  const { rawHeaders } = request;
  if (rawHeaders.length > MAX_HEADERS * 2) {
    return { status: 400, problem: `More than ${MAX_HEADERS} headers.` };
  }
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  // RFC 9112 section 3.2: more than one Host is refused, or two proxies could see two hosts.
  if (hosts > 1) return { status: 400, problem: "More than one Host header." };
  // RFC 9112 section 6.1: HTTP/1.0 knows none, so a proxy may have seen another body; and in a coding that is not
  // undone, bytes would be taken for what they are not.
  const coding = request.headers["transfer-encoding"];
  if (coding === undefined) return undefined;
  if (request.httpVersion === "1.0") return { status: 400, problem: "HTTP/1.0 has no transfer codings." };
  if (coding.toLowerCase() === "chunked") return undefined;
  return { status: 501, problem: "No transfer coding but chunked is known here." };
}

/** Closes the connection too: where such a request ends, nobody can say. */
function refuse(response: ServerResponse, { status, problem }: Refusal): void {
  response.shouldKeepAlive = false;
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${problem}\n`);
}

function answerFailure(response: ServerResponse, requestId: string): void {
  if (response.headersSent) {
    // Cutting it is the only way to say that what came is not all.
    breakOff(response);
    return;
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.writeHead(500, { "content-type": "text/plain; charset=utf-8", "x-amzn-requestid": requestId });
  response.end(`Internal error. The server's log says more under request id ${requestId}.\n`);
}

function withoutQuery(target: string): string {
  const query = target.indexOf("?");
  return (query < 0 ? target : target.slice(0, query)).slice(0, 1024);
}
