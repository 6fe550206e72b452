/** A small schema of nothing but tests, and databases that have it. */
import { afterEach } from "bun:test";
import type { Kysely } from "kysely";
import { columnTypes } from "../../src/storage/metadata/columns.ts";
import type { Metadata, Migrations, Transaction } from "../../src/storage/metadata/metadata.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import type { TestDatabases } from "./databases.ts";

interface Tables {
  things: { name: string; count: number; content: Uint8Array | null };
  parts: { thing: string };
}

export const migrations: Migrations = {
  "0001-things": {
    async up(db: Kysely<unknown>) {
      const types = columnTypes(db);
      await db.schema
        .createTable("things")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("count", types.integer, (column) => column.notNull())
        .addColumn("content", types.bytes)
        .execute();
    },
  },
  "0002-parts": {
    async up(db: Kysely<unknown>) {
      const types = columnTypes(db);
      await db.schema
        .createTable("parts")
        .addColumn("thing", types.text, (column) => column.notNull().references("things.name"))
        .execute();
    },
  },
};

/** The tables of this suite are in no room's schema. */
export function tables(db: unknown): Kysely<Tables> {
  return db as Kysely<Tables>;
}

export async function put(
  tx: Transaction,
  name: string,
  count = 0,
  content: Uint8Array | null = null,
): Promise<void> {
  await tables(tx).insertInto("things").values({ name, count, content }).execute();
}

export async function namesIn(metadata: Metadata): Promise<string[]> {
  const rows = await tables(metadata.reader).selectFrom("things").select("name").orderBy("name").execute();
  return rows.map((row) => row.name);
}

export async function increment(tx: Transaction, name: string): Promise<void> {
  const { count } = await tables(tx)
    .selectFrom("things")
    .select("count")
    .where("name", "=", name)
    .executeTakeFirstOrThrow();
  await tables(tx)
    .updateTable("things")
    .set({ count: count + 1 })
    .where("name", "=", name)
    .execute();
}

export async function countOf(metadata: Metadata, name: string): Promise<number | undefined> {
  const row = await tables(metadata.reader)
    .selectFrom("things")
    .select("count")
    .where("name", "=", name)
    .executeTakeFirst();
  return row?.count;
}

/** Opens them on a new database, or on the one of `url`; they are closed after the test. */
export function openedMetadata(databases: TestDatabases) {
  const opened: Metadata[] = [];

  async function open(url?: string): Promise<Metadata> {
    const metadata = await openMetadata(url ?? (await databases.fresh()), migrations);
    opened.push(metadata);
    return metadata;
  }

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((metadata) => metadata.close()));
  });

  return { open, opened };
}
