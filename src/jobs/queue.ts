import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import type { Clock } from "../clock.ts";
import type { Metadata, Transaction } from "../storage/metadata/metadata.ts";
import type { Jobs, NewJob } from "./jobs.ts";
import type { JobsTable } from "./tables.ts";

/** How many jobs of a kind are in a state, for metrics. */
export interface JobCount {
  readonly kind: string;
  readonly state: JobsTable["state"];
  readonly count: number;
}

/** The queue as this process sees it: everybody enqueues here, one worker (worker.ts) takes from it. */
export interface JobQueue extends Jobs {
  counts(): Promise<JobCount[]>;
  /** Calls `listener` whenever this process enqueued a job, once its transaction is durable. */
  onEnqueued(listener: () => void): void;
}

export function createJobs(metadata: Metadata, clock: Clock): JobQueue {
  const listeners: (() => void)[] = [];
  return {
    async enqueue(tx, job) {
      const same = await findSame(tx, job);
      if (same !== undefined) return same;
      const id = await insertJob(tx, job, clock.now().getTime());
      metadata.afterCommit(tx, () => {
        for (const listener of listeners) listener();
      });
      return id;
    },
    async counts() {
      return metadata.reader
        .selectFrom("jobs")
        .select(({ fn }) => ["kind", "state", fn.countAll<number>().as("count")])
        .groupBy(["kind", "state"])
        .orderBy("kind")
        .orderBy("state")
        .execute();
    },
    onEnqueued(listener) {
      listeners.push(listener);
    },
  };
}

/** The job that makes this one needless. One that runs comes again by itself after a crash. */
async function findSame(tx: Transaction, { kind, key, alone }: NewJob): Promise<string | undefined> {
  if (key === undefined) return undefined;
  return (await findWaiting(tx, kind, key)) ?? (alone ? findIn(tx, "running", kind, key) : undefined);
}

/** The id of the waiting job with that key. */
export async function findWaiting(tx: Transaction, kind: string, key: string): Promise<string | undefined> {
  return findIn(tx, "waiting", kind, key);
}

async function findIn(
  tx: Transaction,
  state: "waiting" | "running",
  kind: string,
  key: string,
): Promise<string | undefined> {
  const row = await tx
    .selectFrom("jobs")
    .select("id")
    .where("kind", "=", kind)
    .where("dedupe_key", "=", key)
    // Written out: the index holds this state only, and a parameter would hide it.
    .where("state", "=", sql.lit(state))
    .executeTakeFirst();
  return row?.id;
}

async function insertJob(tx: Transaction, job: NewJob, now: number): Promise<string> {
  const id = randomUUID();
  await tx
    .insertInto("jobs")
    .values({
      id,
      kind: job.kind,
      payload: JSON.stringify(job.payload ?? null),
      state: "waiting",
      due_at: job.runAt?.getTime() ?? now,
      dedupe_key: job.key ?? null,
      attempts: 0,
      lease: null,
      error: null,
      created_at: now,
      updated_at: now,
    })
    .execute();
  return id;
}
