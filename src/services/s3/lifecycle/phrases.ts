/** Ages and times in the reasons that people read. */

export function days(count: number): string {
  return count === 1 ? "1 day" : `${count} days`;
}

/** As people and machines read it: to the second. */
export function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, "Z");
}

export function day(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
