import { Writable } from "node:stream";
import { pino } from "pino";
import type { Door } from "../door.ts";
import { healthDoor, metricsDoor, readinessDoor, unknownOwnPathDoor } from "../health.ts";
import { createMetrics } from "../metrics.ts";
import { type Server, type ServerOptions, startServer } from "../server.ts";

export interface OpenServer {
  readonly server: Server;
  readonly port: number;
  /** What was logged, parsed. */
  readonly lines: Record<string, unknown>[];
}

/** A server on a free port whose every other door is `door`. */
export async function openServer(door: Door, options: Partial<ServerOptions> = {}): Promise<OpenServer> {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const metrics = createMetrics();
  const server = await startServer({
    addresses: [{ where: { host: "127.0.0.1", port: 0 } }],
    domains: [],
    doors: {
      registry: door,
      aws: door,
      "layer-download": door,
      packages: door,
      healthz: healthDoor(),
      readyz: readinessDoor({}, () => server.stopping),
      metrics: metricsDoor(metrics),
      "unknown-own-path": unknownOwnPathDoor(),
    },
    metrics,
    log: pino({ level: "debug" }, sink),
    now: () => new Date(),
    maxConnections: 100,
    stallSeconds: 0.5,
    headSeconds: 0.5,
    keepAliveSeconds: 0.5,
    ...options,
  });
  return { server, port: Number(new URL(server.url).port), lines };
}
