import { closeSync, fdatasync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { type DiskReserve, NO_RESERVE, openDiskReserve } from "./disk-reserve.ts";
import { MetadataUnavailable } from "./errors.ts";
import type { Metadata, MetadataOptions, Migrations } from "./metadata.ts";
import { migrate } from "./migrate.ts";
import type { Schema } from "./schema.ts";
import { afterCommit, createQueryBuilder } from "./session.ts";
import { beginImmediate, connectSqlite, runOn, SQLITE_DIALECT } from "./sqlite-connection.ts";
import type { SqliteConnection } from "./sqlite-driver.ts";
import { type DurableLog, SqliteWriter } from "./sqlite-writer.ts";

/**
 * The embedded database: one file, one writing and one reading connection. SQLite is called synchronously,
 * so readers never interleave and one connection serves them all.
 */
export async function openSqliteMetadata(
  path: string,
  migrations: Migrations,
  options: MetadataOptions = {},
): Promise<Metadata> {
  const reserve = options.diskReserve ? openDiskReserve(`${path}-reserve`, dirname(path)) : NO_RESERVE;
  const writing = await openFile(path);
  try {
    await migrateSqlite(writing, migrations);
    const reading = await connectSqlite(path);
    reading.execute("pragma query_only = on");
    return metadataOver(path, writing, reading, reserve);
  } catch (error) {
    writing.close();
    throw error;
  }
}

/** Throws MetadataUnavailable when it is damaged, no database, or not ours to write. */
async function openFile(path: string): Promise<SqliteConnection> {
  try {
    createPrivateFile(path);
    return await connectSqlite(path);
  } catch (error) {
    if (error instanceof MetadataUnavailable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MetadataUnavailable(`the metadata database ${path} cannot be opened: ${reason}`, {
      cause: error,
    });
  }
}

/** The file holds keys and policies: nobody but the server's user reads it. SQLite gives its side files the same mode. */
function createPrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    // Only a new file may be opened and closed here: closing one drops the locks SQLite holds on it in this process.
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error) || Reflect.get(error, "code") !== "EEXIST") throw error;
  }
}

/** All migrations run in one transaction, under the write lock, so that two processes starting at once do not collide. */
async function migrateSqlite(connection: SqliteConnection, migrations: Migrations): Promise<void> {
  await beginImmediate(connection);
  try {
    await migrate(createQueryBuilder<unknown>(SQLITE_DIALECT, runOn(connection)), migrations);
    connection.execute("commit");
  } catch (error) {
    if (connection.inTransaction) connection.execute("rollback");
    throw error;
  }
}

function metadataOver(
  path: string,
  writing: SqliteConnection,
  reading: SqliteConnection,
  reserve: DiskReserve,
): Metadata {
  const log = durableLog(path, reading);
  const writer = new SqliteWriter(writing, log, reserve);
  return {
    dialect: "sqlite",
    reader: createQueryBuilder<Schema>(SQLITE_DIALECT, runOn(reading)),
    write: (work) => writer.write(work),
    afterCommit,
    async close() {
      await writer.idle();
      await reserve.settled();
      reading.close();
      writing.close();
      log.close();
    },
  };
}

export function durableLog(path: string, reading: SqliteConnection): DurableLog & { close(): void } {
  // The file exists and stays this one as long as a connection is open (sqlite.org/walformat.html, 1.1).
  const file = openSync(`${path}-wal`, "r+");
  const synced = promisify(fdatasync);
  syncFolder(dirname(path));
  return {
    pin() {
      reading.execute("begin");
      reading.execute("select 1 from sqlite_schema limit 1");
    },
    unpin() {
      if (reading.inTransaction) reading.execute("commit");
    },
    sync: () => synced(file),
    close: () => closeSync(file),
  };
}

/** Makes the names of new files durable. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
}
