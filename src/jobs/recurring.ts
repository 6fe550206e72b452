/**
 * Recurring jobs. The time at which each comes next lies in the database: whichever server first moves it on
 * enqueues the job in the same transaction, so that one of them does. A job still waiting from last time is not
 * enqueued again, and runs missed while no server was up are not made up for.
 */
import type { Metadata, Transaction } from "../storage/metadata/metadata.ts";
import type { Jobs, RecurringJob } from "./jobs.ts";
import { followingRun, nextRun, parseSchedule, type Schedule } from "./schedule.ts";

export interface Recurrence {
  readonly job: RecurringJob;
  readonly schedule: Schedule;
}

/** Throws InvalidSchedule. */
export function parseRecurring(jobs: readonly RecurringJob[]): ReadonlyMap<string, Recurrence> {
  return new Map(jobs.map((job) => [job.name, { job, schedule: parseSchedule(job.schedule) }]));
}

/** Notes when each comes first; one whose schedule is as before keeps its time. */
export async function noteSchedules(
  metadata: Metadata,
  recurrences: ReadonlyMap<string, Recurrence>,
  now: Date,
): Promise<void> {
  await metadata.write(async (tx) => {
    for (const [name, { job, schedule }] of recurrences) {
      const first = { schedule: job.schedule, due_at: nextRun(schedule, now)?.getTime() ?? null };
      await tx
        .insertInto("job_schedules")
        .values({ name, ...first })
        .onConflict((conflict) =>
          conflict.column("name").doUpdateSet(first).where("job_schedules.schedule", "!=", job.schedule),
        )
        .execute();
    }
  });
}

/** Enqueues the jobs whose time has come. */
export async function enqueueRecurring(
  metadata: Metadata,
  jobs: Jobs,
  recurrences: ReadonlyMap<string, Recurrence>,
  now: Date,
): Promise<void> {
  const due = await metadata.reader
    .selectFrom("job_schedules")
    .select("name")
    .where("due_at", "<=", now.getTime())
    .execute();
  for (const { name } of due) {
    const recurrence = recurrences.get(name);
    if (recurrence) await metadata.write((tx) => enqueueIfDue(tx, jobs, recurrence, now));
  }
}

async function enqueueIfDue(
  tx: Transaction,
  jobs: Jobs,
  { job, schedule }: Recurrence,
  now: Date,
): Promise<void> {
  const row = await tx
    .selectFrom("job_schedules")
    .select("due_at")
    .where("name", "=", job.name)
    .where("due_at", "<=", now.getTime())
    .executeTakeFirst();
  if (row?.due_at == null) return;
  const next = followingRun(schedule, new Date(row.due_at), now);
  await tx
    .updateTable("job_schedules")
    .set({ due_at: next?.getTime() ?? null })
    .where("name", "=", job.name)
    .execute();
  await jobs.enqueue(tx, { kind: job.kind, payload: job.payload, key: `recurring/${job.name}` });
}
