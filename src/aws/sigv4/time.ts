/** The two ways in which a signed request can say when it was signed. */

/** `20150830T123600Z` */
export function formatBasicTime(time: Date): string {
  const milliseconds = time.getTime();
  if (milliseconds !== last.milliseconds)
    last = { milliseconds, text: time.toISOString().replace(/[-:]|\.\d{3}/g, "") };
  return last.text;
}

/** All that was signed in a second has one time, which is asked for several times a request. */
let last = { milliseconds: Number.NaN, text: "" };

/** Undefined unless `text` is a real time in ISO 8601 basic format. */
export function parseBasicTime(text: string): Date | undefined {
  if (text === last.text && last.milliseconds % 1000 === 0) return new Date(last.milliseconds);
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // Date turns 30 February into 2 March; the string to sign must be the very text that was sent.
  return Number.isNaN(time.getTime()) || formatBasicTime(time) !== text ? undefined : time;
}

/**
 * The HTTP date of a Date header (RFC 9110, 5.6.7, IMF-fixdate), for clients that cannot send X-Amz-Date. botocore writes
 * GMT as a zone of RFC 5322, "-0000".
 */
export function parseHttpDate(text: string): Date | undefined {
  const [, date] =
    /^([A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}) (?:GMT|[+-]0000)$/.exec(text) ?? [];
  const time = new Date(`${date} GMT`);
  return Number.isNaN(time.getTime()) || time.toUTCString() !== `${date} GMT` ? undefined : time;
}
