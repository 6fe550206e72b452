/**
 * The jobs behind RestoreObject. A restore puts readable copies in the place of the archived blobs, which are kept; when
 * the copies expire, the archived ones take their place again and no byte moves.
 */
import { randomUUID } from "node:crypto";
import { dueAfterDays } from "../../../age-rules.ts";
import type { JobHandler } from "../../../jobs/jobs.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { findBucketById } from "../buckets/open-bucket.ts";
import type { S3Context } from "../context.ts";
import { type ObjectEvent, recordObjectEvent } from "../object-events.ts";
import { referrerOf } from "../objects/content-references.ts";
import { type VersionRow, versionOf } from "../objects/version-rows.ts";
import { isUnderCustomerKey } from "./archive.ts";
import { enqueueArchive } from "./archive-queue.ts";
import {
  EXPIRE_RESTORE,
  type ExpireRestorePayload,
  enqueueExpiry,
  RESTORE,
  type RestorePayload,
} from "./restore-queue.ts";
import { findRow, moveContent, replaceBlob } from "./version-content.ts";

/** A restore that cannot be made is given up then, so that it can be asked for again. */
const MOST_ATTEMPTS = 8;

export function restoreHandler(s3: S3Context): JobHandler {
  return {
    kind: RESTORE,
    maxAttempts: MOST_ATTEMPTS,
    async run(job) {
      const payload = job.payload as RestorePayload;
      try {
        await restore(s3, payload, job.signal);
      } catch (error) {
        if (job.attempt >= MOST_ATTEMPTS && !job.signal.aborted)
          await s3.metadata.write((tx) => putBack(tx, s3, payload.version, isBeingRestored));
        throw error;
      }
    },
  };
}

const isBeingRestored = (row: VersionRow): boolean => row.restored_until === 0;

async function restore(s3: S3Context, payload: RestorePayload, signal: AbortSignal): Promise<void> {
  const { version: id } = payload;
  const row = await findRow(s3.metadata.reader, id);
  if (row !== undefined && isBeingRestored(row) && !isUnderCustomerKey(row))
    await moveContent(s3, row, "hot", signal, isBeingRestored, async (tx, cold, hot) => {
      await s3.blobs.reference(tx, hot, referrerOf(id));
      await tx
        .insertInto("s3_archive_originals")
        .values({ version: id, restored_blob_id: hot, archived_blob_id: cold })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await replaceBlob(tx, id, cold, hot);
    });
  await s3.metadata.write(async (tx) => {
    const current = await findRow(tx, id);
    if (current === undefined) return releaseOriginals(tx, s3, id);
    if (!isBeingRestored(current)) return;
    const now = s3.clock.now();
    const until = new Date(dueAfterDays(now.getTime(), payload.days, s3.clock));
    await tx
      .updateTable("s3_versions")
      .set({ restored_until: until.getTime() })
      .where("id", "=", id)
      .execute();
    await enqueueExpiry(tx, s3, id, until);
    const event = { type: "Object Restore Completed", time: now, restoreExpiry: until } as const;
    await record(tx, s3, current, event, payload.requestId);
  });
}

export function expireRestoreHandler(s3: S3Context): JobHandler {
  return {
    kind: EXPIRE_RESTORE,
    async run(job) {
      const { version: id } = job.payload as ExpireRestorePayload;
      await s3.metadata.write(async (tx) => {
        const now = s3.clock.now();
        const row = await findRow(tx, id);
        const until = row?.restored_until ?? null;
        if (until !== null && until > now.getTime()) {
          await enqueueExpiry(tx, s3, id, new Date(until));
          return;
        }
        await putBack(tx, s3, id, ({ restored_until }) => restored_until !== 0);
        if (row !== undefined && until !== null && until > 0)
          await record(tx, s3, row, { type: "Object Restore Expired", time: now }, requestId());
      });
    },
  };
}

/** The archived content takes the place of the readable copy. Nothing but rows change. */
async function putBack(
  tx: Transaction,
  s3: S3Context,
  id: string,
  holds: (row: VersionRow) => boolean,
): Promise<void> {
  const row = await findRow(tx, id);
  if (row === undefined) return releaseOriginals(tx, s3, id);
  if (!holds(row)) return;
  for (const original of await originalsOf(tx, id)) {
    await replaceBlob(tx, id, original.restored_blob_id, original.archived_blob_id);
    await s3.blobs.release(tx, original.restored_blob_id, referrerOf(id));
  }
  await tx.deleteFrom("s3_archive_originals").where("version", "=", id).execute();
  await tx.updateTable("s3_versions").set({ restored_until: null }).where("id", "=", id).execute();
  // What was never in the cold, because the restore came first, goes there now.
  await enqueueArchive(tx, s3, [id]);
}

/** The version was deleted while it was restored; its content was released with it, the archived one was not. */
async function releaseOriginals(tx: Transaction, s3: S3Context, id: string): Promise<void> {
  for (const original of await originalsOf(tx, id))
    await s3.blobs.release(tx, original.archived_blob_id, referrerOf(id));
  await tx.deleteFrom("s3_archive_originals").where("version", "=", id).execute();
}

function originalsOf(tx: Transaction, id: string) {
  return tx
    .selectFrom("s3_archive_originals")
    .select(["restored_blob_id", "archived_blob_id"])
    .where("version", "=", id)
    .execute();
}

async function record(
  tx: Transaction,
  s3: S3Context,
  row: VersionRow,
  event: Pick<ObjectEvent, "type" | "time" | "restoreExpiry">,
  requestId: string,
): Promise<void> {
  const bucket = await findBucketById(tx, row.bucket_id);
  if (bucket === undefined) return;
  const { key, size, etag, versionId, storageClass } = versionOf(row);
  const cause = { reason: "", requestId, requester: "s3.amazonaws.com" };
  const whole = { ...event, key, size, etag, versionId, sourceStorageClass: storageClass };
  await recordObjectEvent(tx, s3, bucket, whole, cause);
}

/** Of the form that S3 gives its own. */
export function requestId(): string {
  return randomUUID().replaceAll("-", "").slice(0, 16).toUpperCase();
}
