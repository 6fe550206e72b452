import type { Selectable } from "kysely";
import type { AwsError } from "../../../aws/errors.ts";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import { prepareLater } from "../../../storage/metadata/prepared-query.ts";
import { invalidArgument } from "../buckets/errors.ts";
import { keyOf, storedKey } from "../object-key.ts";
import type { S3VersionsTable } from "../tables.ts";
import type { ObjectDescription, Version } from "./version.ts";
import { NULL_VERSION, rankOfVersionId } from "./version-id.ts";

export type VersionRow = Selectable<S3VersionsTable>;

export function versionOf(row: VersionRow): Version {
  return {
    id: row.id,
    bucketId: row.bucket_id,
    key: keyOf(row.key),
    rank: row.rank,
    versionId: row.version_id,
    deleteMarker: row.delete_marker === 1,
    size: row.size,
    etag: row.etag,
    blobId: row.blob_id ?? undefined,
    partCount: row.part_count,
    storageClass: row.storage_class,
    // Both were written by this room only.
    description: JSON.parse(row.description) as ObjectDescription,
    tags: row.tags === "" ? {} : (JSON.parse(row.tags) as Record<string, string>),
    createdAt: new Date(row.created_at),
    noncurrentSince: row.noncurrent_since === null ? undefined : new Date(row.noncurrent_since),
    retention: retentionOf(row),
    legalHold: row.legal_hold === 1,
    legalHoldStatus: LEGAL_HOLD[row.legal_hold],
    restoredUntil: row.restored_until,
  };
}

/** By `s3_versions.legal_hold`. */
const LEGAL_HOLD: readonly Version["legalHoldStatus"][] = [undefined, "ON", "OFF"];

function retentionOf(row: VersionRow): Version["retention"] {
  const { retention_mode: mode, retain_until: until } = row;
  if (until === null || (mode !== "GOVERNANCE" && mode !== "COMPLIANCE")) return undefined;
  return { mode, until: new Date(until) };
}

/**
 * The newest version of a key, which may be a delete marker, or the one of that id.
 * Throws InvalidArgument where the id is none that this server could have given out.
 */
export async function findVersion(
  reader: Reader,
  bucket: { readonly id: string },
  key: string,
  versionId?: string,
): Promise<Version | undefined> {
  const row = await findVersionRow(reader, bucket.id, storedKey(key), versionId);
  return row && versionOf(row);
}

/** @param stored the key as storedKey() wrote it */
export async function findVersionRow(
  reader: Reader,
  bucketId: string,
  stored: string,
  versionId?: string,
): Promise<VersionRow | undefined> {
  if (versionId === undefined) return newestOf(reader, { bucketId, stored });
  let query = versionsOf(reader, { bucketId, stored }).where("version_id", "=", versionId);
  if (versionId !== NULL_VERSION) {
    const rank = rankOfVersionId(versionId);
    if (rank === undefined) throw invalidVersionId(versionId);
    query = query.where("rank", "=", rank);
  }
  return query.executeTakeFirst();
}

interface KeyOfVersions extends Record<string, string> {
  readonly bucketId: string;
  readonly stored: string;
}

function versionsOf(reader: Reader, { bucketId, stored }: KeyOfVersions) {
  return reader
    .selectFrom("s3_versions")
    .selectAll()
    .where("bucket_id", "=", bucketId)
    .where("key", "=", stored)
    .orderBy("rank")
    .limit(1);
}

/** What every read and every write asks. */
const newestOf = prepareLater(versionsOf);

function invalidVersionId(versionId: string): AwsError {
  const message = versionId === "" ? "Version id cannot be the empty string" : "Invalid version id specified";
  return invalidArgument(message, "versionId", versionId);
}
