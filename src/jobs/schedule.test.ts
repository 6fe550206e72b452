import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { InvalidSchedule, nextRun, parseSchedule } from "./schedule.ts";

/** The first times of a schedule strictly after `after`. */
function runs(schedule: string, after: string, count: number): string[] {
  const parsed = parseSchedule(schedule);
  const found: string[] = [];
  let time: Date | undefined = new Date(after);
  while (found.length < count && time) {
    time = nextRun(parsed, time);
    if (time) found.push(time.toISOString().slice(0, 16));
  }
  return found;
}

describe("cron", () => {
  // 2026-11-24 is a Tuesday.
  const cases: readonly (readonly [schedule: string, after: string, next: readonly string[]])[] = [
    ["cron(0 10 * * ? *)", "2026-11-24T10:00:00Z", ["2026-11-25T10:00", "2026-11-26T10:00"]],
    ["cron(0 10 * * ? *)", "2026-11-24T09:59:59.999Z", ["2026-11-24T10:00"]],
    ["cron(15 12 * * ? *)", "2026-12-31T12:15:00Z", ["2027-01-01T12:15"]],
    ["cron(0 18 ? * MON-FRI *)", "2026-11-27T18:00:00Z", ["2026-11-30T18:00", "2026-12-01T18:00"]],
    ["cron(0 8 1 * ? *)", "2026-11-24T00:00:00Z", ["2026-12-01T08:00", "2027-01-01T08:00"]],
    ["cron(0/15 * * * ? *)", "2026-11-24T10:07:00Z", ["2026-11-24T10:15", "2026-11-24T10:30"]],
    ["cron(1/10 * * * ? *)", "2026-11-24T10:00:00Z", ["2026-11-24T10:01", "2026-11-24T10:11"]],
    [
      "cron(0/10 * ? * MON-FRI *)",
      "2026-11-27T23:49:00Z",
      ["2026-11-27T23:50", "2026-11-30T00:00", "2026-11-30T00:10"],
    ],
    ["cron(0/5 8-17 ? * MON-FRI *)", "2026-11-24T17:55:00Z", ["2026-11-25T08:00", "2026-11-25T08:05"]],
    [
      "cron(10-40/10 6 * * ? *)",
      "2026-11-24T06:20:00Z",
      ["2026-11-24T06:30", "2026-11-24T06:40", "2026-11-25T06:10"],
    ],
    ["cron(0,30 0 * jan,JUL ? *)", "2026-11-24T00:00:00Z", ["2027-01-01T00:00", "2027-01-01T00:30"]],
    [
      "cron(0 0 L * ? *)",
      "2027-02-01T00:00:00Z",
      ["2027-02-28T00:00", "2027-03-31T00:00", "2027-04-30T00:00"],
    ],
    ["cron(0 0 L 2 ? *)", "2027-03-01T00:00:00Z", ["2028-02-29T00:00", "2029-02-28T00:00"]],
    [
      "cron(0 0 31 * ? *)",
      "2026-11-24T00:00:00Z",
      ["2026-12-31T00:00", "2027-01-31T00:00", "2027-03-31T00:00"],
    ],
    ["cron(0 0 29 2 ? *)", "2026-11-24T00:00:00Z", ["2028-02-29T00:00", "2032-02-29T00:00"]],
    // The 15th: Sunday in November 2026, Tuesday in December, Friday in January, Monday in February; Saturday in May 2027.
    [
      "cron(0 9 15W * ? *)",
      "2026-11-01T00:00:00Z",
      ["2026-11-16T09:00", "2026-12-15T09:00", "2027-01-15T09:00"],
    ],
    ["cron(0 9 15W 5 ? 2027)", "2026-11-01T00:00:00Z", ["2027-05-14T09:00"]],
    // 1 November 2026 is a Sunday, 1 May 2027 a Saturday, 28 February 2027 a Sunday: never out of the month.
    ["cron(0 9 1W 11 ? 2026)", "2026-10-01T00:00:00Z", ["2026-11-02T09:00"]],
    ["cron(0 9 1W 5 ? 2027)", "2026-10-01T00:00:00Z", ["2027-05-03T09:00"]],
    ["cron(0 9 28W 2 ? 2027)", "2026-10-01T00:00:00Z", ["2027-02-26T09:00"]],
    ["cron(0 9 LW 2 ? 2027)", "2026-10-01T00:00:00Z", ["2027-02-26T09:00"]],
    ["cron(0 9 31W 11 ? 2026)", "2026-10-01T00:00:00Z", []],
    ["cron(15 10 ? * 6L *)", "2026-11-24T00:00:00Z", ["2026-11-27T10:15", "2026-12-25T10:15"]],
    ["cron(15 10 ? * FRIL *)", "2026-11-27T10:15:00Z", ["2026-12-25T10:15"]],
    ["cron(0 0 ? * L *)", "2026-11-24T00:00:00Z", ["2026-11-28T00:00", "2026-12-05T00:00"]],
    ["cron(0 0 ? * 3#2 *)", "2026-11-11T00:00:00Z", ["2026-12-08T00:00", "2027-01-12T00:00"]],
    ["cron(0 0 ? * TUE#5 *)", "2026-11-24T00:00:00Z", ["2026-12-29T00:00", "2027-03-30T00:00"]],
    ["cron(0 0 ? * 1 *)", "2026-11-24T00:00:00Z", ["2026-11-29T00:00"]],
    ["cron(0 0 ? * SUN,7 *)", "2026-11-24T00:00:00Z", ["2026-11-28T00:00", "2026-11-29T00:00"]],
    ["cron(0 9 ? * 6L 2026-2027)", "2027-12-31T09:00:00Z", []],
    ["cron(0 0 1 1 ? 2030/2)", "2026-11-24T00:00:00Z", ["2030-01-01T00:00", "2032-01-01T00:00"]],
    ["cron(0 0 1 1 ? 2020)", "2026-11-24T00:00:00Z", []],
    ["cron(59 23 31 12 ? 2199)", "2026-11-24T00:00:00Z", ["2199-12-31T23:59"]],
  ];
  for (const [schedule, after, expected] of cases) {
    test(`${schedule} after ${after}`, () => {
      expect(runs(schedule, after, Math.max(expected.length, 1))).toEqual([...expected]);
    });
  }

  test("the next run is after now, and its minute matches", () => {
    const parsed = parseSchedule("cron(7/13 */5 ? 2-11/3 2-6 *)");
    fc.assert(
      fc.property(
        fc.date({ min: new Date("1990-01-01"), max: new Date("2100-01-01"), noInvalidDate: true }),
        (now) => {
          const next = nextRun(parsed, now);
          expect(next?.getTime()).toBeGreaterThan(now.getTime());
          expect([7, 20, 33, 46, 59]).toContain(next?.getUTCMinutes() ?? -1);
          expect([0, 5, 10, 15, 20]).toContain(next?.getUTCHours() ?? -1);
          expect([2, 5, 8, 11]).toContain((next?.getUTCMonth() ?? -1) + 1);
          expect([1, 2, 3, 4, 5]).toContain(next?.getUTCDay() ?? -1);
        },
      ),
    );
  });
});

describe("rate", () => {
  const cases: readonly (readonly [schedule: string, next: string])[] = [
    ["rate(1 minute)", "2026-11-24T10:01"],
    ["rate(5 minutes)", "2026-11-24T10:05"],
    ["rate(1 hour)", "2026-11-24T11:00"],
    ["rate(36 hours)", "2026-11-25T22:00"],
    ["rate(1 day)", "2026-11-25T10:00"],
    ["rate(30 days)", "2026-12-24T10:00"],
  ];
  for (const [schedule, next] of cases) {
    test(schedule, () => expect(runs(schedule, "2026-11-24T10:00:00Z", 1)).toEqual([next]));
  }
});

describe("refused", () => {
  const texts = [
    "",
    "every hour",
    "rate()",
    "rate(0 minutes)",
    "rate(1 minutes)",
    "rate(5 minute)",
    "rate(-5 minutes)",
    "rate(1.5 hours)",
    "rate(5 seconds)",
    "rate(5minutes)",
    "cron()",
    "cron(0 10 * * ?)",
    "cron(0 10 * * ? * *)",
    "cron(0 10 * * * *)",
    "cron(0 10 ? * ? *)",
    "cron(60 10 * * ? *)",
    "cron(0 24 * * ? *)",
    "cron(0 10 0 * ? *)",
    "cron(0 10 32 * ? *)",
    "cron(0 10 * 13 ? *)",
    "cron(0 10 * FOO ? *)",
    "cron(0 10 ? * 0 *)",
    "cron(0 10 ? * 8 *)",
    "cron(0 10 ? * 3#6 *)",
    "cron(0 10 ? * 3#2#1 *)",
    "cron(0 10 ? * W *)",
    "cron(0 10 W * ? *)",
    "cron(0 10 5L * ? *)",
    "cron(0 10 * * ? 1969)",
    "cron(0 10 * * ? 2200)",
    "cron(0/0 10 * * ? *)",
    "cron(5-1 10 * * ? *)",
    "cron(1,, 10 * * ? *)",
    "cron(? 10 * * ? *)",
    "cron(*-5 10 * * ? *)",
    " rate(1 hour)",
  ];
  for (const text of texts) {
    test(JSON.stringify(text), () => expect(() => parseSchedule(text)).toThrow(InvalidSchedule));
  }
});
