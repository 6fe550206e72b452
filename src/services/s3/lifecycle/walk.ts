/**
 * How far lifecycle has come in a bucket, as a row that every server sees. A page is acted upon first and left behind after:
 * a crash repeats it, which does nothing twice. Whoever finds the row moved on by another stops and leaves it to that one.
 */
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { UploadCursor, VersionCursor } from "./pages.ts";
import "./tables.ts";

/** First all versions, then all uploads. */
export type WalkCursor =
  | { readonly step: "versions"; readonly at?: VersionCursor }
  | { readonly step: "uploads"; readonly at?: UploadCursor };

export interface Walk {
  readonly bucketId: string;
  readonly startedAt: number;
  readonly cursor: WalkCursor;
}

const BEGINNING: WalkCursor = { step: "versions" };

/** The walk that is under way, or a new one if the last one began before `since`; undefined when there is nothing to do. */
export async function beginWalk(
  tx: Transaction,
  bucketId: string,
  now: number,
  since: number,
): Promise<Walk | undefined> {
  const row = await tx
    .selectFrom("s3_lifecycle_walks")
    .selectAll()
    .where("bucket_id", "=", bucketId)
    .executeTakeFirst();
  if (row?.finished_at === null)
    return { bucketId, startedAt: row.started_at, cursor: JSON.parse(row.cursor) as WalkCursor };
  if (row !== undefined && row.started_at >= since) return undefined;
  const fresh = { started_at: now, finished_at: null, cursor: JSON.stringify(BEGINNING) };
  await tx
    .insertInto("s3_lifecycle_walks")
    .values({ bucket_id: bucketId, ...fresh })
    .onConflict((conflict) => conflict.column("bucket_id").doUpdateSet(fresh))
    .execute();
  return { bucketId, startedAt: now, cursor: BEGINNING };
}

/** @param next undefined at the end. Returns the walk from there; undefined when it is over, or another one's. */
export async function moveOn(
  tx: Transaction,
  walk: Walk,
  next: WalkCursor | undefined,
  now: number,
): Promise<Walk | undefined> {
  const moved = await tx
    .updateTable("s3_lifecycle_walks")
    .set(next === undefined ? { finished_at: now } : { cursor: JSON.stringify(next) })
    .where("bucket_id", "=", walk.bucketId)
    .where("started_at", "=", walk.startedAt)
    .where("finished_at", "is", null)
    .where("cursor", "=", JSON.stringify(walk.cursor))
    .returning("bucket_id")
    .executeTakeFirst();
  return moved === undefined || next === undefined ? undefined : { ...walk, cursor: next };
}

export async function forgetWalk(tx: Transaction, bucketId: string): Promise<void> {
  await tx.deleteFrom("s3_lifecycle_walks").where("bucket_id", "=", bucketId).execute();
}

export async function forgetWalksOfDeletedBuckets(tx: Transaction): Promise<void> {
  await tx
    .deleteFrom("s3_lifecycle_walks")
    .where("bucket_id", "not in", tx.selectFrom("s3_buckets").select("id"))
    .execute();
}
