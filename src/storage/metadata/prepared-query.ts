/**
 * Queries that are built and compiled once and then run many times: building one with Kysely costs more than
 * running it, which shows at ten thousand manifests a second.
 */
import { type Compilable, sql } from "kysely";
import type { Reader } from "./metadata.ts";
import { runCompiled } from "./session.ts";

class Slot {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export type PreparedStatement<Row, Parameters> = (
  db: Reader,
  parameters: Parameters,
) => Promise<readonly Row[]>;

export type PreparedQuery<Row, Parameters> = (db: Reader, parameters: Parameters) => Promise<Row | undefined>;

/**
 * `build` is called once with stand-ins for the parameters and must use them as plain values. The query runs
 * on any reader or transaction of the same database and resolves to its first row.
 *
 * Parameters are cast to the type they have, because a bare parameter of a join may change SQLite's plan, so that
 * SQLite prepares the query again for each new value (in Bun's build): ten times the cost of running it.
 */
export function prepareQuery<Parameters extends Record<string, string>, Row>(
  build: (parameters: Parameters) => Compilable<Row>,
): PreparedQuery<Row, Parameters> {
  const slots = new Proxy({}, { get: (_, name) => sql`cast(${new Slot(String(name))} as text)` });
  const run = runner(build(slots as Parameters));
  return async (db, parameters) => (await run(db, parameters))[0];
}

function runner<Parameters, Row>(query: Compilable<Row>): PreparedStatement<Row, Parameters> {
  const compiled = query.compile();
  return (db, parameters) => {
    const values = compiled.parameters.map((value) =>
      value instanceof Slot ? Reflect.get(parameters as object, value.name) : value,
    );
    return runCompiled<Row>(db, { ...compiled, parameters: values });
  };
}

/** The same, compiled when it is first asked; readers and transactions of either database may ask. */
export function prepareLater<Parameters extends Record<string, string>, Row>(
  build: (db: Reader, parameters: Parameters) => Compilable<Row>,
): PreparedQuery<Row, Parameters> {
  return later((db) => prepareQuery((slots: Parameters) => build(db, slots)));
}

/**
 * The same for a statement of one table, whose parameters stand beside columns and have their types. Resolves to all
 * rows that it returns.
 */
export function prepareStatement<Parameters extends object, Row>(
  build: (db: Reader, parameters: Parameters) => Compilable<Row>,
): PreparedStatement<Row, Parameters> {
  const slots = new Proxy({}, { get: (_, name) => sql`${new Slot(String(name))}` });
  return later((db) => runner(build(db, slots as Parameters)));
}

function later<Parameters, Result>(
  prepare: (db: Reader) => (db: Reader, parameters: Parameters) => Promise<Result>,
): (db: Reader, parameters: Parameters) => Promise<Result> {
  const prepared = new WeakMap<object, (db: Reader, parameters: Parameters) => Promise<Result>>();
  return (db, parameters) => {
    // Of a database and its transactions one and the same.
    const { adapter } = db.getExecutor();
    let query = prepared.get(adapter);
    if (query === undefined) {
      query = prepare(db);
      prepared.set(adapter, query);
    }
    return query(db, parameters);
  };
}
