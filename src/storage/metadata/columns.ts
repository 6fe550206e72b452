import { type Expression, type Kysely, SqliteAdapter, sql } from "kysely";

/** The column types of a migration, equal in meaning on both databases. */
export interface ColumnTypes {
  /** Text in binary (UTF-8) order, on PostgreSQL by `COLLATE "C"`: the order of keys in every listing. */
  readonly text: Expression<unknown>;
  /** 64 bits; JavaScript sees a number, so values stay below 2^53. Times are milliseconds since the epoch. */
  readonly integer: Expression<unknown>;
  /** Bytes as they are; read back as Uint8Array. */
  readonly bytes: Expression<unknown>;
  /** A primary key that the database counts up. Transactions may commit in another order than they were counted. */
  readonly counter: Expression<unknown>;
}

const SQLITE: ColumnTypes = {
  text: sql`text`,
  integer: sql`integer`,
  bytes: sql`blob`,
  counter: sql`integer primary key autoincrement`,
};
const POSTGRES: ColumnTypes = {
  text: sql`text collate "C"`,
  integer: sql`bigint`,
  bytes: sql`bytea`,
  counter: sql`bigint generated always as identity primary key`,
};

/** The types for the database a migration is running on. */
export function columnTypes(db: Kysely<unknown>): ColumnTypes {
  return db.getExecutor().adapter instanceof SqliteAdapter ? SQLITE : POSTGRES;
}
