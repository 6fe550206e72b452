/**
 * Schedule expressions of Amazon EventBridge rules, in UTC (user guide, "Cron expressions reference" and "Rate expressions").
 * Differences: none known. Limit: a range must not run backwards (`FRI-MON`); the guide shows none that does.
 */
import { type CronFields, nextMatch, parseCronFields } from "./cron.ts";

export type Schedule =
  | { readonly kind: "rate"; readonly milliseconds: number }
  | { readonly kind: "cron"; readonly fields: CronFields };

/** The text is no schedule; the message says what is wrong with it. */
export class InvalidSchedule extends Error {
  override readonly name = "InvalidSchedule";
}

const UNIT_MILLISECONDS: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** `rate(5 minutes)`, `rate(1 day)`, `cron(0 3 * * ? *)`. Throws InvalidSchedule. */
export function parseSchedule(text: string): Schedule {
  const [, kind, inner = ""] = /^(rate|cron)\((.*)\)$/.exec(text) ?? [];
  if (kind === "rate") return parseRate(inner);
  if (kind === "cron") {
    const fields = parseCronFields(inner);
    if (typeof fields === "string") throw new InvalidSchedule(`cron(${inner}): ${fields}`);
    return { kind: "cron", fields };
  }
  throw new InvalidSchedule(`not a rate(...) or cron(...) expression: ${text}`);
}

/** The first time strictly after `after`, or undefined when there is none (a cron whose years are over). */
export function nextRun(schedule: Schedule, after: Date): Date | undefined {
  if (schedule.kind === "cron") return nextMatch(schedule.fields, after);
  return new Date(after.getTime() + schedule.milliseconds);
}

/** The next time after `now` when `due` is over: a rate keeps its beat, and what was missed in between is not made up. */
export function followingRun(schedule: Schedule, due: Date, now: Date): Date | undefined {
  if (schedule.kind === "cron") return nextRun(schedule, now);
  const beats = Math.floor((now.getTime() - due.getTime()) / schedule.milliseconds) + 1;
  return new Date(due.getTime() + beats * schedule.milliseconds);
}

/** A whole number of at least 1, and the unit in the singular for 1 and in the plural for more. */
function parseRate(text: string): Schedule {
  const [, digits = "", unit = "", plural] = /^\s*(\d{1,9})\s+(minute|hour|day)(s?)\s*$/.exec(text) ?? [];
  const value = Number(digits);
  const unitMilliseconds = UNIT_MILLISECONDS[unit];
  if (unitMilliseconds === undefined || value < 1) {
    throw new InvalidSchedule(`rate(${text}): not a positive number of minutes, hours or days`);
  }
  if ((value === 1) !== (plural === "")) {
    throw new InvalidSchedule(`rate(${text}): the unit is singular for 1 and plural for more`);
  }
  return { kind: "rate", milliseconds: value * unitMilliseconds };
}
