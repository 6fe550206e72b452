import { setTimeout as sleep } from "node:timers/promises";
import {
  DummyDriver,
  Kysely,
  type Dialect as KyselyDialect,
  PostgresAdapter,
  PostgresDialect,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from "kysely";
import type { ClientBase, Pool } from "pg";
import { TransactionEnded, WriteConflict } from "./errors.ts";
import type { Metadata, Migrations, Transaction } from "./metadata.ts";
import { migrate } from "./migrate.ts";
import { asTypedError, createPool, errorCode, isConnectionFailure, unavailable } from "./postgres-pool.ts";
import type { Schema } from "./schema.ts";
import { afterCommit, createQueryBuilder, type RunQuery, TransactionScope } from "./session.ts";

/** Connections of one server. More writers at once make more conflicts, not more commits. */
const READERS = 10;
const WRITERS = 5;

/**
 * A sequential scan locks the whole table against concurrent serializable writers, an index scan only the pages it
 * saw; on small tables PostgreSQL would prefer the former (PostgreSQL manual, 13.2.3).
 */
const FEWER_CONFLICTS = { enable_seqscan: "off", random_page_cost: "1" };

const OLDEST_VERSION = 150_000;

/** Limits of one statement and of one write with all its statements, in milliseconds. */
const STATEMENT_MILLISECONDS = 30_000;
const WRITE_MILLISECONDS = 30_000;

/** A database that is frozen or cut off keeps none of its own limits: after this its connection counts as broken. */
const ANSWER_MILLISECONDS = STATEMENT_MILLISECONDS + 5_000;

/** How long a write that conflicts with others is tried again, in milliseconds. */
const CONFLICT_MILLISECONDS = 20_000;

/** How long a read or write whose connection breaks is tried again: a database that is restarted costs a moment. */
const RECONNECT_MILLISECONDS = 5_000;
const RECONNECT_PAUSE_MILLISECONDS = 250;

/** Serialization failure and deadlock: nothing was committed, the same again may succeed (PostgreSQL manual, 13.5). */
const CONFLICTS: ReadonlySet<string> = new Set(["40001", "40P01"]);

const adapter = new PostgresAdapter();
const queryCompiler = new PostgresQueryCompiler();

const POSTGRES_DIALECT: KyselyDialect = {
  createAdapter: () => adapter,
  createQueryCompiler: () => queryCompiler,
  createDriver: () => new DummyDriver(),
  createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
};

/** The database of a cluster, PostgreSQL 15 or newer. Throws MetadataUnavailable when it cannot be reached. */
export async function openPostgresMetadata(url: string, migrations: Migrations): Promise<Metadata> {
  await migratePostgres(url, migrations);
  const limits = {
    statement_timeout: String(STATEMENT_MILLISECONDS),
    idle_in_transaction_session_timeout: String(2 * WRITE_MILLISECONDS),
    // An operator may have turned it off for the whole server; here acknowledged means durable.
    synchronous_commit: "on",
  };
  const reading = createPool(
    url,
    { ...limits, default_transaction_read_only: "on" },
    {
      max: READERS,
      query_timeout: ANSWER_MILLISECONDS,
    },
  );
  const writing = createPool(
    url,
    { ...limits, ...FEWER_CONFLICTS },
    {
      max: WRITERS,
      query_timeout: ANSWER_MILLISECONDS,
    },
  );
  // A pool that ends forgets who waits for a connection: whoever came before is served first.
  const underWay = new Set<Promise<unknown>>();
  function finishing<Result>(result: Promise<Result>): Promise<Result> {
    underWay.add(result);
    const forget = () => underWay.delete(result);
    result.then(forget, forget);
    return result;
  }
  const read = readFrom(url, reading);
  return {
    dialect: "postgres",
    reader: createQueryBuilder<Schema>(POSTGRES_DIALECT, (query) => finishing(read(query))),
    write: (work) => finishing(writeWithRetry(url, writing, work)),
    afterCommit,
    async close() {
      await Promise.allSettled(underWay);
      await Promise.all([reading.end(), writing.end()]);
    },
  };
}

async function migratePostgres(url: string, migrations: Migrations): Promise<void> {
  const pool = createPool(url, {}, { max: 1 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    await checkServer(url, pool);
    await migrate(db, migrations);
  } finally {
    await db.destroy();
  }
}

/** In another encoding than UTF-8 text would be refused or sorted differently, long after the start. */
async function checkServer(url: string, pool: Pool): Promise<void> {
  const settings =
    "select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding";
  const { rows } = await pool.query<Record<string, string>>(settings).catch((error: unknown) => {
    throw unavailable(url, error);
  });
  const { version, encoding } = rows[0] ?? {};
  if (Number(version) < OLDEST_VERSION) throw unavailable(url, "PostgreSQL 15 or newer is needed");
  if (encoding !== "UTF8") throw unavailable(url, `its encoding is ${encoding}, UTF8 is needed`);
}

/** A read changes nothing, so when its connection turns out to be broken it is asked again on another. */
function readFrom(url: string, pool: Pool): RunQuery {
  return async (query) => {
    const until = performance.now() + RECONNECT_MILLISECONDS;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { rows } = await pool.query({ text: query.sql, values: [...query.parameters] });
        return { rows };
      } catch (error) {
        if (!isConnectionFailure(error) || performance.now() > until) throw asTypedError(url, error);
      }
      await pauseToReconnect(attempt);
    }
  };
}

/** Broken connections of a pool are found one by one, so the first attempts follow at once. */
async function pauseToReconnect(attempt: number): Promise<void> {
  if (attempt > 0) await sleep(RECONNECT_PAUSE_MILLISECONDS * (0.5 + Math.random()));
}

async function writeWithRetry<Result>(
  url: string,
  pool: Pool,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const began = performance.now();
  for (let attempt = 0; ; attempt += 1) {
    const outcome = await writeOnce(pool, work);
    if ("result" in outcome) return outcome.result;
    const { error, retry } = outcome;
    if (retry === "conflict") {
      if (performance.now() > began + CONFLICT_MILLISECONDS) {
        throw new WriteConflict("other writers kept changing the same rows", { cause: error });
      }
      await sleep(Math.random() * Math.min(2 ** attempt, 100));
    } else if (retry === "connection" && performance.now() < began + RECONNECT_MILLISECONDS) {
      await pauseToReconnect(attempt);
    } else {
      throw asTypedError(url, error);
    }
  }
}

type Outcome<Result> =
  | { readonly result: Result }
  | { readonly error: unknown; readonly retry: "conflict" | "connection" | "never" };

async function writeOnce<Result>(
  pool: Pool,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Outcome<Result>> {
  let client: ClientBase & { release(destroy?: boolean): void };
  try {
    client = await pool.connect();
  } catch (error) {
    return { error, retry: isConnectionFailure(error) ? "connection" : "never" };
  }
  const scope = new TransactionScope(POSTGRES_DIALECT, runOn(client));
  let committing = false;
  try {
    await client.query("begin isolation level serializable");
    const result = await scope.run(work, WRITE_MILLISECONDS);
    committing = true;
    await client.query("commit");
    client.release();
    scope.runAfterCommit();
    return { result };
  } catch (error) {
    // What the work threw may be its own words for a statement that failed: the statement's error decides.
    const cause = scope.failure ?? error;
    const lost = isConnectionFailure(cause);
    if (lost || error instanceof TransactionEnded) client.release(true);
    else await rollback(client);
    if (CONFLICTS.has(errorCode(cause))) return { error, retry: "conflict" };
    // A connection lost during the commit leaves its outcome unknown: the work must not run twice.
    return { error: lost ? cause : error, retry: lost && !committing ? "connection" : "never" };
  }
}

async function rollback(client: ClientBase & { release(destroy?: boolean): void }): Promise<void> {
  try {
    await client.query("rollback");
    client.release();
  } catch {
    // The server rolls back what a closed connection left open.
    client.release(true);
  }
}

function runOn(client: ClientBase): RunQuery {
  return async (query) => {
    const { rows, rowCount } = await client.query(query.sql, [...query.parameters]);
    return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
  };
}
