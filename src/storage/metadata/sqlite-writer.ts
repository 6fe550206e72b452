import { StorageFull } from "../blobs/errors.ts";
import { type DiskReserve, NO_RESERVE } from "./disk-reserve.ts";
import { MetadataUnavailable } from "./errors.ts";
import type { Transaction } from "./metadata.ts";
import { TransactionScope } from "./session.ts";
import { beginImmediate, runOn, SQLITE_DIALECT } from "./sqlite-connection.ts";
import { type SqliteConnection, SqliteError } from "./sqlite-driver.ts";

/** One commit carries at most so many writes, and takes no further one after so many milliseconds of work. */
const GROUP_SIZE = 256;
const GROUP_MILLISECONDS = 15;

/** A single write that runs longer waits for something other than the database; it is given up. */
const WRITE_MILLISECONDS = 30_000;

/** How many frames (pages of 4 KiB) of the write-ahead log make a checkpoint worth its two syncs. */
const CHECKPOINT_FRAMES = 2000;

/** The length of the log is looked at after so many groups: before SQLite 3.51 looking is a checkpoint already. */
const CHECKPOINT_GROUPS = 8;

const IOERR_SHMSIZE = 4874;
const FULL = 13;

/** What the writer needs of the rest of the database (sqlite.ts). */
export interface DurableLog {
  /** Readers see the state as it is now until `unpin`. */
  pin(): void;
  unpin(): void;
  /** Resolves when everything written to the write-ahead log survives a power cut. */
  sync(): Promise<void>;
}

interface PendingWrite {
  work(tx: Transaction): Promise<unknown>;
  resolve(result: never): void;
  reject(error: unknown): void;
}

/** A write that ran inside the open group: what to tell its caller once the group's fate is known. */
interface RanWrite {
  readonly write: PendingWrite;
  readonly scope: TransactionScope;
  readonly outcome: { readonly result: unknown } | { readonly error: unknown };
}

/**
 * The one writer of the embedded database, with group commit: writes that wait together run one after
 * another, each in its own savepoint, inside one BEGIN IMMEDIATE ... COMMIT, and share one sync. Nobody is
 * told anything, not even of an error, before the group is durable: what a write saw may be its
 * neighbour's row.
 *
 * The commit itself does not sync (`synchronous=NORMAL`); the write-ahead log is synced right after it on a
 * thread of the runtime, so that the event loop goes on, while readers are pinned to the last durable state.
 * Why that is as safe as `synchronous=FULL`:
 * - recovery replays the log up to the first damaged frame; the sync covers every frame up to this commit;
 * - SQLite still syncs the log before each checkpoint, the database file after it, and the log's header
 *   when it begins anew (sqlite.org/pragma.html#pragma_synchronous), so a checkpoint in between loses nothing;
 * - the next group begins only after the sync.
 */
export class SqliteWriter {
  readonly #connection: SqliteConnection;
  readonly #log: DurableLog;
  readonly #reserve: DiskReserve;
  readonly #queue: PendingWrite[] = [];
  #draining: Promise<void> | undefined;
  /** Writes at the head of the queue that run one to a commit, because together they did not fit the disk. */
  #alone = 0;
  #broken: MetadataUnavailable | undefined;
  #groups = 0;
  /** What was done for the group that did not fit the disk. */
  #roomMade: "none" | "checkpoint" | "reserve" = "none";

  constructor(connection: SqliteConnection, log: DurableLog, reserve = NO_RESERVE) {
    this.#connection = connection;
    this.#log = log;
    this.#reserve = reserve;
  }

  write<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ work, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when every write accepted so far is settled. */
  async idle(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    // Whatever else is written in this turn of the event loop joins the first group.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group: RanWrite[] = [];
      try {
        await this.#commitGroup(group);
      } catch (error) {
        this.#breakDown(error, group);
      }
    }
    this.#draining = undefined;
  }

  /** Throws only what leaves the database in a state unknown. */
  async #commitGroup(group: RanWrite[]): Promise<void> {
    try {
      await beginImmediate(this.#connection);
    } catch (error) {
      for (const write of this.#queue.splice(0)) write.reject(asTypedError(error));
      return;
    }
    try {
      await this.#runGroup(group);
    } catch (error) {
      // The write at the head lost the group's transaction (the disk is full).
      this.#rollback();
      const again = isFull(error) && this.#makeRoom();
      if (!again) this.#queue.shift()?.reject(asTypedError(error));
      this.#requeue(group);
      return;
    }
    try {
      this.#log.pin();
      this.#connection.execute("commit");
    } catch (error) {
      this.#rollback();
      this.#log.unpin();
      if (isFull(error) && this.#makeRoom()) this.#requeue(group);
      // Together they may not fit a full disk, one by one they may.
      else if (group.length > 1) this.#requeue(group, group.length);
      else for (const { write } of group) write.reject(asTypedError(error));
      return;
    }
    await this.#log.sync();
    this.#log.unpin();
    this.#roomMade = "none";
    settle(group);
    this.#checkpointWhenDue();
  }

  async #runGroup(group: RanWrite[]): Promise<void> {
    const limit = this.#alone > 0 ? 1 : GROUP_SIZE;
    const until = performance.now() + GROUP_MILLISECONDS;
    while (group.length < limit && performance.now() < until) {
      const write = this.#queue[0];
      if (!write) break;
      const ran = await this.#runInSavepoint(write);
      this.#queue.shift();
      group.push(ran);
    }
    if (this.#alone > 0) this.#alone -= 1;
  }

  /** Throws only when the transaction around the savepoint was lost. */
  async #runInSavepoint(write: PendingWrite): Promise<RanWrite> {
    const scope = new TransactionScope(SQLITE_DIALECT, runOn(this.#connection));
    this.#connection.execute("savepoint one_write");
    try {
      const result = await scope.run((tx) => write.work(tx), WRITE_MILLISECONDS);
      this.#connection.execute("release one_write");
      return { write, scope, outcome: { result } };
    } catch (error) {
      if (!this.#connection.inTransaction) throw error;
      this.#connection.execute("rollback to one_write");
      this.#connection.execute("release one_write");
      return { write, scope, outcome: { error: asTypedError(error) } };
    }
  }

  /** Puts writes that must run again back at the head, in their order. */
  #requeue(group: readonly RanWrite[], alone = 0): void {
    this.#queue.unshift(...group.map(({ write }) => write));
    this.#alone = alone;
  }

  #rollback(): void {
    if (this.#connection.inTransaction) this.#connection.execute("rollback");
  }

  /** On a full disk: the room of the log first, then the reserve. False when nothing more can be done for this group. */
  #makeRoom(): boolean {
    if (this.#roomMade === "none") {
      this.#roomMade = "checkpoint";
      this.#checkpoint();
      return true;
    }
    if (this.#roomMade === "checkpoint" && this.#reserve.release()) {
      this.#roomMade = "reserve";
      this.#checkpoint();
      return true;
    }
    this.#roomMade = "none";
    return false;
  }

  /**
   * After a failed sync nobody knows what is on the disk, and a later sync may wrongly succeed
   * (the kernel drops the error with the page): only a restart reads the truth. Readers stay at the last durable state.
   */
  #breakDown(error: unknown, group: readonly RanWrite[]): void {
    this.#broken = new MetadataUnavailable(
      "the metadata database could not be written to its disk safely; the server must be restarted",
      { cause: error },
    );
    for (const { write } of group) write.reject(this.#broken);
    for (const write of this.#queue.splice(0)) write.reject(this.#broken);
  }

  /** Between groups no connection of this process is inside the log, so that a finished checkpoint lets it begin anew. */
  #checkpointWhenDue(): void {
    this.#groups += 1;
    if (this.#groups % CHECKPOINT_GROUPS !== 0) return;
    this.#reserve.renew();
    try {
      const [state] = this.#connection.execute("pragma wal_checkpoint(noop)").rows;
      if (state && Number(state["log"]) - Number(state["checkpointed"]) < CHECKPOINT_FRAMES) return;
    } catch (error) {
      if (!(error instanceof SqliteError)) throw error;
    }
    this.#checkpoint();
  }

  /** Copies the log into the database file; the next write then begins the log anew, within the room it already has. */
  #checkpoint(): void {
    try {
      this.#connection.execute("pragma wal_checkpoint(passive)");
    } catch (error) {
      // A full disk, or another process at the same: the log keeps everything, a later one tries again.
      if (!(error instanceof SqliteError)) throw error;
    }
  }
}

function settle(group: readonly RanWrite[]): void {
  for (const { write, scope, outcome } of group) {
    if ("error" in outcome) {
      write.reject(outcome.error);
      continue;
    }
    scope.runAfterCommit();
    write.resolve(outcome.result as never);
  }
}

function asTypedError(error: unknown): unknown {
  return isFull(error)
    ? new StorageFull("the disk of the metadata database is full", { cause: error })
    : error;
}

function isFull(error: unknown): boolean {
  return error instanceof SqliteError && (error.primaryCode === FULL || error.code === IOERR_SHMSIZE);
}
