/**
 * The one file that knows the runtime: `bun:sqlite` on Bun, `node:sqlite` on Node, behind one synchronous
 * interface. Both give integers as numbers and blobs as Uint8Array.
 */

/** What a column can hold. Booleans and dates are stored as integers by the caller. */
export type SqliteValue = string | number | bigint | Uint8Array | null;

export interface SqliteResult {
  readonly rows: Record<string, SqliteValue>[];
  /** Rows inserted, updated or deleted; 0 for a statement that returns rows. */
  readonly changes: number;
}

export interface SqliteConnection {
  /** Throws SqliteError. */
  execute(sql: string, parameters?: readonly SqliteValue[]): SqliteResult;
  /** False again when an error (a full disk) made SQLite roll back by itself. */
  readonly inTransaction: boolean;
  close(): void;
}

/** `code` is SQLite's extended result code (sqlite.org/rescode.html). */
export class SqliteError extends Error {
  override readonly name = "SqliteError";
  readonly code: number;

  constructor(code: number, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.code = code;
  }

  /** The low byte: 5 busy, 10 input/output, 13 full, 19 constraint. */
  get primaryCode(): number {
    return this.code & 0xff;
  }
}

/** A prepared statement of either runtime. */
interface Statement {
  readonly returnsRows: boolean;
  all(parameters: readonly SqliteValue[]): unknown[];
  run(parameters: readonly SqliteValue[]): number;
  finalize(): void;
}

interface Native {
  prepare(sql: string): Statement;
  inTransaction(): boolean;
  close(): void;
}

/** Statements kept prepared per connection; the one unused for longest goes first. */
const STATEMENT_CACHE_SIZE = 400;

/** Opens (and creates) the database file. */
export async function openSqlite(path: string): Promise<SqliteConnection> {
  const native = process.versions.bun === undefined ? await openOnNode(path) : await openOnBun(path);
  return cachingConnection(native);
}

async function openOnBun(path: string): Promise<Native> {
  const { Database } = await import("bun:sqlite");
  const database = new Database(path, { create: true });
  return {
    prepare(sql) {
      const statement = database.prepare<unknown, SqliteValue[]>(sql);
      return {
        returnsRows: statement.columnNames.length > 0,
        all: (parameters) => statement.all(...parameters),
        run: (parameters) => statement.run(...parameters).changes,
        finalize: () => statement.finalize(),
      };
    },
    inTransaction: () => database.inTransaction,
    close: () => database.close(),
  };
}

async function openOnNode(path: string): Promise<Native> {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path);
  return {
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        returnsRows: statement.columns().length > 0,
        all: (parameters) => statement.all(...parameters),
        run: (parameters) => Number(statement.run(...parameters).changes),
        finalize: () => undefined,
      };
    },
    inTransaction: () => database.isTransaction,
    close: () => database.close(),
  };
}

function cachingConnection(native: Native): SqliteConnection {
  const statements = new Map<string, Statement>();

  function statementFor(sql: string): Statement {
    const cached = statements.get(sql);
    if (cached) {
      statements.delete(sql);
      statements.set(sql, cached);
      return cached;
    }
    const statement = native.prepare(sql);
    statements.set(sql, statement);
    if (statements.size > STATEMENT_CACHE_SIZE) dropOldest();
    return statement;
  }

  function dropOldest(): void {
    for (const [sql, statement] of statements) {
      statements.delete(sql);
      statement.finalize();
      return;
    }
  }

  return {
    execute(sql, parameters = []) {
      try {
        const statement = statementFor(sql);
        if (!statement.returnsRows) return { rows: [], changes: statement.run(parameters) };
        return { rows: statement.all(parameters) as Record<string, SqliteValue>[], changes: 0 };
      } catch (error) {
        throw new SqliteError(resultCode(error), error);
      }
    },
    get inTransaction() {
      return native.inTransaction();
    },
    close() {
      for (const statement of statements.values()) statement.finalize();
      statements.clear();
      native.close();
    },
  };
}

/** Bun calls the extended result code `errno`, Node `errcode`. */
function resultCode(error: unknown): number {
  if (typeof error !== "object" || error === null) return 1;
  const code = Reflect.get(error, "errno") ?? Reflect.get(error, "errcode");
  return typeof code === "number" ? code : 1;
}
