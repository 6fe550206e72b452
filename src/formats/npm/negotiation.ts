/** Which packument a client wants (RFC 9110 section 12.5.1, for the two that there are). */
import { ABBREVIATED, FULL } from "./packument.ts";

/** The abbreviated one only for those who name it, and not less than the full one. */
export function prefersAbbreviated(accept: string | undefined): boolean {
  if (accept === undefined || !accept.includes(ABBREVIATED)) return false;
  const weights = new Map(accept.split(",").map(weighted));
  const abbreviated = weights.get(ABBREVIATED) ?? 0;
  return abbreviated > 0 && abbreviated >= (weights.get(FULL) ?? 0);
}

function weighted(part: string): [type: string, weight: number] {
  const [type = "", ...parameters] = part.split(";").map((text) => text.trim());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  return [type, weight === undefined ? 1 : Number(weight) || 0];
}
