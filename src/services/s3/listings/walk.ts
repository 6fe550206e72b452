import { keyOf, storedKey } from "../object-key.ts";
import { afterPrefix } from "./key-range.ts";

/** Where a scan goes on: behind a row, or at a key and with it (as it is stored). */
export type ScanFrom<Row> = { readonly after: Row } | { readonly at: string };

/**
 * Rows in the order of their keys from there on, at most so many; only such whose key begins with the prefix. Where it
 * may leap, it can leave out what shares a common prefix with the row before.
 */
export type Scan<Row> = (
  from: ScanFrom<Row> | undefined,
  limit: number,
  mayLeap: boolean,
) => Promise<readonly Row[]>;

export interface WalkOptions {
  /** All as the client wrote them; "" for none. */
  readonly prefix: string;
  readonly delimiter: string;
  readonly marker: string;
  /** Keys and common prefixes together. */
  readonly max: number;
}

/** In the order of keys: a row with its key, or the common prefix that stands for all rows below it. */
export type Entry<Row> = { readonly key: string; readonly row: Row } | { readonly commonPrefix: string };

export interface WalkedPage<Row> {
  readonly entries: readonly Entry<Row>[];
  readonly truncated: boolean;
}

/**
 * One page of a listing. What lies below a common prefix is leapt over, not read: the next scan begins behind it. A scan
 * that brought much that does not count is followed by one that may leap by itself and is short, for it may not know how.
 */
export async function walk<Row extends { readonly key: string }>(
  scan: Scan<Row>,
  { prefix, delimiter, marker, max }: WalkOptions,
): Promise<WalkedPage<Row>> {
  const entries: Entry<Row>[] = [];
  if (max === 0) return { entries, truncated: false };
  let from: ScanFrom<Row> | undefined;
  let limit = delimiter === "" ? max + 1 : Math.min(max + 1, FIRST_LOOK);
  let mayLeap = false;
  for (;;) {
    const rows = await scan(from, limit, mayLeap);
    const before = entries.length;
    let below: string | undefined;
    for (const row of rows) {
      const key = keyOf(row.key);
      if (below !== undefined && key.startsWith(below)) continue;
      below = commonPrefix(key, prefix, delimiter);
      // A marker within a common prefix: it was on the page before.
      if (below !== undefined && marker.startsWith(below)) continue;
      if (entries.length === max) return { entries, truncated: true };
      entries.push(below === undefined ? { key, row } : { commonPrefix: below });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return { entries, truncated: false };
    if (below === undefined) from = { after: last };
    else {
      const at = afterPrefix(storedKey(below));
      if (at === undefined) return { entries, truncated: false };
      from = { at };
    }
    const counted = entries.length - before;
    mayLeap = delimiter !== "" && (mayLeap ? counted > 0 : counted * 2 < rows.length);
    limit = Math.min(max + 1, Math.max(SHORTEST_LOOK, counted * 2));
  }
}

const FIRST_LOOK = 100;
const SHORTEST_LOOK = 4;

function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "") return undefined;
  const found = key.indexOf(delimiter, prefix.length);
  return found < 0 ? undefined : key.slice(0, found + delimiter.length);
}
