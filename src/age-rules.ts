/**
 * When rules about age fall due, and the shape of what an engine of such rules decides: shared by every service whose
 * artifacts go away by rule. Pure: time comes in, values come out.
 */
import type { Clock } from "./clock.ts";

/** What a rule has in store for one thing: acted upon once `dueAt` has come, shown by a preview before. */
export interface Decision<Action> {
  readonly action: Action;
  /** The rule that wants it: a lifecycle rule's ID, a rule's priority. */
  readonly rule: string;
  /** Milliseconds since the epoch; in the past where the rule came later than the age. */
  readonly dueAt: number;
  /** A sentence for people: which age or count made it so. */
  readonly reason: string;
}

const REAL_DAY = 86_400_000;
/** How exactly HTTP dates speak. */
const SECOND = 1000;
/** The last day that an ISO date of four digits can name; an age beyond it never comes. */
const NEVER = Date.UTC(9999, 11, 31);

/**
 * When something is `days` old as S3 counts: the days are added, and the time is rounded up to the next midnight UTC
 * (15 January 10:30 and 3 days is 19 January 00:00). Days that were shortened for a rehearsal are not rounded to their
 * own "midnight", which would make a rule of one day take up to two: only to the next whole second.
 *
 * @param since milliseconds since the epoch
 */
export function dueAfterDays(since: number, days: number, { dayMilliseconds }: Clock): number {
  const due =
    dayMilliseconds === REAL_DAY
      ? Math.floor(since / REAL_DAY + days + 1) * REAL_DAY
      : Math.ceil((since + days * dayMilliseconds) / SECOND) * SECOND;
  return Math.min(due, NEVER);
}
