/** The rows behind buckets. Times are milliseconds since the epoch, sizes bytes, flags 0 or 1. */

export interface S3BucketsTable {
  id: string;
  /** Unique on this server, as it is in a partition of AWS. */
  name: string;
  account: string;
  region: string;
  created_at: number;
  /** "" (never), "Enabled" or "Suspended". */
  versioning: "" | "Enabled" | "Suspended";
  /** All other configurations as JSON (BucketSettings in buckets/settings.ts). */
  settings: string;
  /** Raised by whoever changes the row: read, decide, write back in one transaction. */
  revision: number;
}

/**
 * A version of an object, or a delete marker. The newest of a key has the lowest `rank`: one scan by
 * (bucket_id, key, rank) is ListObjectVersions.
 */
export interface S3VersionsTable {
  /** UUID; `s3/<id>` is its name as a referrer of blobs. */
  id: string;
  bucket_id: string;
  /** As storedKey() (object-key.ts) writes it: sorted by the UTF-8 bytes of the key, without U+0000. */
  key: string;
  /** 2^52 minus the microseconds at which it was written, made unique within the key; ascending is newest first. */
  rank: number;
  /** Opaque; "null" for what was written while versioning was not enabled. */
  version_id: string;
  delete_marker: number;
  /** 1 for the newest version of its key when that is no delete marker: what ListObjects shows. */
  listed: number;
  /** Of the content before encryption and compression; 0 for a marker. */
  size: number;
  /** Without quotes. */
  etag: string;
  /** Null for a marker, and for a version in parts (s3_version_parts). */
  blob_id: string | null;
  /** 0 when it was uploaded in one piece. */
  part_count: number;
  storage_class: string;
  /** JSON: ObjectDescription (objects/version.ts): content headers, user metadata, checksums, encryption. */
  description: string;
  /** JSON: tag keys to values; "" without tags. */
  tags: string;
  /** Last-Modified. */
  created_at: number;
  /** When its successor came; null while it is the newest. Lifecycle counts from here. */
  noncurrent_since: number | null;
  /** "" or "GOVERNANCE" or "COMPLIANCE". */
  retention_mode: string;
  retain_until: number | null;
  /** 0 when nothing was ever said of it, 1 while it holds, 2 when it was taken off. */
  legal_hold: number;
  /** Archived content: null, or when the readable copy that a restore made goes away again (0: being restored). */
  restored_until: number | null;
}

/** The parts of a version that was uploaded in parts, in order. */
export interface S3VersionPartsTable {
  version: string;
  part_number: number;
  /** Where it begins in the object. */
  offset: number;
  size: number;
  blob_id: string;
  /** JSON: checksums of the part, for GetObjectAttributes and ?partNumber. */
  checksums: string;
}

/** A multipart upload in progress. */
export interface S3UploadsTable {
  /** The UploadId. */
  id: string;
  bucket_id: string;
  key: string;
  initiated_at: number;
  storage_class: string;
  /** JSON: what the version will say of itself (ObjectDescription), checksum algorithm and type included. */
  description: string;
  tags: string;
  retention_mode: string;
  retain_until: number | null;
  legal_hold: number;
}

export interface S3UploadPartsTable {
  upload_id: string;
  part_number: number;
  blob_id: string;
  size: number;
  /** md5, hex. */
  etag: string;
  /** JSON: algorithm to base64. */
  checksums: string;
  updated_at: number;
}

declare module "../../storage/metadata/schema.ts" {
  interface Schema {
    s3_buckets: S3BucketsTable;
    s3_versions: S3VersionsTable;
    s3_version_parts: S3VersionPartsTable;
    s3_uploads: S3UploadsTable;
    s3_upload_parts: S3UploadPartsTable;
  }
}
