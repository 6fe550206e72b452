import type { Readable } from "node:stream";

/**
 * Where bytes lie: a disk (disk.ts) or an S3-compatible object store (s3.ts). It knows nothing of digests,
 * references or the database; the engine (engine.ts) writes down in rows what a store tells it.
 *
 * Every upload has its own place, named by its id, from the first byte until the blob is collected. Nothing
 * is ever renamed or overwritten: what makes bytes a blob is the committed row. So collecting one copy can
 * never hurt a new push of the same digest, and a crash leaves at most bytes whose id some row still knows.
 *
 * Both implementations pass test/contract/blob-store.test.ts.
 */
export interface BlobStore {
  /** Several servers may write to it, so an upload has to be claimed in the database before it is appended to. */
  readonly shared: boolean;

  /** Throws StorageFull when writes are to be refused now. */
  checkRoom(): Promise<void>;

  /**
   * Continues the upload at `upload.size`. Bytes beyond it, left by a try that was never acknowledged, are
   * dropped. At most one writer per upload at a time.
   */
  append(upload: StoredUpload): Promise<BlobWriter>;

  /**
   * Makes the upload readable and immutable and says where it lies. Again the same: the same answer, also
   * when a crash came between sealing and the caller's commit.
   */
  seal(upload: StoredUpload): Promise<SealedUpload>;

  /** Reads bytes `start` to `end` (both inclusive); throws BlobMissing unless `size` bytes are there in all. */
  open(location: string, size: number, start: number, end: number): Promise<Readable>;

  /** Removes every byte that was ever written for this upload or the blob it became; fine when there are none. */
  remove(id: string): Promise<void>;

  close(): Promise<void>;
}

/** An upload as its row describes it. */
export interface StoredUpload {
  /** UUID; later the blob's id. */
  readonly id: string;
  /** Bytes durably there. */
  readonly size: number;
  /** What the store asked to be remembered; "" at the beginning. */
  readonly state: string;
}

export interface SealedUpload {
  /** For `open`. */
  readonly location: string;
  /** The upload's state from now on. */
  readonly state: string;
}

/** Takes the bytes of one append. Memory stays bounded: `write` waits when the store is slower than the body. */
export interface BlobWriter {
  /** The chunk may be used again when this resolves. Throws StorageFull. */
  write(chunk: Uint8Array): Promise<void>;

  /** Everything written is durable when this resolves, and this is the upload now. Closes the writer. */
  finish(): Promise<StoredUpload>;

  /** Closes the writer without a promise about what was written. Never throws. */
  abandon(): Promise<void>;

  /** Called once the finished state is committed: bytes that only the former state needed may go. */
  settle(): Promise<void>;
}
