import type { Readable } from "node:stream";
import type { Transaction } from "../metadata/metadata.ts";
import type { Digest, DigestAlgorithm } from "./digest.ts";

/** Under which key a blob's bytes lie encrypted: "none", or later a KMS key's ARN. Part of a blob's identity. */
export type EncryptionScope = "none";

/** A blob as a row: identity, size, and where its bytes are. */
export interface Blob {
  /** Unique for ever: a blob that was collected and came again has another id. */
  readonly id: string;
  readonly scope: EncryptionScope;
  readonly sha256: Digest;
  /** In bytes. */
  readonly size: number;
}

/** Bytes that arrived whole and are no blob yet. */
export interface TakenContent {
  /** In bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly hashes: Readonly<Record<"md5" | "sha1" | "sha256" | "sha512", string>>;
  /** The bytes, or a range of them. Streams that are left open are closed when the inspection ends. */
  open(range?: ByteRange): Promise<Readable>;
}

/** Inclusive first and last byte, already checked against the blob's size. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface AppendOptions {
  /** Where the caller believes the upload stands, in bytes; another position is an OffsetMismatch. */
  readonly offset?: number;
  /** Refuse (BlobTooLarge) when the whole upload would exceed this many bytes. */
  readonly maxSize?: number;
  readonly signal?: AbortSignal;
}

/**
 * The one blob engine under every service: uploads in progress, finished blobs, references, bytes out.
 * Bytes go to a BlobStore (disk or S3), rows to the metadata database; neither is known to the callers.
 * Errors are the classes of errors.ts.
 */
export interface Blobs {
  /** Throws StorageFull when the disk has only its reserve left: whatever takes room is to be refused, deletes are not. */
  checkRoom(): Promise<void>;

  /**
   * Begins an upload that survives a restart and can be continued by another server. `owner` is who may
   * continue it (`ecr/<repository id>`); algorithms beyond sha256 that the final digest may use are hashed
   * on the way when announced here, else by one more read at the end.
   */
  beginUpload(owner: string, options?: { algorithms?: readonly DigestAlgorithm[] }): Promise<string>;

  /** How many bytes are durably there; throws UploadNotFound. */
  uploadSize(uploadId: string, owner: string): Promise<number>;

  /**
   * Streams `body` to the end of the upload and resolves when it is durable. When the body breaks off, what
   * came is kept and the error is thrown; `uploadSize` then tells where to go on.
   */
  append(uploadId: string, owner: string, body: Readable, options?: AppendOptions): Promise<number>;

  /**
   * Checks the digest, makes the bytes a blob and runs `commit` in the transaction that makes it so: the
   * caller's rows, and at least one `reference`, belong there. The same bytes again give the blob already
   * there. A DigestMismatch leaves the upload as it was.
   */
  finishUpload<Result>(
    uploadId: string,
    owner: string,
    digest: Digest,
    commit: (tx: Transaction, blob: Blob) => Promise<Result>,
  ): Promise<Result>;

  /** Throws UploadNotFound. */
  cancelUpload(uploadId: string, owner: string): Promise<void>;

  /** An upload that arrives in one request: begin, append and finish, without a transaction in between. */
  upload<Result>(
    body: Readable,
    digest: Digest,
    options: AppendOptions,
    commit: (tx: Transaction, blob: Blob) => Promise<Result>,
  ): Promise<Result>;

  /**
   * An upload of one request whose digest nobody said. `inspect` sees what came before anything is committed, also
   * when the same bytes are a blob already; `commit` is called with what it returned. What either throws, or a
   * body that breaks off (BodyBrokenOff) or is too long (BlobTooLarge), leaves nothing behind; but an InspectAgain of
   * `commit` has both run once more.
   */
  take<Inspected, Result>(
    body: Readable,
    options: { readonly maxSize?: number; readonly signal?: AbortSignal },
    inspect: (content: TakenContent) => Promise<Inspected>,
    commit: (tx: Transaction, blob: Blob, inspected: Inspected) => Promise<Result>,
  ): Promise<Result>;

  /** The bytes, or a range of them; reading is checked against the blob's size. Throws BlobMissing. */
  open(blobId: string, range?: ByteRange): Promise<Readable>;

  /** Keeps the blob alive for `referrer` (`ecr/<repository id>/<digest>`). Again the same: no change. */
  reference(tx: Transaction, blobId: string, referrer: string): Promise<void>;

  /** Drops that reference; the blob is reviewed for collection after the grace period when none is left. */
  release(tx: Transaction, blobId: string, referrer: string): Promise<void>;
}
