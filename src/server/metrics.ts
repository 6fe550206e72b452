import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What Prometheus reads at /-/metrics; rooms with numbers of their own get a gauge from main's composition. */
export interface Metrics {
  readonly registry: Registry;
  requestBegan(): void;
  /** @param seconds from the request's head to the last byte of the answer */
  requestEnded(door: string, status: number, seconds: number, bytesIn: number, bytesOut: number): void;
  connectionRefused(): void;
  clientCut(reason: string): void;
  /** A number that is asked for whenever Prometheus reads. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void;
  /** The same for several numbers that differ in their labels. */
  labelledGauge(
    name: string,
    help: string,
    labels: readonly string[],
    read: () => Promise<
      readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
    >,
  ): void;
}

/** Seconds: from a cached manifest to a 10 GB layer. */
const DURATION_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "shosoin_http_requests_total",
    help: "Requests answered, by door and status; 499 when the client went away first.",
    labelNames: ["door", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "shosoin_http_request_duration_seconds",
    help: "From a request's head to the last byte of its answer.",
    labelNames: ["door"],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const received = new Counter({
    name: "shosoin_http_received_bytes_total",
    help: "Bytes of request bodies.",
    labelNames: ["door"],
    registers,
  });
  const sent = new Counter({
    name: "shosoin_http_sent_bytes_total",
    help: "Bytes of answers.",
    labelNames: ["door"],
    registers,
  });
  const inFlight = new Gauge({
    name: "shosoin_http_requests_in_flight",
    help: "Requests being answered now.",
    registers,
  });
  const refused = new Counter({
    name: "shosoin_connections_refused_total",
    help: "Connections closed because --max-connections were open.",
    registers,
  });
  const cut = new Counter({
    name: "shosoin_clients_cut_total",
    help: "Connections cut because the client did not go on, by what it should have done.",
    labelNames: ["reason"],
    registers,
  });

  // A labelled child is looked up by hashing its labels: a map by door and status is several times as fast.
  const children = new Map<string, ReturnType<typeof childrenOf>>();
  const childrenOf = (door: string, status: string) => ({
    requests: requests.labels(door, status),
    durations: durations.labels(door),
    received: received.labels(door),
    sent: sent.labels(door),
  });

  return {
    registry,
    requestBegan: () => inFlight.inc(),
    requestEnded(door, status, seconds, bytesIn, bytesOut) {
      inFlight.dec();
      const key = `${door} ${status}`;
      let child = children.get(key);
      if (!child) {
        child = childrenOf(door, String(status));
        children.set(key, child);
      }
      child.requests.inc();
      child.durations.observe(seconds);
      child.received.inc(bytesIn);
      child.sent.inc(bytesOut);
    },
    connectionRefused: () => refused.inc(),
    clientCut: (reason) => cut.inc({ reason }),
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    },
    labelledGauge(name, help, labels, read) {
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        async collect() {
          this.reset();
          for (const { labels, value } of await read()) this.set({ ...labels }, value);
        },
      });
    },
  };
}
