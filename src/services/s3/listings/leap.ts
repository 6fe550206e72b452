import { type RawBuilder, sql } from "kysely";
import type { Dialect } from "../../../storage/metadata/metadata.ts";
import { storedKey } from "../object-key.ts";
import { afterPrefix } from "./key-range.ts";

/** In stored form, all of it. */
export interface LeapOptions {
  readonly bucketId: string;
  readonly prefix: string;
  /** The first key behind the prefix. */
  readonly end: string | undefined;
  readonly delimiter: string;
}

/**
 * Keys of a bucket as a query: from `at` on, of each common prefix the first key only, at most `limit`. The database
 * leaps by itself, from each key to the first one behind its common prefix, instead of being asked once a leap.
 * Undefined for delimiters whose place in a stored key cannot be found by looking at characters alone.
 */
export function leapingKeys(
  dialect: Dialect,
  { bucketId, prefix, end, delimiter }: LeapOptions,
  at: string,
  limit: number,
): RawBuilder<{ key: string }> | undefined {
  const behind = afterPrefix(delimiter);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what storedKey() writes others with
  if (behind === undefined || /[\0-\u0002]/.test(delimiter)) return undefined;
  const position = sql.raw(dialect === "sqlite" ? "instr" : "strpos");
  const below = end === undefined ? sql`` : sql`and v.key < ${end}`;
  const first = (from: RawBuilder<unknown>) =>
    sql`select v.key from s3_versions v where v.bucket_id = ${bucketId} and v.listed = 1 and v.key >= ${from} ${below} order by v.key limit 1`;
  const skipped = sql.lit(Array.from(prefix).length);
  const place = sql`${position}(substr(k.key, ${skipped} + 1), cast(${delimiter} as text))`;
  // The common prefix without its delimiter and what comes behind that one; or the next text of all.
  const next = sql`case when ${place} = 0 then k.key || cast(${FIRST_CHARACTER} as text)
    else substr(k.key, 1, ${skipped} + ${place} - 1) || cast(${behind} as text) end`;
  return sql<{ key: string }>`
    with recursive k(key, number) as (
      select (${first(sql`cast(${at} as text)`)}), 1
      union all
      select (${first(next)}), k.number + 1 from k where k.key is not null and k.number < ${sql.lit(limit)}
    ) select key from k where key is not null`;
}

/** No stored key has U+0000. */
const FIRST_CHARACTER = storedKey("\0").charAt(0);
