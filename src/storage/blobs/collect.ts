import { setTimeout as pause } from "node:timers/promises";
import type { Transaction } from "../metadata/metadata.ts";
import type { BlobsContext } from "./context.ts";
import type { BlobRemovalsTable } from "./tables.ts";
import type { UploadLocks } from "./upload-locks.ts";

/**
 * Online garbage collection, in the manner of GitLab's registry: a blob that loses a reference is put up for
 * review; once the grace period is over it is looked at again, inside the transaction that deletes it, and
 * a reference that came meanwhile keeps it. Only rows are decided on here. The bytes go afterwards, by the
 * list in blob_removals, which a crash cannot lose. Cost is proportional to garbage; nothing is locked.
 */
const BATCH = 100;
/** Between batches, so that pushes and pulls go first. */
const PAUSE_MILLISECONDS = 5;
/** Removals under way at a time. */
const PARALLEL = 4;

export interface Collected {
  readonly blobs: number;
  readonly uploads: number;
  /** Ids whose bytes were removed from the store. */
  readonly removals: number;
}

/** One round over everything that is due. Stops between two batches when `signal` fires. */
export async function collectGarbage(
  context: BlobsContext,
  locks: UploadLocks,
  signal: AbortSignal,
): Promise<Collected> {
  const now = () => context.clock.now().getTime();
  const uploads = await inBatches(signal, () =>
    context.metadata.write((tx) =>
      expireUploads(tx, now(), now() - context.uploadLifetimeMilliseconds, (id) => locks.isHeld(id)),
    ),
  );
  const blobs = await inBatches(signal, () => context.metadata.write((tx) => reviewBlobs(tx, now())));
  const removals = await removeBytes(context, signal);
  return { uploads, blobs, removals };
}

/** What a batch did, and whether there may be more. */
interface Batch {
  readonly done: number;
  readonly more: boolean;
}

async function inBatches(signal: AbortSignal, run: () => Promise<Batch>): Promise<number> {
  let total = 0;
  while (!signal.aborted) {
    const { done, more } = await run();
    total += done;
    if (!more) break;
    await pause(PAUSE_MILLISECONDS);
  }
  return total;
}

async function expireUploads(
  tx: Transaction,
  now: number,
  untouchedSince: number,
  isInUse: (id: string) => boolean,
): Promise<Batch> {
  const rows = await tx
    .selectFrom("blob_uploads")
    .select(["id", "storage_class"])
    .where("updated_at", "<=", untouchedSince)
    .where("claimed_until", "<=", now)
    .orderBy("updated_at")
    .limit(BATCH)
    .execute();
  const expired = rows.filter((row) => !isInUse(row.id));
  if (expired.length > 0) {
    await tx.deleteFrom("blob_uploads").where("id", "in", ids(expired)).execute();
    await noteRemovals(tx, expired, now);
  }
  return { done: expired.length, more: rows.length === BATCH && expired.length > 0 };
}

async function reviewBlobs(tx: Transaction, now: number): Promise<Batch> {
  const due = await tx
    .selectFrom("blob_reviews")
    .leftJoin("blob_references", "blob_references.blob_id", "blob_reviews.blob_id")
    .select((row) => [
      "blob_reviews.blob_id as id",
      row.fn.count("blob_references.referrer").as("references"),
    ])
    .where("blob_reviews.review_after", "<=", now)
    .groupBy("blob_reviews.blob_id")
    .limit(BATCH)
    .execute();
  if (due.length === 0) return { done: 0, more: false };
  const garbage = due.filter((row) => Number(row.references) === 0).map((row) => row.id);
  await tx
    .deleteFrom("blob_reviews")
    .where(
      "blob_id",
      "in",
      due.map((row) => row.id),
    )
    .execute();
  if (garbage.length > 0) {
    await tx.deleteFrom("blob_contents").where("blob_id", "in", garbage).execute();
    await tx.deleteFrom("blob_fingerprints").where("blob_id", "in", garbage).execute();
    const deleted = await tx
      .deleteFrom("blobs")
      .where("id", "in", garbage)
      .returning(["id", "stored_id", "storage_class", "location"])
      .execute();
    // What lay in its row alone has left nothing in a store.
    const stored = deleted.filter((row) => row.location !== "");
    await noteRemovals(
      tx,
      stored.map((row) => ({ ...row, id: row.stored_id ?? row.id })),
      now,
    );
  }
  return { done: garbage.length, more: due.length === BATCH };
}

/** Bytes in a store, by the id of their upload. */
type Removal = Pick<BlobRemovalsTable, "id" | "storage_class">;

function ids(removals: readonly Removal[]): string[] {
  return removals.map((removal) => removal.id);
}

async function noteRemovals(tx: Transaction, removals: readonly Removal[], now: number): Promise<void> {
  if (removals.length === 0) return;
  await tx
    .insertInto("blob_removals")
    .values(removals.map(({ id, storage_class }) => ({ id, created_at: now, storage_class })))
    .execute();
}

/** What cannot be removed now stays on the list for the next round. */
async function removeBytes(context: BlobsContext, signal: AbortSignal): Promise<number> {
  let total = 0;
  let after = "";
  while (!signal.aborted) {
    const rows = await context.metadata.reader
      .selectFrom("blob_removals")
      .select(["id", "storage_class"])
      .where("id", ">", after)
      .orderBy("id")
      .limit(BATCH)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.id;
    const removed = await removeAll(context, rows);
    if (removed.length > 0) {
      await context.metadata.write((tx) =>
        tx.deleteFrom("blob_removals").where("id", "in", removed).execute(),
      );
    }
    total += removed.length;
    await pause(PAUSE_MILLISECONDS);
  }
  return total;
}

async function removeAll(context: BlobsContext, removals: readonly Removal[]): Promise<string[]> {
  const removed: string[] = [];
  const waiting = [...removals];
  const work = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      try {
        await context.stores[next.storage_class].remove(next.id);
        removed.push(next.id);
      } catch (error) {
        context.log.warn({ err: error, blob: next.id }, "removing bytes failed and will be tried again");
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return removed;
}
