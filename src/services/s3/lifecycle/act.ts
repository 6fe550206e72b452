/** Carrying out what the engine decided, after it was asked again inside the transaction: rules, versioning and versions may have changed since. */
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { findBucketById } from "../buckets/open-bucket.ts";
import type { S3Context } from "../context.ts";
import { endUpload } from "../multipart/uploads.ts";
import { recordObjectEvent } from "../object-events.ts";
import { keyOf } from "../object-key.ts";
import { createWriteVersions } from "../objects/create-write-versions.ts";
import type { Version } from "../objects/version.ts";
import { type VersionRow, versionOf } from "../objects/version-rows.ts";
import { enqueueArchive } from "./archive-queue.ts";
import type { Position, VersionAction } from "./circumstances.ts";
import { decideNow } from "./engine.ts";
import { rulesOf } from "./rules.ts";
import { isArchived, type StorageClass } from "./storage-classes.ts";
import { decideUpload } from "./uploads.ts";
import { findRow } from "./version-content.ts";

/** How often each thing was done. */
export type Tally = Record<VersionAction["kind"] | "abort-upload", number>;

/** @param requestId for the events */
export async function actOnVersions(
  tx: Transaction,
  s3: S3Context,
  bucketId: string,
  ids: readonly string[],
  requestId: string,
): Promise<Partial<Tally>> {
  const bucket = await findBucketById(tx, bucketId);
  if (bucket === undefined) return {};
  const done: Partial<Tally> = {};
  const toArchive: string[] = [];
  for (const id of ids) {
    const row = await findRow(tx, id);
    if (row === undefined) continue;
    const version = versionOf(row);
    const circumstances = {
      rules: rulesOf(bucket.settings),
      versioning: bucket.versioning,
      clock: s3.clock,
    };
    const decision = decideNow(circumstances, version, await positionOf(tx, row));
    if (decision === undefined) continue;
    const { action } = decision;
    await perform(tx, s3, bucket, version, action, requestId);
    if (action.kind === "transition" && isArchived(action.to) && !isArchived(action.from)) toArchive.push(id);
    done[action.kind] = (done[action.kind] ?? 0) + 1;
  }
  await enqueueArchive(tx, s3, toArchive);
  return done;
}

/** More newer versions than any rule can ask for, and the current one. */
const ENOUGH_NEWER = 101;

async function positionOf(tx: Transaction, row: VersionRow): Promise<Position> {
  const ofKey = tx
    .selectFrom("s3_versions")
    .select("rank")
    .where("bucket_id", "=", row.bucket_id)
    .where("key", "=", row.key);
  const newer = await ofKey
    .where("rank", "<", row.rank)
    .orderBy("rank", "desc")
    .limit(ENOUGH_NEWER)
    .execute();
  if (newer.length > 0) return { current: false, newerNoncurrent: newer.length - 1, alone: false };
  const older = await ofKey.where("rank", ">", row.rank).limit(1).executeTakeFirst();
  return { current: true, newerNoncurrent: 0, alone: older === undefined };
}

async function perform(
  tx: Transaction,
  s3: S3Context,
  bucket: Bucket,
  version: Version,
  action: VersionAction,
  requestId: string,
): Promise<void> {
  const cause = { reason: "Lifecycle Expiration", requestId, requester: "s3.amazonaws.com" };
  switch (action.kind) {
    case "delete":
      return createWriteVersions(s3).remove(tx, bucket, version, cause);
    case "mark-deleted":
      await createWriteVersions(s3).deleteCurrent(tx, bucket, version.key, {}, cause);
      return;
    case "transition":
      return transition(tx, s3, bucket, version, action.to, cause);
  }
}

/** The class changes now, so that an archive is unreadable at once; its bytes follow (archive.ts). */
async function transition(
  tx: Transaction,
  s3: S3Context,
  bucket: Bucket,
  version: Version,
  to: StorageClass,
  cause: { readonly reason: string; readonly requestId: string; readonly requester: string },
): Promise<void> {
  await tx.updateTable("s3_versions").set({ storage_class: to }).where("id", "=", version.id).execute();
  const { key, size, etag, versionId } = version;
  const event = {
    type: "Object Storage Class Changed",
    time: s3.clock.now(),
    key,
    size,
    etag,
    versionId,
  } as const;
  await recordObjectEvent(tx, s3, bucket, { ...event, destinationStorageClass: to }, cause);
}

export async function actOnUploads(
  tx: Transaction,
  s3: S3Context,
  bucketId: string,
  ids: readonly string[],
): Promise<Partial<Tally>> {
  const bucket = await findBucketById(tx, bucketId);
  if (bucket === undefined) return {};
  let aborted = 0;
  for (const id of ids) {
    const row = await tx
      .selectFrom("s3_uploads")
      .select(["key", "initiated_at"])
      .where("id", "=", id)
      .executeTakeFirst();
    if (row === undefined) continue;
    const upload = { key: keyOf(row.key), initiatedAt: new Date(row.initiated_at) };
    const decision = decideUpload(rulesOf(bucket.settings), upload, s3.clock);
    if (decision === undefined || decision.dueAt > s3.clock.now().getTime()) continue;
    await endUpload(tx, s3, id);
    aborted++;
  }
  return { "abort-upload": aborted };
}
