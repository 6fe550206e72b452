/**
 * Under which key a blob's bytes lie encrypted. It is part of a blob's identity: the same bytes under two keys are two
 * blobs, so nobody learns from deduplication what lies under another's key.
 *
 * - `none`: as they came. What was stored before there was encryption, and servers that are told not to encrypt.
 * - `server`: under this server's own key: what AWS calls SSE-S3 or AES256.
 * - a KMS key's ARN.
 * - `customer/<name>`: under a key that comes with every request (SSE-C) and is kept nowhere. The name tells keys
 *   apart and says nothing of the key.
 */
export type EncryptionScope = "none" | "server" | `arn:${string}` | `customer/${string}`;

/** Under which key bytes are to be written, or were written. */
export interface Encryption {
  readonly scope: EncryptionScope;
  /** 32 bytes; with a `customer/` scope and only there. */
  readonly customerKey?: Uint8Array;
}

/** 32 random bytes that encrypt one upload, and the same sealed under the scope's key, to be stored beside it. */
export interface DataKey {
  readonly key: Uint8Array;
  readonly sealed: string;
}

/**
 * Where the blob engine has its data keys from (services/kms is it; customer keys are the engine's own affair). May this
 * caller use the key is asked before, by the service that knows the caller. What is thrown here (KMS's DisabledException,
 * say) passes through the engine unchanged.
 */
export interface BlobKeys {
  generate(scope: EncryptionScope): Promise<DataKey>;
  /** Throws when the scope's key is disabled, pending deletion or gone. Never answers from a memory that is older than the key's state. */
  unseal(scope: EncryptionScope, sealed: string): Promise<Uint8Array>;
}
