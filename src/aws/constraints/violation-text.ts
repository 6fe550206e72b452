import { type Path, stepsOf } from "./violations.ts";

/** The innermost member on the way to a value. */
export function lastMember(path: Path): string {
  const member = stepsOf(path).findLast((step) => "member" in step);
  return member && "member" in member ? member.member : "";
}

/** AWS repeats the whole value; a message is no place for megabytes. */
export function clipped(text: string): string {
  return text.length <= 2048 ? text : `${text.slice(0, 2048)}...`;
}
