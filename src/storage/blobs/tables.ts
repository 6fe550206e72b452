import type { EncryptionScope } from "./blob-keys.ts";
import type { StorageClass } from "./blobs.ts";

/** The rows behind blobs. Times are milliseconds since the epoch, sizes bytes. */

export interface BlobsTable {
  /** The id of the upload that brought it. */
  id: string;
  /** (sha256, scope, storage_class) is unique. */
  scope: EncryptionScope;
  /** `sha256:<hex>` */
  sha256: string;
  /** Before compression and encryption. */
  size: number;
  storage_class: StorageClass;
  /** What BlobStore.open wants. */
  location: string;
  created_at: number;
  /** As the store counts. */
  stored_size: number;
  /** The data key, sealed under the scope's key; "" when the bytes lie as they came. */
  sealed_key: string;
  /** How the bytes were encrypted (extents.ts). */
  extents: string;
  /** Under which id the bytes were uploaded; null for the blob's own. What was damaged has those of another upload now. */
  stored_id: string | null;
  /** When its bytes were found to be damaged; 0 when they were not. */
  damaged_at: number;
  /** What was found then. What is missing or unreadable may come back, with a disk that is mounted or a cable that is mended. */
  damage: "" | "missing" | "altered" | "unreadable";
}

/** What the sealed bytes of a blob were when they were first read again without its key. */
export interface BlobFingerprintsTable {
  blob_id: string;
  /** Under which id those bytes were uploaded: other bytes, another fingerprint. */
  stored_id: string;
  /** `sha256:<hex>` of what the store has. */
  sha256: string;
}

/** The bytes of small blobs, as a store would have them. */
export interface BlobContentsTable {
  blob_id: string;
  content: Uint8Array;
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
  /** What follows is as in blobs. */
  scope: EncryptionScope;
  storage_class: StorageClass;
  stored_size: number;
  sealed_key: string;
  extents: string;
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
  storage_class: StorageClass;
}

/** How far reading all blobs again is (ScrubPass); one row. */
export interface BlobScrubsTable {
  name: string;
  cursor: string;
  started_at: number;
  finished_at: number;
  blobs: number;
  bytes: number;
  intact: number;
  skipped: number;
  damaged: number;
  repaired: number;
}

declare module "../metadata/schema.ts" {
  interface Schema {
    blobs: BlobsTable;
    blob_contents: BlobContentsTable;
    blob_uploads: BlobUploadsTable;
    blob_references: BlobReferencesTable;
    blob_reviews: BlobReviewsTable;
    blob_removals: BlobRemovalsTable;
    blob_scrubs: BlobScrubsTable;
    blob_fingerprints: BlobFingerprintsTable;
  }
}
