import type { Readable } from "node:stream";
import type { Transaction } from "../metadata/metadata.ts";
import type { Encryption, EncryptionScope } from "./blob-keys.ts";
import type { Digest, DigestAlgorithm } from "./digest.ts";
import type { HashAlgorithm } from "./hash-algorithms.ts";

/** Cold blobs are compressed and lie in a store of their own; reading one costs more. Part of a blob's identity. */
export type StorageClass = "hot" | "cold";

/** A blob as a row: identity (scope, sha256, storage class) and size. */
export interface Blob {
  /** Unique for ever: a blob that was collected and came again has another id. */
  readonly id: string;
  readonly scope: EncryptionScope;
  readonly sha256: Digest;
  readonly storageClass: StorageClass;
  /** In bytes, as they came: before compression and encryption. */
  readonly size: number;
}

/** What is computed of content whose digest nobody said, unless something else is asked for. */
export type ContentHash = "md5" | "sha1" | "sha256" | "sha512";

/** Bytes that arrived whole and are no blob yet. */
export interface TakenContent<Hash extends HashAlgorithm = ContentHash> {
  /** In bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly hashes: Readonly<Record<Hash | "sha256", string>>;
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

/** Where an encryption is absent, it is the server's default for blobs without a key of their own. */
export interface UploadOptions extends Omit<AppendOptions, "offset"> {
  readonly encryption?: Encryption;
}

export interface TakeOptions<Hash extends HashAlgorithm = ContentHash> extends UploadOptions {
  /** To be computed beyond sha256; ContentHash when absent. */
  readonly hashes?: readonly Hash[];
}

/** What `copy` copies. */
export interface CopySource {
  readonly blobId: string;
  /** Of a blob of a `customer/` scope. */
  readonly customerKey?: Uint8Array;
}

/** What `copy` makes; what is absent stays as it is in the source. */
export interface CopyTarget {
  readonly encryption?: Encryption;
  readonly storageClass?: StorageClass;
}

export interface OpenOptions {
  /** Of a blob of a `customer/` scope; WrongCustomerKey when it is absent or another one. */
  readonly customerKey?: Uint8Array;
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
   * on the way when announced here, else by one more read at the end. A customer's key is kept nowhere, so
   * what lies under one has to come in one request.
   */
  beginUpload(
    owner: string,
    options?: { readonly algorithms?: readonly DigestAlgorithm[]; readonly encryption?: Encryption },
  ): Promise<string>;

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
    options: UploadOptions,
    commit: (tx: Transaction, blob: Blob) => Promise<Result>,
  ): Promise<Result>;

  /**
   * An upload of one request whose digest nobody said. `inspect` sees what came before anything is committed, also
   * when the same bytes are a blob already; `commit` is called with what it returned. What either throws, or a
   * body that breaks off (BodyBrokenOff) or is too long (BlobTooLarge), leaves nothing behind; but an InspectAgain of
   * `commit` has both run once more.
   */
  take<Inspected, Result, Hash extends HashAlgorithm = ContentHash>(
    body: Readable,
    options: TakeOptions<Hash>,
    inspect: (content: TakenContent<Hash>) => Promise<Inspected>,
    commit: (tx: Transaction, blob: Blob, inspected: Inspected) => Promise<Result>,
  ): Promise<Result>;

  /**
   * Makes the blob of the same bytes under another key or in the other tier, or finds it, and runs `commit` in the
   * transaction that does. Where the target is what the source is, no byte moves.
   */
  copy<Result>(
    source: CopySource,
    target: CopyTarget,
    options: { readonly signal?: AbortSignal },
    commit: (tx: Transaction, blob: Blob) => Promise<Result>,
  ): Promise<Result>;

  /**
   * The bytes, or a range of them. Throws BlobMissing when there is no such blob or its bytes are gone, and
   * BlobDamaged when they are not what was written: at once if that is known, else while they are read.
   */
  open(blobId: string, range?: ByteRange, options?: OpenOptions): Promise<Readable>;

  /**
   * Whether the blob can be relied on: nothing of it is known to be damaged, and its bytes lie where they should. To be asked
   * before a client is told that it need not send them; false makes it send them, which heals the blob.
   */
  isThere(blobId: string): Promise<boolean>;

  /** Keeps the blob alive for `referrer` (`ecr/<repository id>/<digest>`). Again the same: no change. */
  reference(tx: Transaction, blobId: string, referrer: string): Promise<void>;

  /** The same for many blobs at once. */
  referenceAll(tx: Transaction, blobIds: readonly string[], referrer: string): Promise<void>;

  /** Drops that reference; the blob is reviewed for collection after the grace period when none is left. */
  release(tx: Transaction, blobId: string, referrer: string): Promise<void>;

  /** The same for many at once: whatever any of the referrers refers to of these blobs. */
  releaseAll(tx: Transaction, blobIds: readonly string[], referrers: readonly string[]): Promise<void>;
}
