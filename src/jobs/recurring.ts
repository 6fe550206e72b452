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

/** As often as the worker looks. */
const FASTEST_RATE_MILLISECONDS = 1000;

const DAY_MILLISECONDS = 86_400_000;

/**
 * On short days (SHOSOIN_DAY_SECONDS) a rate is quicker in proportion, for most of what recurs carries out rules about age;
 * a cron stays with the calendar. Throws InvalidSchedule.
 */
export function parseRecurring(
  jobs: readonly RecurringJob[],
  dayMilliseconds: number,
): ReadonlyMap<string, Recurrence> {
  return new Map(
    jobs.map((job) => {
      const schedule = shorten(parseSchedule(job.schedule), dayMilliseconds / DAY_MILLISECONDS);
      return [job.name, { job, schedule }];
    }),
  );
}

function shorten(schedule: Schedule, part: number): Schedule {
  if (schedule.kind === "cron" || part >= 1) return schedule;
  const milliseconds = Math.max(Math.round(schedule.milliseconds * part), FASTEST_RATE_MILLISECONDS);
  return { ...schedule, milliseconds: Math.min(milliseconds, schedule.milliseconds) };
}

/** Notes when each comes first; one whose schedule is as before keeps its time, unless that lies further off. */
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
          conflict
            .column("name")
            .doUpdateSet(first)
            .where((row) =>
              row.or([
                row("job_schedules.schedule", "!=", job.schedule),
                row("job_schedules.due_at", ">", first.due_at),
              ]),
            ),
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
