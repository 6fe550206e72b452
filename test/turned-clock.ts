import type { Clock } from "../src/clock.ts";

/** A clock that stands still until a test turns it. */
export interface TurnedClock extends Clock {
  turn(milliseconds: number): void;
}

export function turnedClock(start = "2026-11-24T10:00:00Z", dayMilliseconds = 86_400_000): TurnedClock {
  let now = Date.parse(start);
  return {
    now: () => new Date(now),
    dayMilliseconds,
    turn(milliseconds) {
      now += milliseconds;
    },
  };
}
