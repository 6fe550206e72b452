/** What the rooms know in numbers, for Prometheus. */
import type { JobQueue } from "../jobs/queue.ts";
import type { Upstreams } from "../services/codeartifact/upstreams/upstreams.ts";
import type { BlobEngine } from "../storage/blobs/engine.ts";
import type { Metrics } from "./metrics.ts";

export function addGauges(
  metrics: Metrics,
  parts: {
    readonly jobs: Pick<JobQueue, "counts">;
    readonly blobs: Pick<BlobEngine, "totals">;
    readonly upstreams: Pick<Upstreams, "requestCounts">;
  },
): void {
  metrics.labelledGauge(
    "shosoin_upstream_requests",
    "Requests to external connections since the start.",
    ["connection", "outcome"],
    async () =>
      parts.upstreams
        .requestCounts()
        .map(({ connection, outcome, count }) => ({ labels: { connection, outcome }, value: count })),
  );
  metrics.labelledGauge("shosoin_jobs", "Jobs by kind and state.", ["kind", "state"], async () => {
    const counts = await parts.jobs.counts();
    return counts.map(({ kind, state, count }) => ({ labels: { kind, state }, value: count }));
  });
  metrics.labelledGauge("shosoin_storage", "What lies in the blob store.", ["measure"], async () =>
    Object.entries(await parts.blobs.totals()).map(([measure, value]) => ({ labels: { measure }, value })),
  );
}
