import type { Kysely, Transaction as KyselyTransaction, Migration } from "kysely";
import type { Schema } from "./schema.ts";

export type Dialect = "sqlite" | "postgres";

/** An open read-write transaction. Whatever changes state takes one as its first parameter. */
export type Transaction = KyselyTransaction<Schema>;

/** A query builder for reading: either `Metadata.reader` or a transaction. */
export type Reader = Kysely<Schema>;

/** A room's migrations by name; names sort in the order in which they run (`0040-ecr-repositories`). */
export type Migrations = Readonly<Record<string, Migration>>;

export interface MetadataOptions {
  /** Embedded only: keep room on the disk, so that deletes work when others have filled it. */
  readonly diskReserve?: boolean;
}

/**
 * The metadata database: everything that is not an artifact's bytes. Two implementations, one contract
 * (test/contract/metadata.test.ts): sqlite.ts (embedded) and postgres.ts (cluster).
 */
export interface Metadata {
  readonly dialect: Dialect;

  /**
   * Reads outside of any transaction: sees what is durable, never another transaction's half. It cannot write,
   * begin a transaction or stream: long lists are read page by page, by key.
   */
  readonly reader: Reader;

  /**
   * Runs `work` in one serializable transaction and resolves once it is durable: it survives a power cut.
   * Rejects with what `work` threw, and then nothing of it remains. `work` may run more than once (a
   * serialization conflict on PostgreSQL is retried), so it must change nothing but rows, and it must wait
   * for nothing but its own queries: other writers queue behind it, also a write inside this one, and after 30
   * seconds it is given up.
   *
   * Once a statement failed (a unique or foreign key), nothing more can be done in the transaction and nothing of
   * it is committed, also when `work` catches the error: read before you insert, or use ON CONFLICT.
   *
   * Rejects with StorageFull when the disk has no room (smaller writes and reads go on), with MetadataUnavailable
   * when the database cannot be reached or was lost while committing (the outcome is unknown then), with
   * WriteConflict when others kept changing the same rows. One statement takes at most 32,766 parameters.
   */
  write<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;

  /**
   * Runs `run` once, after the transaction has become durable; never if it is rolled back. For waking a
   * worker or filling a cache, not for work that must not be lost: that is a job.
   */
  afterCommit(tx: Transaction, run: () => void): void;

  close(): Promise<void>;
}
