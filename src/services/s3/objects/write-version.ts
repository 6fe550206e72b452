/**
 * The only place where versions come and go. Each function runs in the caller's transaction, keeps `listed`,
 * `noncurrent_since` and the references of blobs true, and records the event.
 */
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { Bucket } from "../buckets/bucket.ts";
import type { S3Context } from "../context.ts";
import type { DeleteConditions, WriteConditions } from "./conditions.ts";
import type { NewVersion, Version } from "./version.ts";

/** Who did it and why, for the event: `PutObject`, `CompleteMultipartUpload`, `Lifecycle Expiration`, ... */
export interface WriteCause {
  readonly reason: string;
  readonly requestId: string;
  /** An account, or `s3.amazonaws.com` for lifecycle. */
  readonly requester: string;
  readonly sourceIp?: string | undefined;
}

export interface WriteVersions {
  /**
   * Puts a version on top of its key as the bucket's versioning says: beside the others, or in the place of the null
   * version. Throws NoSuchBucket, PreconditionFailed, NoSuchKey (If-Match).
   */
  put(
    tx: Transaction,
    bucket: Bucket,
    version: NewVersion,
    conditions: WriteConditions,
    cause: WriteCause,
  ): Promise<Version>;

  /**
   * DELETE without a version id: a marker on top (Enabled), a null marker in the place of the null version
   * (Suspended), or the object gone for good (never versioned).
   */
  deleteCurrent(
    tx: Transaction,
    bucket: Bucket,
    key: string,
    conditions: DeleteConditions,
    cause: WriteCause,
  ): Promise<{ readonly deleteMarker: boolean; readonly versionId: string | undefined }>;

  /** Removes this version for good; the next one becomes the newest. The caller has asked Object Lock. */
  remove(tx: Transaction, bucket: Bucket, version: Version, cause: WriteCause): Promise<void>;
}

export type CreateWriteVersions = (s3: S3Context) => WriteVersions;
