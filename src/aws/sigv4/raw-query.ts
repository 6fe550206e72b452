/** The query of a raw target in its two readings: decoded pairs, and SigV4's canonical form. */

export interface RawTarget {
  /** Up to the first "?". */
  readonly path: string;
  /** After it; empty when there is none. */
  readonly query: string;
}

export function splitTarget(target: string): RawTarget {
  const mark = target.indexOf("?");
  return mark < 0
    ? { path: target, query: "" }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** Name and value of each parameter in canonical encoding, in the order of the wire. */
export function canonicalPairs(query: string): (readonly [name: string, value: string])[] {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const mark = pair.indexOf("=");
      return mark < 0
        ? ([encodeComponent(pair), ""] as const)
        : ([encodeComponent(pair.slice(0, mark)), encodeComponent(pair.slice(mark + 1))] as const);
    });
}

/**
 * One query name or value as SigV4 encodes it: what came percent-encoded is decoded and encoded again, so that
 * `%7e` and `~` are the same; "+" is a space, as every query parser of this server reads it, but in a path itself.
 */
export function encodeComponent(text: string, plus: "%20" | "%2B" = "%20"): string {
  if (/^[A-Za-z0-9\-._~]*$/.test(text)) return text;
  return text.replace(/%([0-9a-fA-F]{2})|[^A-Za-z0-9\-._~]/gu, (piece, hex: string | undefined) => {
    if (hex !== undefined) {
      const character = String.fromCharCode(Number.parseInt(hex, 16));
      return /[A-Za-z0-9\-._~]/.test(character) ? character : `%${hex.toUpperCase()}`;
    }
    return piece === "+" ? plus : percentEncode(piece);
  });
}

/** Every byte of `text` as `%XX`. */
export function percentEncode(text: string): string {
  return Buffer.from(text, "utf8")
    .toString("hex")
    .toUpperCase()
    .replace(/../g, (byte) => `%${byte}`);
}

/** The text behind a canonically encoded name or value; undefined when its bytes are not UTF-8. */
export function decodeComponent(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
