/**
 * The outbox. `record` writes an event in the transaction in which it happened; readers go through them by
 * position, each remembering how far it came.
 *
 * Why reading by position misses nothing: transactions commit in another order than the one in which the
 * database counted their rows (PostgreSQL gives 7 to one and 8 to another, and 8 is visible first). A reader
 * that went past 8 would never see 7. So a row is written without a position. Before reading, what is
 * committed and has none is numbered, by one transaction at a time (all update the same row of
 * `event_numbering`, and conflicting ones run again): whatever becomes visible later gets a higher position
 * than everything a reader can have seen. Positions rise but have gaps, and survive a dump and restore.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { JobHandler, RecurringJob } from "../jobs/jobs.ts";
import type { Metadata, Transaction } from "../storage/metadata/metadata.ts";
import type { Events, NewEvent } from "./events.ts";

/** An event as it lies in the outbox; `account`, `region` and the rest are as they were recorded. */
export interface RecordedEvent {
  readonly position: number;
  readonly id: string;
  readonly source: string;
  readonly detailType: string;
  readonly account: string;
  readonly region: string;
  readonly time: Date;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Events are numbered and deleted so many in one transaction, so that other writers do not wait. */
const BATCH = 500;

/** How long events are kept for readers to come. */
const KEPT_DAYS = 7;

const PRUNE = "events.prune";

export const eventsRecurringJobs: readonly RecurringJob[] = [
  { name: PRUNE, schedule: "rate(1 hour)", kind: PRUNE, payload: null },
];

export function createEvents(clock: Clock): Events {
  return {
    async record(tx: Transaction, event: NewEvent): Promise<void> {
      await tx
        .insertInto("events")
        .values({
          position: null,
          id: randomUUID(),
          source: event.source,
          detail_type: event.detailType,
          account: event.account,
          region: event.region,
          time: event.time.getTime(),
          resources: JSON.stringify(event.resources),
          detail: JSON.stringify(event.detail),
          recorded_at: clock.now().getTime(),
        })
        .execute();
    },
  };
}

/**
 * The events after position `after` (0 for all that are kept), at most `limit`, in order. Fewer than `limit`
 * means that there are no more for now.
 */
export async function readEvents(metadata: Metadata, after: number, limit: number): Promise<RecordedEvent[]> {
  await numberEvents(metadata);
  const rows = await metadata.reader
    .selectFrom("events")
    .selectAll()
    .where("position", ">", after)
    .orderBy("position")
    .limit(limit)
    .execute();
  return rows.flatMap(
    ({ position, detail_type, time, resources, detail, recorded_at: _, sequence: __, ...same }) =>
      position === null
        ? []
        : [
            {
              ...same,
              position,
              detailType: detail_type,
              time: new Date(time),
              resources: JSON.parse(resources),
              detail: JSON.parse(detail),
            },
          ],
  );
}

export function eventsJobHandlers(metadata: Metadata, clock: Clock): readonly JobHandler[] {
  return [{ kind: PRUNE, run: () => pruneEvents(metadata, clock) }];
}

async function numberEvents(metadata: Metadata): Promise<void> {
  while ((await findNotNumbered(metadata.reader, 1)).length > 0) {
    await metadata.write(async (tx) => {
      const sequences = await findNotNumbered(tx, BATCH);
      const [first] = sequences;
      const last = sequences.at(-1);
      if (first === undefined || last === undefined) return;
      const numbering = await tx
        .updateTable("event_numbering")
        .set((eb) => ({ last_position: eb("last_position", "+", last - first + 1) }))
        .returning("last_position")
        .executeTakeFirstOrThrow();
      const offset = numbering.last_position - last;
      await tx
        .updateTable("events")
        .set((eb) => ({ position: eb("sequence", "+", offset) }))
        .where("position", "is", null)
        .where("sequence", ">=", first)
        .where("sequence", "<=", last)
        .execute();
    });
  }
}

async function findNotNumbered(reader: Metadata["reader"], limit: number): Promise<number[]> {
  const rows = await reader
    .selectFrom("events")
    .select("sequence")
    .where("position", "is", null)
    .orderBy("sequence")
    .limit(limit)
    .execute();
  return rows.map((row) => row.sequence);
}

async function pruneEvents(metadata: Metadata, clock: Clock): Promise<void> {
  const before = clock.now().getTime() - KEPT_DAYS * clock.dayMilliseconds;
  for (let deleted = BATCH; deleted === BATCH; ) {
    deleted = await metadata.write(async (tx) => {
      const old = tx
        .selectFrom("events")
        .select("sequence")
        .where("recorded_at", "<", before)
        .orderBy("recorded_at")
        .limit(BATCH);
      const rows = await tx.deleteFrom("events").where("sequence", "in", old).returning("sequence").execute();
      return rows.length;
    });
  }
}
