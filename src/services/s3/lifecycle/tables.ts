/** The rows of lifecycle: how far it has come in a bucket, and what a restored archive goes back to. */

export interface S3LifecycleWalksTable {
  bucket_id: string;
  /** When this walk over the bucket began; milliseconds since the epoch. */
  started_at: number;
  /** Null while it is under way: whoever moves it on by comparing goes on, others stop (walk.ts). */
  finished_at: number | null;
  /** JSON: WalkCursor. */
  cursor: string;
}

/** The archived bytes of a version that is restored: its content is a readable copy meanwhile. */
export interface S3ArchiveOriginalsTable {
  version: string;
  /** What the version, or some of its parts, has as its content now. */
  restored_blob_id: string;
  /** What it goes back to. The reference of `s3/<version>` keeps it. */
  archived_blob_id: string;
}

declare module "../../../storage/metadata/schema.ts" {
  interface Schema {
    s3_lifecycle_walks: S3LifecycleWalksTable;
    s3_archive_originals: S3ArchiveOriginalsTable;
  }
}
