/** Rows to one statement: below SQLite's and PostgreSQL's limits of bound values with room to spare. */
const BATCH = 500;

export function* inBatches<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += BATCH) yield items.slice(start, start + BATCH);
}
