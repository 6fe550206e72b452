import { sql } from "kysely";
import type { Metadata } from "./metadata.ts";

/**
 * How far this server's clock is ahead of the database's, in milliseconds. Claims on uploads and jobs are
 * times written by one server and read by another: they hold for a minute, as far as the clocks agree.
 */
export async function measureClockSkew(metadata: Metadata, now: () => Date): Promise<number> {
  if (metadata.dialect === "sqlite") return 0;
  const before = now().getTime();
  const { rows } = await sql<{ now: number }>`
    select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now
  `.execute(metadata.reader);
  const after = now().getTime();
  const theirs = rows[0]?.now ?? before;
  // As Date does, the database cuts milliseconds off instead of rounding. Anywhere within the question's way counts as equal.
  if (theirs < before) return before - theirs;
  return theirs > after ? after - theirs : 0;
}
