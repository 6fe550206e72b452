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
  const compiled = build(slots as Parameters).compile();
  return async (db, parameters) => {
    const values = compiled.parameters.map((value) =>
      value instanceof Slot ? parameters[value.name] : value,
    );
    const [row] = await runCompiled<Row>(db, { ...compiled, parameters: values });
    return row;
  };
}

/** The same, compiled when it is first asked; readers and transactions of either database may ask. */
export function prepareLater<Parameters extends Record<string, string>, Row>(
  build: (reader: Reader, parameters: Parameters) => Compilable<Row>,
): PreparedQuery<Row, Parameters> {
  const prepared = new WeakMap<object, PreparedQuery<Row, Parameters>>();
  return (db, parameters) => {
    // Of a database and its transactions one and the same.
    const { adapter } = db.getExecutor();
    let query = prepared.get(adapter);
    if (query === undefined) {
      query = prepareQuery((slots: Parameters) => build(db, slots));
      prepared.set(adapter, query);
    }
    return query(db, parameters);
  };
}
