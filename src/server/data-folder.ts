import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSqlite, type SqliteConnection, SqliteError } from "../storage/metadata/sqlite-driver.ts";

/**
 * The folder of one server. Two servers must never share it; a lock of the operating system says so, held
 * by an open SQLite transaction on a file of its own: it goes with the process however that ends, a stale
 * file means nothing, and both runtimes have it without native additions.
 *
 *     shosoin-data/
 *       server.lock    locked while a server runs
 *       server.json    where it is: {url, pid, caFile?, daySeconds?}
 *       ...            each room's own folder
 */
export interface DataFolder {
  readonly path: string;
  /** Written once requests are accepted; `shosoin env` reads it. */
  publish(server: PublishedServer): void;
  /** Takes the address away and gives the folder free. */
  release(): void;
}

/** What commands beside the server have to know of it. */
export interface PublishedServer {
  readonly url: string;
  readonly caFile?: string | undefined;
  /** Where days are shortened. */
  readonly daySeconds?: number | undefined;
}

export class DataFolderInUse extends Error {
  override readonly name = "DataFolderInUse";
}

export class DataFolderUnusable extends Error {
  override readonly name = "DataFolderUnusable";
}

/** Makes the folder when it is not there. Throws DataFolderInUse when another server has it, and DataFolderUnusable. */
export async function lockDataFolder(path: string): Promise<DataFolder> {
  const serverFile = join(path, "server.json");
  const lock = await openLock(path);
  try {
    lock.execute("begin exclusive");
  } catch (error) {
    lock.close();
    if (!(error instanceof SqliteError) || error.primaryCode !== SQLITE_BUSY) throw error;
    const pid = readServer(serverFile)?.pid;
    throw new DataFolderInUse(
      `Another Shosoin${pid === undefined ? "" : ` (process ${pid})`} serves from ${path}. ` +
        "Stop it first, or give this one its own folder with --data.",
    );
  }
  // From the very start, so that a second server can name us before we are ready.
  writeServer(serverFile, { pid: process.pid });
  return {
    path,
    publish: ({ url, caFile, daySeconds }) =>
      writeServer(serverFile, { url, pid: process.pid, caFile, daySeconds }),
    release() {
      rmSync(serverFile, { force: true });
      lock.close();
    },
  };
}

async function openLock(path: string): Promise<SqliteConnection> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return await openSqlite(join(path, "server.lock"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataFolderUnusable(
      `The data folder ${path} cannot be used: ${reason}. Name a folder that this user may write with --data.`,
      { cause: error },
    );
  }
}

/** sqlite.org/rescode.html */
const SQLITE_BUSY = 5;

/** Where the server of this folder is, as `publish` wrote it. Undefined when none runs, or none is ready yet. */
export function findServer(path: string): PublishedServer | undefined {
  const { url, caFile, daySeconds } = readServer(join(path, "server.json")) ?? {};
  return url === undefined ? undefined : { url, caFile, daySeconds };
}

interface ServerEntry extends Partial<PublishedServer> {
  readonly pid: number;
}

function writeServer(file: string, entry: ServerEntry): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
}

function readServer(file: string): ServerEntry | undefined {
  try {
    const entry: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof entry === "object" && entry !== null && "pid" in entry && typeof entry.pid === "number"
      ? (entry as ServerEntry)
      : undefined;
  } catch {
    // Not there, or half of one from before: then there is nobody to name.
    return undefined;
  }
}
