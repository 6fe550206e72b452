/** What can go wrong with the metadata database beyond a query's own error. A full disk is `StorageFull`. */

/** The database cannot be reached, or failed in a way that only a restart repairs. */
export class MetadataUnavailable extends Error {
  override readonly name = "MetadataUnavailable";
}

/** The database was migrated by a newer version of this program. */
export class DatabaseTooNew extends Error {
  override readonly name = "DatabaseTooNew";
}

/** A transaction was used after its end, or was ended because it ran for too long. */
export class TransactionEnded extends Error {
  override readonly name = "TransactionEnded";
}

/** A statement of the transaction failed before; nothing of it can be committed any more. `cause` tells why. */
export class TransactionFailed extends Error {
  override readonly name = "TransactionFailed";
}

/** Other writers kept changing the same rows for as long as the write was tried again. */
export class WriteConflict extends Error {
  override readonly name = "WriteConflict";
}
