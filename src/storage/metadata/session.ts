import {
  type CompiledQuery,
  type DatabaseConnection,
  DefaultQueryExecutor,
  DummyDriver,
  Kysely,
  type Dialect as KyselyDialect,
  type KyselyProps,
  Transaction as KyselyTransaction,
  type QueryResult,
} from "kysely";
import { TransactionEnded, TransactionFailed } from "./errors.ts";
import type { Reader, Transaction } from "./metadata.ts";
import type { Schema } from "./schema.ts";

/** Runs one query; both databases come down to this. */
export type RunQuery = (query: CompiledQuery) => Promise<QueryResult<unknown>>;

export function createQueryBuilder<Tables>(dialect: KyselyDialect, run: RunQuery): Kysely<Tables> {
  const builder = new Kysely<Tables>(queryBuilderOver(dialect, run));
  runners.set(builder, run);
  return builder;
}

const runners = new WeakMap<object, RunQuery>();

/**
 * Runs a compiled query on a reader or transaction, past the layers of the query builder: they cost as much as a
 * row by its key does.
 */
export async function runCompiled<Row>(db: Reader, query: CompiledQuery<Row>): Promise<readonly Row[]> {
  // One that somebody put a plugin on goes its own way.
  const run = runners.get(db) ?? ((compiled: CompiledQuery) => db.executeQuery(compiled));
  return (await run(query)).rows as Row[];
}

/**
 * One transaction as its work sees it, with the same rules on both databases: after a failed statement
 * nothing more runs and nothing is committed (PostgreSQL's rule), and after its end it cannot be used.
 */
export class TransactionScope {
  readonly transaction: Transaction;
  readonly #afterCommit: (() => void)[] = [];
  #failure: { readonly error: unknown } | undefined;
  #ended: string | undefined;

  constructor(dialect: KyselyDialect, run: RunQuery) {
    const guarded: RunQuery = async (query) => {
      if (this.#ended !== undefined) throw new TransactionEnded(this.#ended);
      if (this.#failure) {
        throw new TransactionFailed("an earlier statement of this transaction failed", {
          cause: this.#failure.error,
        });
      }
      try {
        return await run(query);
      } catch (error) {
        this.#failure ??= { error };
        throw error;
      }
    };
    this.transaction = new KyselyTransaction<Schema>(queryBuilderOver(dialect, guarded));
    runners.set(this.transaction, guarded);
    scopes.set(this.transaction, this);
  }

  afterCommit(run: () => void): void {
    if (this.#ended !== undefined) throw new TransactionEnded(this.#ended);
    this.#afterCommit.push(run);
  }

  /** Runs `work` and ends the transaction for it; rejects if it threw, if any statement failed, or after `limit` milliseconds. */
  async run<Result>(work: (tx: Transaction) => Promise<Result>, limit: number): Promise<Result> {
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = new TransactionEnded(`the transaction was given up: it ran longer than ${limit} ms`);
      this.#ended = error.message;
      timeout.reject(error);
    }, limit);
    try {
      const result = await Promise.race([work(this.transaction), timeout.promise]);
      if (this.#failure) throw this.#failure.error;
      return result;
    } finally {
      clearTimeout(timer);
      this.#ended ??= "the transaction has ended";
    }
  }

  /** The error of the first statement that failed. */
  get failure(): unknown {
    return this.#failure?.error;
  }

  /** To be called once it is durable. What a callback throws is no fault of the write: it surfaces as an uncaught error. */
  runAfterCommit(): void {
    for (const run of this.#afterCommit) queueMicrotask(run);
  }
}

const scopes = new WeakMap<Transaction, TransactionScope>();

export function afterCommit(tx: Transaction, run: () => void): void {
  const scope = scopes.get(tx);
  if (!scope) throw new TypeError("afterCommit needs the transaction that write() handed out");
  scope.afterCommit(run);
}

function queryBuilderOver(dialect: KyselyDialect, run: RunQuery): KyselyProps {
  const connection: DatabaseConnection = {
    // Kysely's own type for a row differs per call; what comes from the database is what the Schema says.
    executeQuery: run as DatabaseConnection["executeQuery"],
    streamQuery: () => {
      throw new TypeError("streaming queries are not offered: read page by page, by key");
    },
  };
  const executor = new DefaultQueryExecutor(dialect.createQueryCompiler(), dialect.createAdapter(), {
    provideConnection: (consumer) => consumer(connection),
  });
  return { config: { dialect }, dialect, driver: new ClosedDriver(), executor };
}

/** `reader.transaction()` and `tx.startTransaction()` are refused: a transaction begins with Metadata.write. */
class ClosedDriver extends DummyDriver {
  override async beginTransaction(): Promise<void> {
    throw new TypeError("transactions begin with Metadata.write");
  }
}
