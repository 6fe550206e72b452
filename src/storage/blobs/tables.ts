/** The rows behind blobs. Times are milliseconds since the epoch, sizes bytes. */

export interface BlobsTable {
  /** The id of the upload that brought it. */
  id: string;
  /** EncryptionScope; (scope, sha256) is unique. */
  scope: string;
  /** `sha256:<hex>` */
  sha256: string;
  size: number;
  /** Only "hot" for now. */
  storage_class: string;
  /** What BlobStore.open wants. */
  location: string;
  created_at: number;
}

export interface BlobUploadsTable {
  id: string;
  /** Who may continue it; what one request uploads has no owner that anybody can name ("/"). */
  owner: string;
  /** Bytes that are durably there. */
  size: number;
  /** What the store wants to remember (BlobStore.StoredUpload). */
  state: string;
  /** Digest algorithms announced beyond sha256, separated by blanks. */
  algorithms: string;
  /** The append that has it now, on a store that several servers share; "" when free. */
  claim: string;
  claimed_until: number;
  updated_at: number;
}

/** Blob `blob_id` is kept alive by `referrer`. */
export interface BlobReferencesTable {
  blob_id: string;
  referrer: string;
}

/** Blobs that lost a reference and may be garbage once `review_after` is past. */
export interface BlobReviewsTable {
  blob_id: string;
  review_after: number;
}

/** Ids whose bytes have no row any more and are still to be removed from the store. */
export interface BlobRemovalsTable {
  id: string;
  created_at: number;
}

declare module "../metadata/schema.ts" {
  interface Schema {
    blobs: BlobsTable;
    blob_uploads: BlobUploadsTable;
    blob_references: BlobReferencesTable;
    blob_reviews: BlobReviewsTable;
    blob_removals: BlobRemovalsTable;
  }
}
