import type { Selectable } from "kysely";
import type { Reader, Transaction } from "../../../storage/metadata/metadata.ts";
import type { Bucket } from "../buckets/bucket.ts";
import type { S3Context } from "../context.ts";
import { keyOf, storedKey } from "../object-key.ts";
import type { ObjectDescription, Version } from "../objects/version.ts";
import type { S3UploadPartsTable, S3UploadsTable } from "../tables.ts";
import { noSuchUpload } from "./errors.ts";
import { timeOfUploadId } from "./upload-id.ts";

/** A multipart upload in progress. */
export interface Upload
  extends Pick<Version, "key" | "storageClass" | "description" | "tags" | "retention" | "legalHold"> {
  readonly id: string;
  readonly initiatedAt: Date;
}

/** A part as it lies there. */
export interface StoredPart {
  readonly partNumber: number;
  readonly blobId: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** By algorithm, base64. */
  readonly checksums: Readonly<Record<string, string>>;
  readonly updatedAt: number;
}

/** Under which name an upload keeps the blob of a part. */
export function partReferrer(uploadId: string, partNumber: number): string {
  return `s3-upload/${uploadId}/${partNumber}`;
}

/** Throws NoSuchUpload, also where the upload is another key's. */
export async function findUpload(
  reader: Reader,
  bucket: Pick<Bucket, "id">,
  key: string | undefined,
  uploadId: string | undefined,
): Promise<Upload> {
  if (timeOfUploadId(uploadId ?? "") === undefined) throw noSuchUpload(uploadId ?? "");
  const row = await reader
    .selectFrom("s3_uploads")
    .selectAll()
    .where("id", "=", uploadId ?? "")
    .executeTakeFirst();
  if (row === undefined || row.bucket_id !== bucket.id || row.key !== storedKey(key ?? ""))
    throw noSuchUpload(uploadId ?? "");
  return uploadOf(row);
}

function uploadOf(row: Selectable<S3UploadsTable>): Upload {
  const { retention_mode: mode, retain_until: until } = row;
  return {
    id: row.id,
    key: keyOf(row.key),
    initiatedAt: new Date(row.initiated_at),
    storageClass: row.storage_class,
    // Both were written by this room only.
    description: JSON.parse(row.description) as ObjectDescription,
    tags: row.tags === "" ? {} : (JSON.parse(row.tags) as Record<string, string>),
    retention:
      until === null || (mode !== "GOVERNANCE" && mode !== "COMPLIANCE")
        ? undefined
        : { mode, until: new Date(until) },
    legalHold: row.legal_hold === 1,
  };
}

/** In order; at most 10,000. */
export async function storedParts(reader: Reader, uploadId: string): Promise<StoredPart[]> {
  const rows = await reader
    .selectFrom("s3_upload_parts")
    .selectAll()
    .where("upload_id", "=", uploadId)
    .orderBy("part_number")
    .execute();
  return rows.map(storedPartOf);
}

export function storedPartOf(row: Selectable<S3UploadPartsTable>): StoredPart {
  return {
    partNumber: row.part_number,
    blobId: row.blob_id,
    size: row.size,
    etag: row.etag,
    checksums: JSON.parse(row.checksums) as Record<string, string>,
    updatedAt: row.updated_at,
  };
}

/** The part takes the place of what had its number before. Throws NoSuchUpload: it may have ended while bytes came. */
export async function keepPart(
  tx: Transaction,
  s3: S3Context,
  bucket: Bucket,
  upload: Upload,
  part: StoredPart,
): Promise<void> {
  await findUpload(tx, bucket, upload.key, upload.id);
  const { partNumber, blobId } = part;
  const before = await tx
    .selectFrom("s3_upload_parts")
    .select("blob_id")
    .where("upload_id", "=", upload.id)
    .where("part_number", "=", partNumber)
    .executeTakeFirst();
  const referrer = partReferrer(upload.id, partNumber);
  await s3.blobs.reference(tx, blobId, referrer);
  if (before !== undefined && before.blob_id !== blobId) await s3.blobs.release(tx, before.blob_id, referrer);
  const columns = {
    blob_id: blobId,
    size: part.size,
    etag: part.etag,
    checksums: JSON.stringify(part.checksums),
    updated_at: part.updatedAt,
  };
  await tx
    .insertInto("s3_upload_parts")
    .values({ upload_id: upload.id, part_number: partNumber, ...columns })
    .onConflict((conflict) => conflict.columns(["upload_id", "part_number"]).doUpdateSet(columns))
    .execute();
}

const RELEASED_AT_ONCE = 1_000;

/** The upload is no more, and holds none of its parts' bytes. */
export async function endUpload(tx: Transaction, s3: S3Context, uploadId: string): Promise<void> {
  const parts = await tx
    .selectFrom("s3_upload_parts")
    .select(["part_number", "blob_id"])
    .where("upload_id", "=", uploadId)
    .execute();
  for (let from = 0; from < parts.length; from += RELEASED_AT_ONCE) {
    const some = parts.slice(from, from + RELEASED_AT_ONCE);
    const referrers = some.map(({ part_number: number }) => partReferrer(uploadId, number));
    await s3.blobs.releaseAll(
      tx,
      some.map(({ blob_id: blob }) => blob),
      referrers,
    );
  }
  await tx.deleteFrom("s3_upload_parts").where("upload_id", "=", uploadId).execute();
  await tx.deleteFrom("s3_uploads").where("id", "=", uploadId).execute();
}
