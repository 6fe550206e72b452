import type { Logger } from "pino";
import { createConnections } from "./connections.ts";
import type { Door } from "./door.ts";
import { type ListenAddress, type Listener, listen } from "./listener.ts";
import type { Metrics } from "./metrics.ts";
import { createPipeline } from "./pipeline.ts";
import { createRouter, type DoorName } from "./routing.ts";
import type { ServerCertificates } from "./server-certificates.ts";

/** From open addresses to doors, until it is told to stop. */
export interface Server {
  /** `http://127.0.0.1:7560`, of the first address. */
  readonly url: string;
  /** Every address, the first one first. */
  readonly urls: readonly string[];
  readonly stopping: boolean;
  /**
   * Takes no further connections, lets running requests end, and after `seconds` aborts the rest. Resolves
   * when no request runs any more.
   */
  stop(seconds: number): Promise<void>;
}

export interface ServerOptions {
  readonly addresses: readonly {
    readonly where: ListenAddress;
    readonly certificates?: ServerCertificates | undefined;
  }[];
  readonly domains: readonly string[];
  readonly doors: Readonly<Record<DoorName, Door>>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => Date;
  readonly maxConnections: number;
  readonly stallSeconds: number;
  /** 30 without it. */
  readonly headSeconds?: number;
  /** 75 without it: longer than load balancers keep theirs. */
  readonly keepAliveSeconds?: number;
  /** For a TLS handshake; 10 without it. */
  readonly handshakeSeconds?: number;
}

/** More than any client in use sends ahead; a head may be 32 KiB. */
const MOST_PIPELINED = 100;
const LINGER_BYTES = 16 * 2 ** 20;
const LINGER_SECONDS = 5;

export async function startServer(options: ServerOptions): Promise<Server> {
  const { metrics, log, now, headSeconds = 30, keepAliveSeconds = 75, handshakeSeconds = 10 } = options;
  const connections = createConnections(
    {
      maxConnections: options.maxConnections,
      headSeconds,
      keepAliveSeconds,
      stallSeconds: options.stallSeconds,
      maxPipelined: MOST_PIPELINED,
      lingerBytes: LINGER_BYTES,
      lingerSeconds: LINGER_SECONDS,
    },
    metrics,
    () => performance.now(),
  );
  metrics.gauge("shosoin_connections", "Open connections.", () => connections.count);
  const handle = createPipeline({
    router: createRouter(options.domains),
    doors: options.doors,
    connections,
    metrics,
    log,
    now,
  });

  const listeners: Listener[] = [];
  try {
    for (const { where, certificates } of options.addresses) {
      const { maxConnections } = options;
      const common = { handle, connections, keepAliveSeconds, handshakeSeconds, maxConnections };
      listeners.push(await listen(where, { ...common, certificates }));
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.stop()));
    throw error;
  }
  // Often enough for the shortest deadline; a second for those of production.
  const shortest = Math.min(options.stallSeconds, headSeconds, keepAliveSeconds);
  const sweeping = setInterval(() => connections.sweep(performance.now()), Math.min(1000, shortest * 250));
  sweeping.unref();
  const refreshing = setInterval(() => {
    for (const { certificates } of options.addresses) {
      certificates?.refresh(now()).catch((error: unknown) => log.error({ err: error }, "certificates"));
    }
  }, 3_600_000);
  refreshing.unref();

  let stopping = false;
  const urls = listeners.map(urlOf);
  return {
    url: urls[0] ?? "",
    urls,
    get stopping() {
      return stopping;
    },
    async stop(seconds) {
      stopping = true;
      const stopped = Promise.all(listeners.map((listener) => listener.stop()));
      connections.drain();
      const deadline = performance.now() + seconds * 1000;
      while (connections.busy > 0 && performance.now() < deadline) await pause(20);
      if (connections.busy > 0) log.warn({ requests: connections.busy }, "cutting requests that still run");
      connections.destroyAll();
      await stopped;
      while (connections.busy > 0) await pause(5);
      clearInterval(sweeping);
      clearInterval(refreshing);
    },
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** What a client on this machine can use: an address for everyone is reached over loopback. */
function urlOf({ address, secure }: Listener): string {
  const everywhere: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "localhost" };
  const name = everywhere[address.address] ?? address.address;
  return `${secure ? "https" : "http"}://${name.includes(":") ? `[${name}]` : name}:${address.port}`;
}
