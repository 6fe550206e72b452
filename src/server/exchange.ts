import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * One request and its answer on their way over a connection: how many bytes moved, and whether it is the
 * client that we wait for. Both runtimes differ in what they count on a socket (Bun 1.4: bytesRead is always
 * 0), so body bytes are counted where they enter the request's stream.
 */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** Body bytes that came so far. */
  bytesIn: number;
  /** The client sent `Expect: 100-continue` and was not told to go on yet. */
  awaitingContinue: boolean;
}

export function beginExchange(
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
): Exchange {
  const exchange: Exchange = {
    request,
    response,
    socket: request.socket,
    bytesIn: 0,
    awaitingContinue: expectsContinue,
  };
  if (hasBody(request)) countBody(exchange);
  if (expectsContinue) continueOnFirstRead(exchange);
  return exchange;
}

/** RFC 9112 section 6.3: a request without either header has no body. */
function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return request.headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

function countBody(exchange: Exchange): void {
  const { request } = exchange;
  const push = request.push;
  request.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk instanceof Uint8Array) exchange.bytesIn += chunk.byteLength;
    return push.call(request, chunk, encoding);
  };
}

/**
 * RFC 9110 section 10.1.1: the client waits with its body for 100 or a final answer. 100 is sent when the door
 * first reads. When the door answers without reading, nobody knows whether the body will still come, so that
 * answer closes the connection.
 */
function continueOnFirstRead(exchange: Exchange): void {
  const { request, response } = exchange;
  const read = request._read;
  response.shouldKeepAlive = false;
  request._read = (size: number): void => {
    request._read = read;
    if (!response.headersSent && !response.writableEnded) {
      exchange.awaitingContinue = false;
      response.shouldKeepAlive = true;
      response.writeContinue();
    }
    read.call(request, size);
  };
}

/** What the client has to do before anything can go on; undefined while it is our turn. */
export function waitingForClient(exchange: Exchange): "send" | "receive" | undefined {
  const { request, response } = exchange;
  // With bytes waiting that nobody takes, it is the reader (a full disk queue, say) who holds things up.
  const wantsMore =
    !request.complete &&
    !request.destroyed &&
    !exchange.awaitingContinue &&
    request.readableLength < request.readableHighWaterMark;
  if (wantsMore) return "send";
  // A pipelined answer has no socket until those before it are through.
  return response.socket && response.writableLength > 0 ? "receive" : undefined;
}

/** Changes whenever a byte moved in either direction. */
export function progressMark(exchange: Exchange): string {
  const { response, socket } = exchange;
  // Node counts a chunk as written when all of it is: only the handle knows of its parts. Bun has no such number,
  // but its writableLength shrinks with each part.
  const handle = (socket as { _handle?: { writeQueueSize?: number } | null })._handle;
  return `${exchange.bytesIn} ${socket.bytesWritten} ${response.writableLength} ${handle?.writeQueueSize ?? 0}`;
}
