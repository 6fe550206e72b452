import { type CustomTypesConfig, DatabaseError, Pool, type PoolConfig, types } from "pg";
import { StorageFull } from "../blobs/errors.ts";
import { CONNECTION_CODES } from "../connection-codes.ts";
import { MetadataUnavailable } from "./errors.ts";

const INT8 = 20;
const NUMERIC = 1700;

/** Counts and sums are numbers, as on SQLite; every integer kept here is below 2^53 (schema.ts). */
const numbers: CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === INT8 || oid === NUMERIC ? Number : types.getTypeParser(Number(oid), format),
};

/** A socket's file that is not there is a server that is not there. */
const NO_CONNECTION: ReadonlySet<string> = new Set([...CONNECTION_CODES, "ENOENT"]);

/** Class 08, and a server that stops, crashed, starts, or has no connection left (PostgreSQL manual, appendix A). */
const CONNECTION_STATES = /^(08|57P0[123]|53300)/;

/** What pg says without a code when the other end goes away or does not answer. */
const CONNECTION_MESSAGES =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|connection ended|not queryable/i;

const DISK_FULL = "53100";

/** A pool whose connections are replaced as they break. `settings` are PostgreSQL's own parameters. */
export function createPool(
  url: string,
  settings: Readonly<Record<string, string>>,
  options: PoolConfig,
): Pool {
  const pool = new Pool({
    connectionString: url,
    types: numbers,
    application_name: "shosoin",
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(" "),
    ...options,
  });
  // A connection that breaks tells it twice: here, and to the query that uses it. The query's caller decides.
  const ignore = () => undefined;
  pool.on("error", ignore);
  pool.on("connect", (client) => client.on("error", ignore));
  return pool;
}

export function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = errorCode(error);
  if (error instanceof DatabaseError) return CONNECTION_STATES.test(code);
  return NO_CONNECTION.has(code) || CONNECTION_MESSAGES.test(error.message);
}

/** SQLSTATE, or the operating system's error code; empty when there is none. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const code: unknown = Reflect.get(error, "code");
  return typeof code === "string" ? code : "";
}

/** The error as callers of Metadata know it. */
export function asTypedError(url: string, error: unknown): unknown {
  if (errorCode(error) === DISK_FULL) {
    return new StorageFull("the disk of the metadata database is full", { cause: error });
  }
  return isConnectionFailure(error) ? unavailable(url, error) : error;
}

/** Names the server and the reason, never the password. */
export function unavailable(url: string, error: unknown): MetadataUnavailable {
  const reason = error instanceof Error ? error.message || errorCode(error) : String(error);
  return new MetadataUnavailable(`the metadata database ${placeOf(url)} is not available: ${reason}`, {
    cause: error,
  });
}

function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
