/** The query of a request: bounded, decoded once, free of control characters. */
import { InvalidRequest, RegistryError } from "./errors.ts";

/** A manifest push names at least ten tags (specification); this leaves room and bounds the work. */
const MOST_PARAMETERS = 100;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f\ufffd]/;

export type Query = URLSearchParams;

const EMPTY: Query = new URLSearchParams();

/** `text` is what follows the question mark. Throws for more than 100 parameters, control characters, invalid UTF-8. */
export function parseQuery(text: string): Query {
  if (text === "") return EMPTY;
  const query = new URLSearchParams(text);
  if (query.size > MOST_PARAMETERS) {
    throw new RegistryError(414, "UNSUPPORTED", `more than ${MOST_PARAMETERS} query parameters`);
  }
  for (const [key, value] of query) {
    if (UNSAFE.test(key) || UNSAFE.test(value)) {
      throw new InvalidRequest("UNSUPPORTED", "invalid characters in a query parameter");
    }
  }
  return query;
}

/** `n` of a listing: a whole number; undefined when absent. */
export function pageSize(query: Query): number | undefined {
  const text = query.get("n");
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text)) {
    throw new InvalidRequest("UNSUPPORTED", "n must be a number of items, 0 or more", {
      n: text.slice(0, 100),
    });
  }
  return Number(text);
}
