/** What can go wrong with an upload or a blob. Doors turn these into their protocol's own errors. */

/** No such upload, it belongs to another owner, or it expired. */
export class UploadNotFound extends Error {
  override readonly name = "UploadNotFound";
}

/** The caller's offset is not where the upload stands. */
export class OffsetMismatch extends Error {
  override readonly name = "OffsetMismatch";
  readonly received: number;
  /** @param received bytes that are durably there */
  constructor(received: number) {
    super(`the upload stands at ${received} bytes`);
    this.received = received;
  }
}

/** The bytes do not have the digest that was claimed. */
export class DigestMismatch extends Error {
  override readonly name = "DigestMismatch";
}

/** More bytes than the caller allows for one blob. */
export class BlobTooLarge extends Error {
  override readonly name = "BlobTooLarge";
}

/** The store has no room: writes are refused, reads and deletes go on. */
export class StorageFull extends Error {
  override readonly name = "StorageFull";
}

/** The place for bytes that the settings name cannot be used; the message says why. At the start only. */
export class BlobStoreUnusable extends Error {
  override readonly name = "BlobStoreUnusable";
}

/** The object store does not answer, or asks to come later. The same again may succeed. */
export class StorageUnavailable extends Error {
  override readonly name = "StorageUnavailable";
}

/** A row without its bytes: damage, never the caller's fault. */
export class BlobMissing extends Error {
  override readonly name = "BlobMissing";
}

/** The bytes of a blob are not what was written: found while reading, or known from before. Never the caller's fault. */
export class BlobDamaged extends Error {
  override readonly name = "BlobDamaged";
}

/** A blob lies under a customer's key, and the request brought none or another one. */
export class WrongCustomerKey extends Error {
  override readonly name = "WrongCustomerKey";
}

/** The client went away or sent less than it announced. */
export class BodyBrokenOff extends Error {
  override readonly name = "BodyBrokenOff";
}

/** Thrown by the commit of `take`: what the inspection stood on has changed, so it is to look again and commit again. */
export class InspectAgain extends Error {
  override readonly name = "InspectAgain";
}
