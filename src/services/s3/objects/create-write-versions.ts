import { randomUUID } from "node:crypto";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { prepareLater, prepareStatement } from "../../../storage/metadata/prepared-query.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { noSuchBucket } from "../buckets/errors.ts";
import type { S3Context } from "../context.ts";
import { enqueueArchive } from "../lifecycle/archive-queue.ts";
import { isArchived } from "../lifecycle/storage-classes.ts";
import { type ObjectEvent, recordObjectEvent } from "../object-events.ts";
import { keyOf, storedKey } from "../object-key.ts";
import { checkDelete, checkWrite } from "./conditions.ts";
import { keepContent, releaseContent } from "./content-references.ts";
import { tagsColumn } from "./tag-set.ts";
import type { NewVersion, ObjectDescription } from "./version.ts";
import { makeVersionId, NULL_VERSION, nextRank } from "./version-id.ts";
import { findVersionRow, type VersionRow, versionOf } from "./version-rows.ts";
import type { CreateWriteVersions, WriteCause } from "./write-version.ts";

/** What a delete marker says of itself: nothing. */
const OF_A_MARKER: ObjectDescription = {
  headers: {},
  metadata: {},
  encryption: { kind: "none", scope: "none" },
};

/** The contract is write-version.ts's. */
export const createWriteVersions: CreateWriteVersions = (s3) => ({
  async put(tx, bucket, version, conditions, cause) {
    const key = storedKey(version.key);
    const versioning = await versioningNow(tx, bucket);
    const newest = await findVersionRow(tx, bucket.id, key);
    checkWrite(conditions, version.key, newest);
    const row = await placeOnTop(tx, s3, { bucket, key, versioning, newest }, contentColumns(version));
    await keepContent(tx, s3, row.id, version.blobId, version.parts);
    if (isArchived(version.storageClass)) await enqueueArchive(tx, s3, [row.id]);
    await record(tx, s3, bucket, row, cause);
    return versionOf(row);
  },

  async deleteCurrent(tx, bucket, key, conditions, cause) {
    const stored = storedKey(key);
    const versioning = await versioningNow(tx, bucket);
    const newest = await findVersionRow(tx, bucket.id, stored);
    if (!checkDelete(conditions, newest)) return { deleteMarker: false, versionId: undefined };
    if (versioning === "") {
      if (newest !== undefined) {
        await take(tx, s3, newest);
        await record(tx, s3, bucket, newest, cause, "Permanently Deleted");
      }
      return { deleteMarker: false, versionId: undefined };
    }
    const row = await placeOnTop(tx, s3, { bucket, key: stored, versioning, newest }, MARKER_COLUMNS);
    await record(tx, s3, bucket, row, cause, "Delete Marker Created");
    return { deleteMarker: true, versionId: row.version_id };
  },

  async remove(tx, bucket, version, cause) {
    const row = await tx
      .selectFrom("s3_versions")
      .selectAll()
      .where("id", "=", version.id)
      .executeTakeFirst();
    if (row === undefined) return;
    await take(tx, s3, row);
    await promoteNewest(tx, row.bucket_id, row.key);
    await record(tx, s3, bucket, row, cause, "Permanently Deleted");
  },
});

interface Place {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versioning: Bucket["versioning"];
  readonly newest: VersionRow | undefined;
}

/** What the caller read may have been changed since: which versions stay is decided by what holds now. */
async function versioningNow(tx: Transaction, bucket: Bucket): Promise<Bucket["versioning"]> {
  const row = await versioningOf(tx, { id: bucket.id });
  if (row === undefined) throw noSuchBucket(bucket.name);
  return row.versioning;
}

const versioningOf = prepareLater((db, { id }: { readonly id: string }) =>
  db.selectFrom("s3_buckets").select("versioning").where("id", "=", id),
);

type Columns = Pick<
  VersionRow,
  | "delete_marker"
  | "size"
  | "etag"
  | "blob_id"
  | "part_count"
  | "storage_class"
  | "description"
  | "tags"
  | "retention_mode"
  | "retain_until"
  | "legal_hold"
>;

const MARKER_COLUMNS: Columns = {
  delete_marker: 1,
  size: 0,
  etag: "",
  blob_id: null,
  part_count: 0,
  storage_class: "STANDARD",
  description: JSON.stringify(OF_A_MARKER),
  tags: "",
  retention_mode: "",
  retain_until: null,
  legal_hold: 0,
};

function contentColumns(version: NewVersion): Columns {
  return {
    delete_marker: 0,
    size: version.size,
    etag: version.etag,
    blob_id: version.blobId ?? null,
    part_count: version.parts.length,
    storage_class: version.storageClass,
    description: JSON.stringify(version.description),
    tags: tagsColumn(version.tags),
    retention_mode: version.retention?.mode ?? "",
    retain_until: version.retention?.until.getTime() ?? null,
    legal_hold: version.legalHold ? 1 : 0,
  };
}

/** Beside the other versions where versioning is enabled, else in the place of the null version. */
async function placeOnTop(
  tx: Transaction,
  s3: S3Context,
  { bucket, key, versioning, newest }: Place,
  columns: Columns,
): Promise<VersionRow> {
  const now = s3.clock.now();
  let demoted = newest;
  if (versioning !== "Enabled") {
    const replaced =
      newest?.version_id === NULL_VERSION
        ? newest
        : newest && (await findVersionRow(tx, bucket.id, key, NULL_VERSION));
    if (replaced !== undefined) await take(tx, s3, replaced);
    if (replaced?.id === newest?.id) demoted = undefined;
  }
  if (demoted !== undefined)
    await tx
      .updateTable("s3_versions")
      .set({ listed: 0, noncurrent_since: now.getTime() })
      .where("id", "=", demoted.id)
      .execute();
  const rank = nextRank(now, newest?.rank);
  const row: VersionRow = {
    ...columns,
    id: randomUUID(),
    bucket_id: bucket.id,
    key,
    rank,
    version_id: versioning === "Enabled" ? makeVersionId(rank) : NULL_VERSION,
    listed: 1 - columns.delete_marker,
    created_at: now.getTime(),
    noncurrent_since: null,
    restored_until: null,
  };
  await insertVersion(tx, row);
  return row;
}

const insertVersion = prepareStatement((db, row: VersionRow) =>
  db.insertInto("s3_versions").values({
    id: row.id,
    bucket_id: row.bucket_id,
    key: row.key,
    rank: row.rank,
    version_id: row.version_id,
    delete_marker: row.delete_marker,
    listed: row.listed,
    size: row.size,
    etag: row.etag,
    blob_id: row.blob_id,
    part_count: row.part_count,
    storage_class: row.storage_class,
    description: row.description,
    tags: row.tags,
    created_at: row.created_at,
    noncurrent_since: row.noncurrent_since,
    retention_mode: row.retention_mode,
    retain_until: row.retain_until,
    legal_hold: row.legal_hold,
    restored_until: row.restored_until,
  }),
);

const deleteVersion = prepareStatement((db, { id }: { readonly id: string }) =>
  db.deleteFrom("s3_versions").where("id", "=", id),
);

/** Removes a row and what it kept alive. */
async function take(tx: Transaction, s3: S3Context, row: VersionRow): Promise<void> {
  await deleteVersion(tx, { id: row.id });
  await releaseContent(tx, s3, row);
}

async function promoteNewest(tx: Transaction, bucketId: string, key: string): Promise<void> {
  const newest = await findVersionRow(tx, bucketId, key);
  if (newest === undefined || newest.noncurrent_since === null) return;
  await tx
    .updateTable("s3_versions")
    .set({ listed: 1 - newest.delete_marker, noncurrent_since: null })
    .where("id", "=", newest.id)
    .execute();
}

/** @param deletion absent when it was created */
function record(
  tx: Transaction,
  s3: S3Context,
  bucket: Bucket,
  row: VersionRow,
  cause: WriteCause,
  deletion?: Exclude<ObjectEvent["deletionType"], undefined>,
): Promise<void> {
  const event: ObjectEvent = {
    type: deletion === undefined ? "Object Created" : "Object Deleted",
    time: s3.clock.now(),
    key: keyOf(row.key),
    versionId: row.version_id,
    etag: row.etag,
    ...(deletion === undefined ? { size: row.size } : { deletionType: deletion }),
    ...(deletion !== "Permanently Deleted" && { rank: row.rank }),
  };
  return recordObjectEvent(tx, s3, bucket, event, cause);
}
