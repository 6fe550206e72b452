/**
 * The six fields of EventBridge's cron: minutes, hours, day of month, month, day of week (1 = Sunday), year.
 * Source: EventBridge user guide, "Cron expressions reference". Pure: text and times in, times out.
 */

/** Which days of a given month match. */
type DayRule = (month: Month) => ReadonlySet<number>;

interface Month {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
  /** 28 to 31 */
  readonly days: number;
}

export interface CronFields {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly years: ReadonlySet<number>;
  readonly days: DayRule;
}

interface Range {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** The first is `from`. */
  readonly names?: readonly string[];
}

const MINUTES: Range = { name: "minutes", from: 0, to: 59 };
const HOURS: Range = { name: "hours", from: 0, to: 23 };
const DAY_OF_MONTH: Range = { name: "day of month", from: 1, to: 31 };
const MONTHS: Range = {
  name: "month",
  from: 1,
  to: 12,
  names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
const DAY_OF_WEEK: Range = {
  name: "day of week",
  from: 1,
  to: 7,
  names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};
const YEARS: Range = { name: "year", from: 1970, to: 2199 };

/** Returns the fields, or what is wrong with the text. */
export function parseCronFields(text: string): CronFields | string {
  const [minutes, hours, dayOfMonth, month, dayOfWeek, year, ...rest] = text.trim().split(/\s+/);
  if (
    minutes === undefined ||
    hours === undefined ||
    dayOfMonth === undefined ||
    month === undefined ||
    dayOfWeek === undefined ||
    year === undefined ||
    rest.length > 0
  ) {
    return "six fields are needed: minutes, hours, day of month, month, day of week, year";
  }
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) {
    return "exactly one of day of month and day of week must be ?";
  }
  try {
    return {
      minutes: parseValues(minutes, MINUTES),
      hours: parseValues(hours, HOURS),
      months: parseValues(month, MONTHS),
      years: parseValues(year, YEARS),
      days: dayOfWeek === "?" ? parseDaysOfMonth(dayOfMonth) : parseDaysOfWeek(dayOfWeek),
    };
  } catch (error) {
    if (error instanceof BadField) return error.message;
    throw error;
  }
}

/** The first minute strictly after `after` that matches all fields. */
export function nextMatch(fields: CronFields, after: Date): Date | undefined {
  const first = new Date(Math.floor(after.getTime() / 60_000) * 60_000 + 60_000);
  let from = {
    day: first.getUTCDate(),
    hour: first.getUTCHours(),
    minute: first.getUTCMinutes(),
  };
  for (let year = first.getUTCFullYear(); year <= YEARS.to; year += 1) {
    if (!fields.years.has(year)) {
      from = { day: 1, hour: 0, minute: 0 };
      continue;
    }
    for (let month = year === first.getUTCFullYear() ? first.getUTCMonth() + 1 : 1; month <= 12; month += 1) {
      if (fields.months.has(month)) {
        const found = nextInMonth(fields, monthOf(year, month), from);
        if (found) return found;
      }
      from = { day: 1, hour: 0, minute: 0 };
    }
  }
  return undefined;
}

function nextInMonth(
  fields: CronFields,
  month: Month,
  from: { day: number; hour: number; minute: number },
): Date | undefined {
  const days = fields.days(month);
  for (let day = from.day; day <= month.days; day += 1) {
    if (!days.has(day)) continue;
    const firstDay = day === from.day;
    for (let hour = firstDay ? from.hour : 0; hour <= HOURS.to; hour += 1) {
      if (!fields.hours.has(hour)) continue;
      for (let minute = firstDay && hour === from.hour ? from.minute : 0; minute <= MINUTES.to; minute += 1) {
        if (fields.minutes.has(minute)) {
          return new Date(Date.UTC(month.year, month.month - 1, day, hour, minute));
        }
      }
    }
  }
  return undefined;
}

class BadField extends Error {}

/** `*`, `5`, `MON`, `1-5`, `0/15`, `10-40/10`, and lists of them. */
function parseValues(text: string, range: Range): ReadonlySet<number> {
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const [span = "", step, ...rest] = item.split("/");
    const [first = "", last, ...more] = span.split("-");
    if (rest.length > 0 || more.length > 0) throw badField(item, range);
    const every = step === undefined ? 1 : parseNumber(step, item, { ...range, from: 1 });
    const from = first === "*" ? range.from : parseValue(first, item, range);
    const single = last === undefined && step === undefined && first !== "*";
    const to = last === undefined ? (single ? from : range.to) : parseValue(last, item, range);
    if ((first === "*" && last !== undefined) || to < from) throw badField(item, range);
    for (let value = from; value <= to; value += every) values.add(value);
  }
  return values;
}

function parseValue(text: string, item: string, range: Range): number {
  const named = range.names?.indexOf(text.toUpperCase()) ?? -1;
  return named >= 0 ? range.from + named : parseNumber(text, item, range);
}

function parseNumber(text: string, item: string, range: Range): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= range.from && value <= range.to)) throw badField(item, range);
  return value;
}

function badField(item: string, range: Range): BadField {
  return new BadField(`${range.name} cannot be ${item || "empty"}`);
}

/** Besides values: `L` the last day, `15W` the weekday nearest to the 15th within the month, `LW` the last weekday. */
function parseDaysOfMonth(text: string): DayRule {
  const rules = text.split(",").map((item): DayRule => {
    if (item === "L") return (month) => new Set([month.days]);
    if (item === "LW") return (month) => new Set([nearestWeekday(month, month.days)]);
    if (item.endsWith("W")) {
      const day = parseNumber(item.slice(0, -1), item, DAY_OF_MONTH);
      return (month) => (day > month.days ? NO_DAYS : new Set([nearestWeekday(month, day)]));
    }
    const days = parseValues(item, DAY_OF_MONTH);
    return () => days;
  });
  return anyOf(rules);
}

/** Besides values: `L` Saturday, `6L` the last Friday of the month, `3#2` its second Tuesday. */
function parseDaysOfWeek(text: string): DayRule {
  const rules = text.split(",").map((item): DayRule => {
    if (item === "L") return onWeekdays(new Set([DAY_OF_WEEK.to]));
    if (item.endsWith("L")) {
      const weekday = parseValue(item.slice(0, -1), item, DAY_OF_WEEK);
      return (month) => new Set([...daysOnWeekday(month, weekday)].slice(-1));
    }
    const [left = "", nth, ...rest] = item.split("#");
    if (nth !== undefined) {
      const weekday = parseValue(left, item, DAY_OF_WEEK);
      const count = parseNumber(nth, item, { ...DAY_OF_WEEK, from: 1, to: 5 });
      if (rest.length > 0) throw badField(item, DAY_OF_WEEK);
      return (month) => new Set([...daysOnWeekday(month, weekday)].slice(count - 1, count));
    }
    return onWeekdays(parseValues(item, DAY_OF_WEEK));
  });
  return anyOf(rules);
}

const NO_DAYS: ReadonlySet<number> = new Set();

function anyOf(rules: readonly DayRule[]): DayRule {
  return (month) => new Set(rules.flatMap((rule) => [...rule(month)]));
}

function onWeekdays(weekdays: ReadonlySet<number>): DayRule {
  return (month) => new Set([...weekdays].flatMap((weekday) => daysOnWeekday(month, weekday)));
}

function daysOnWeekday(month: Month, weekday: number): number[] {
  const days = Array.from({ length: month.days }, (_, index) => index + 1);
  return days.filter((day) => weekdayOf(month, day) === weekday);
}

/** 1 = Sunday */
function weekdayOf(month: Month, day: number): number {
  return new Date(Date.UTC(month.year, month.month - 1, day)).getUTCDay() + 1;
}

/** Saturday moves to Friday, Sunday to Monday, never out of the month. */
function nearestWeekday(month: Month, day: number): number {
  const weekday = weekdayOf(month, day);
  if (weekday === 7) return day > 1 ? day - 1 : day + 2;
  if (weekday === 1) return day < month.days ? day + 1 : day - 2;
  return day;
}

function monthOf(year: number, month: number): Month {
  return { year, month, days: new Date(Date.UTC(year, month, 0)).getUTCDate() };
}
