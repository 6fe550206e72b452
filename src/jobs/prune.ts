/** Jobs that failed for good are kept for two weeks, for people to look at. */
import type { Clock } from "../clock.ts";
import type { Metadata } from "../storage/metadata/metadata.ts";
import type { JobHandler, RecurringJob } from "./jobs.ts";

const KEPT_DAYS = 14;
const KIND = "jobs.prune";

/** Rows deleted in one transaction, so that other writers do not wait. */
const BATCH = 500;

export const pruneSchedule: RecurringJob = {
  name: KIND,
  schedule: "rate(1 hour)",
  kind: KIND,
  payload: null,
};

export function pruneHandler(prune: () => Promise<void>): JobHandler {
  return { kind: KIND, run: prune };
}

export async function pruneFailedJobs(metadata: Metadata, clock: Clock): Promise<void> {
  const before = clock.now().getTime() - KEPT_DAYS * clock.dayMilliseconds;
  for (let deleted = BATCH; deleted === BATCH; ) {
    deleted = await metadata.write(async (tx) => {
      const rows = await tx
        .deleteFrom("jobs")
        .where("id", "in", (jobs) =>
          jobs
            .selectFrom("jobs")
            .select("id")
            .where("state", "=", "failed")
            .where("updated_at", "<", before)
            .orderBy("updated_at")
            .limit(BATCH),
        )
        .returning("id")
        .execute();
      return rows.length;
    });
  }
}
