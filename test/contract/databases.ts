import { afterAll, beforeAll, describe, setDefaultTimeout } from "bun:test";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresServer, postgresPrograms, startPostgres } from "../postgres-server.ts";

/** What a suite needs of a kind of database. */
export interface TestDatabases {
  readonly kind: "sqlite" | "postgres";
  /** The URL of an empty database. */
  fresh(): Promise<string>;
  /** Cuts every connection and comes back with the same data; SQLite has none to cut. */
  restart(): Promise<void>;
}

/** Runs one suite against every database that Shosoin can keep its metadata in. */
export function describeOnEachDatabase(title: string, define: (databases: TestDatabases) => void): void {
  // A test that times out takes the PostgreSQL of its file with it: a busy machine must not make it so.
  setDefaultTimeout(60_000);
  describe(`${title} on SQLite`, () => {
    const folders: string[] = [];
    afterAll(() => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    });
    define({
      kind: "sqlite",
      async fresh() {
        const folder = await mkdtemp(join(tmpdir(), "shosoin-contract-"));
        folders.push(folder);
        return `sqlite://${join(folder, "metadata.db")}`;
      },
      restart: async () => undefined,
    });
  });

  // Where PostgreSQL is not installed (package `postgresql` of Debian), the suite is named as skipped; in CI it fails.
  const mayBeAbsent = process.env["CI"] !== "true";
  describe.skipIf(mayBeAbsent && postgresPrograms() === undefined)(`${title} on PostgreSQL`, () => {
    let server: PostgresServer | undefined;
    const running = (): PostgresServer => {
      if (!server) throw new Error("PostgreSQL does not run");
      return server;
    };
    beforeAll(async () => {
      server = await startPostgres();
    }, 30_000);
    afterAll(async () => {
      await server?.stop();
    }, 30_000);
    define({
      kind: "postgres",
      fresh: () => running().createDatabase(),
      restart: () => running().restart(),
    });
  });
}
