/** The time, injected everywhere so that tests and rehearsals can turn it. */
export interface Clock {
  now(): Date;
  /** Length of a "day" of every age rule in milliseconds: 86,400,000 unless SHOSOIN_DAY_SECONDS says otherwise. */
  readonly dayMilliseconds: number;
}

export function systemClock(daySeconds = 86_400): Clock {
  return { now: () => new Date(), dayMilliseconds: daySeconds * 1000 };
}
