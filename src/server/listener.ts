import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import type { Connections } from "./connections.ts";
import type { HandleRequest } from "./pipeline.ts";
import type { ServerCertificates } from "./server-certificates.ts";

/**
 * One open address, plain or TLS. Checked on Bun 1.4.5 and Node 26.10: Expect, raw targets and headers, pipelining,
 * back-pressure both ways, aborts, and refusal of malformed, smuggled and oversized heads are the same on both.
 * What is not, and how it is met:
 * - requestTimeout counts a whole upload, moving or not: off; connections.ts sweeps.
 * - Bun's https.Server ignores SNICallback and cannot change certificates, its tls.Server does both: TLS sockets
 *   are made there and handed to the HTTP server as connections, which both runtimes take.
 * - Bun does not enforce maxConnections, counts no bytes read on a socket, and takes at most 200 headers.
 */
export interface Listener {
  readonly address: AddressInfo;
  readonly secure: boolean;
  /** Takes no further connections. */
  stop(): Promise<void>;
}

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** The runtimes' own words do not say what to do. */
export class AddressTaken extends Error {
  override readonly name = "AddressTaken";

  constructor({ host, port }: ListenAddress) {
    const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    super(`Another program listens on ${address}. Stop it, or name another address with --listen.`);
  }
}

/** Bytes of a request's target and headers together: presigned URLs with session tokens are long. */
const MAX_HEAD_BYTES = 32 * 1024;

export async function listen(
  where: ListenAddress,
  options: {
    readonly handle: HandleRequest;
    readonly connections: Connections;
    readonly keepAliveSeconds: number;
    /** Speaks TLS with these. */
    readonly certificates?: ServerCertificates | undefined;
    readonly handshakeSeconds: number;
    readonly maxConnections: number;
  },
): Promise<Listener> {
  const { connections, certificates } = options;
  const http = createHttpServer(options);
  let socketServer: HttpServer | TlsServer;
  if (certificates) {
    const tls = createTlsServer({
      ...certificates.current(),
      ALPNProtocols: ["http/1.1"],
      handshakeTimeout: options.handshakeSeconds * 1000,
      SNICallback: (name, done) => {
        certificates.contextFor(name).then(
          (context) => done(null, context),
          (error: Error) => done(error),
        );
      },
    });
    tls.on("secureConnection", (socket) => http.emit("connection", socket));
    // Neither runtime closes the socket of a handshake that failed or took too long.
    tls.on("tlsClientError", (_error, socket) => socket.destroy());
    limitHandshakes(tls, options);
    certificates.onChange((current) => tls.setSecureContext(current));
    socketServer = tls;
  } else {
    socketServer = http;
  }
  http.on("connection", (socket: Socket) => connections.opened(socket));

  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? new AddressTaken(where) : error);
    socketServer.once("error", failed);
    socketServer.listen({ host: where.host, port: where.port, backlog: 1024 }, () => {
      socketServer.off("error", failed);
      resolve();
    });
  });
  return {
    address: socketServer.address() as AddressInfo,
    secure: certificates !== undefined,
    stop: () =>
      new Promise((resolve) => {
        socketServer.close(() => resolve());
      }),
  };
}

/** Until its handshake is over, a TLS connection is none that connections.ts could count. */
function limitHandshakes(tls: TlsServer, options: { readonly maxConnections: number }): void {
  const sockets = new Set<Socket>();
  tls.on("connection", (socket: Socket) => {
    if (sockets.size >= options.maxConnections) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
}

function createHttpServer(options: {
  readonly handle: HandleRequest;
  readonly connections: Connections;
  readonly keepAliveSeconds: number;
}): HttpServer {
  const http = createServer({
    maxHeaderSize: MAX_HEAD_BYTES,
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: options.keepAliveSeconds * 1000,
  });
  // Node drops headers beyond its limit in silence; the pipeline refuses them instead.
  http.maxHeadersCount = 0;
  http.timeout = 0;
  http.on("request", (request, response) => options.handle(request, response, false));
  http.on("checkContinue", (request, response) => options.handle(request, response, true));
  // Other expectations than 100-continue are not met and need not be (RFC 9110 section 10.1.1); S3 ignores them.
  http.on("checkExpectation", (request, response) => options.handle(request, response, false));
  http.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // In the middle of a request an answer may be under way already: another one must not be mixed into it.
    const busy = options.connections.isBusy(socket as Socket);
    if (busy || !socket.writable || error.code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    const status =
      error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  });
  return http;
}
