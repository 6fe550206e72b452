import type { Socket } from "node:net";
import { type Exchange, progressMark, waitingForClient } from "./exchange.ts";
import type { Metrics } from "./metrics.ts";

/**
 * Every open connection, and the deadlines of those who do not go on. One sweep looks at all of them, because
 * the runtimes' own timeouts cannot be used: requestTimeout cuts a slow but moving upload, Bun 1.4 does not
 * count partial writes as activity, nor does it enforce maxConnections.
 *
 * A deadline is for clients only. Whoever waits for our disk or database is never cut.
 */
export interface ClientLimits {
  readonly maxConnections: number;
  /** Seconds from the connection to the end of the first request's head; later heads add keepAliveSeconds. */
  readonly headSeconds: number;
  /** Seconds that an idle connection stays open after an answer. */
  readonly keepAliveSeconds: number;
  /** Seconds without a byte moving while a body or an answer is under way. */
  readonly stallSeconds: number;
  /** Requests that a connection may send ahead of their answers. */
  readonly maxPipelined: number;
  /** After an answer to an unread body: how many bytes more are read and dropped so that the client sees the answer. */
  readonly lingerBytes: number;
  readonly lingerSeconds: number;
}

interface Connection {
  readonly socket: Socket;
  /** In the order of the wire, those that wait for their turn with what begins them. */
  readonly exchanges: Map<Exchange, (() => void) | undefined>;
  /** By when, in milliseconds, the head of the next request must be here. */
  headDeadline: number;
}

interface Progress {
  mark: string;
  since: number;
}

export interface Connections {
  /** False when there are too many: the socket is closed. */
  opened(socket: Socket): boolean;
  /**
   * Calls `start` when all that the connection asked before is answered: worked on at once, the answers to what one
   * client sends ahead and never reads would fill the memory (Bun 1.4 reads on whatever waits to be sent).
   */
  began(exchange: Exchange, start: () => void): void;
  /** The answer is out or the client gone. */
  ended(exchange: Exchange): void;
  readonly count: number;
  /** Exchanges that are not ended. */
  readonly busy: number;
  /** From now on a connection closes with its last answer; idle ones close at once. */
  drain(): void;
  destroyAll(): void;
  /** Whether a request is under way on this socket. */
  isBusy(socket: Socket): boolean;
  /** Cuts who is over a deadline. Called every second; `now` in milliseconds. */
  sweep(now: number): void;
}

export function createConnections(limits: ClientLimits, metrics: Metrics, now: () => number): Connections {
  const connections = new Map<Socket, Connection>();
  const progress = new Map<Exchange, Progress>();
  const lingering = new Map<Exchange, { readonly since: number; readonly bytesAtEnd: number }>();
  let draining = false;

  function cut(socket: Socket, reason: string): void {
    metrics.clientCut(reason);
    socket.destroy();
  }

  function startNext({ socket, exchanges }: Connection): void {
    for (const [exchange, start] of exchanges) {
      exchanges.set(exchange, undefined);
      if (!socket.destroyed) start?.();
      return;
    }
  }

  function sweepStalled(time: number): void {
    for (const [exchange, last] of progress) {
      const waiting = waitingForClient(exchange);
      const mark = progressMark(exchange);
      if (waiting === undefined || mark !== last.mark) {
        last.mark = mark;
        last.since = time;
      } else if (time - last.since >= limits.stallSeconds * 1000) {
        cut(exchange.socket, waiting);
      }
    }
  }

  function sweepLingering(time: number): void {
    for (const [exchange, { since, bytesAtEnd }] of lingering) {
      if (exchange.request.complete || exchange.socket.destroyed) {
        lingering.delete(exchange);
        if (draining) exchange.socket.end();
      } else if (
        time - since >= limits.lingerSeconds * 1000 ||
        exchange.bytesIn - bytesAtEnd > limits.lingerBytes
      ) {
        lingering.delete(exchange);
        cut(exchange.socket, "linger");
      }
    }
  }

  function sweepHeads(time: number): void {
    for (const { socket, exchanges, headDeadline } of connections.values()) {
      if (exchanges.size === 0 && time >= headDeadline) cut(socket, "head");
    }
  }

  return {
    opened(socket) {
      if (connections.size >= limits.maxConnections) {
        metrics.connectionRefused();
        socket.destroy();
        return false;
      }
      connections.set(socket, {
        socket,
        exchanges: new Map(),
        headDeadline: now() + limits.headSeconds * 1000,
      });
      socket.once("close", () => connections.delete(socket));
      return true;
    },
    began(exchange, start) {
      progress.set(exchange, { mark: "", since: now() });
      const exchanges = connections.get(exchange.socket)?.exchanges;
      const atOnce = exchanges === undefined || exchanges.size === 0;
      exchanges?.set(exchange, atOnce ? undefined : start);
      if (atOnce) start();
      else if (exchanges.size > limits.maxPipelined) cut(exchange.socket, "pipeline");
    },
    ended(exchange) {
      progress.delete(exchange);
      const connection = connections.get(exchange.socket);
      connection?.exchanges.delete(exchange);
      if (connection?.exchanges.size === 0) {
        connection.headDeadline = now() + (limits.keepAliveSeconds + limits.headSeconds) * 1000;
      }
      if (connection) startNext(connection);
      if (!exchange.request.complete && !exchange.awaitingContinue && !exchange.socket.destroyed) {
        lingering.set(exchange, { since: now(), bytesAtEnd: exchange.bytesIn });
        exchange.request.resume();
      } else if (draining && connection?.exchanges.size === 0) {
        exchange.socket.end();
      }
    },
    get count() {
      return connections.size;
    },
    get busy() {
      return progress.size;
    },
    drain() {
      draining = true;
      for (const { socket, exchanges } of connections.values())
        if (exchanges.size === 0) socket.destroySoon();
    },
    destroyAll() {
      for (const { socket } of connections.values()) socket.destroy();
    },
    isBusy: (socket) => (connections.get(socket)?.exchanges.size ?? 0) > 0,
    sweep(time) {
      sweepStalled(time);
      sweepLingering(time);
      sweepHeads(time);
    },
  };
}
