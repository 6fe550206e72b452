import { setTimeout as sleep } from "node:timers/promises";
import {
  DummyDriver,
  type Kysely,
  type Dialect as KyselyDialect,
  type LimitNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  ValueNode,
} from "kysely";
import { MetadataUnavailable } from "./errors.ts";
import type { RunQuery } from "./session.ts";
import { openSqlite, type SqliteConnection, SqliteError, type SqliteValue } from "./sqlite-driver.ts";

/** How long another process (a command line beside the server) may hold the write lock, in milliseconds. */
const LOCK_MILLISECONDS = 30_000;

const BUSY = 5;

/**
 * SQLite plans by the value of a limit, so a statement with one as its parameter is prepared again whenever it is bound:
 * twice the cost of finding a row by its key.
 */
class QueryCompiler extends SqliteQueryCompiler {
  protected override visitLimit(node: LimitNode): void {
    const { limit } = node;
    if (ValueNode.is(limit) && limit.value === 1) this.append("limit 1");
    else super.visitLimit(node);
  }
}

const adapter = new SqliteAdapter();
const queryCompiler = new QueryCompiler();

export const SQLITE_DIALECT: KyselyDialect = {
  createAdapter: () => adapter,
  createQueryCompiler: () => queryCompiler,
  createDriver: () => new DummyDriver(),
  createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
};

/** Opens one connection, in WAL mode. */
export async function connectSqlite(path: string): Promise<SqliteConnection> {
  const connection = await openSqlite(path);
  try {
    // Waiting inside SQLite would stop the event loop: `whileBusy` waits instead.
    connection.execute("pragma busy_timeout = 0");
    await whileBusy(() => {
      connection.execute("pragma journal_mode = wal");
      connection.execute("pragma synchronous = normal");
      connection.execute("pragma foreign_keys = on");
      connection.execute("pragma wal_autocheckpoint = 0");
      connection.execute("pragma journal_size_limit = 67108864");
      connection.execute("pragma cache_size = -32768");
    });
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

export function runOn(connection: SqliteConnection): RunQuery {
  return async (query) => {
    // What a query may be given is checked by the Schema; SQLite refuses everything else itself.
    const { rows, changes } = connection.execute(query.sql, query.parameters as readonly SqliteValue[]);
    return { rows, numAffectedRows: BigInt(changes) };
  };
}

/** Takes the write lock, waiting for another process without holding up this one. */
export async function beginImmediate(connection: SqliteConnection): Promise<void> {
  await whileBusy(() => connection.execute("begin immediate"));
}

async function whileBusy(attempt: () => void): Promise<void> {
  const until = performance.now() + LOCK_MILLISECONDS;
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof SqliteError) || error.primaryCode !== BUSY) throw error;
      if (performance.now() > until) {
        throw new MetadataUnavailable("another process keeps the metadata database locked", { cause: error });
      }
    }
    await sleep(pause);
  }
}
