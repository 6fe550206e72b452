/**
 * The program that `metadata.test.ts` kills: it opens the database named on its command line, writes rows from
 * many sides at once, and prints each row's number as soon as the write is acknowledged. Runs on Bun and Node.
 */
import { writeSync } from "node:fs";
import type { Kysely } from "kysely";
import { columnTypes } from "../../src/storage/metadata/columns.ts";
import type { Migrations, Transaction } from "../../src/storage/metadata/metadata.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";

interface LedgerTables {
  ledger: { entry: number };
}

export const ledgerMigrations: Migrations = {
  "0001-ledger": {
    async up(db: Kysely<unknown>) {
      const types = columnTypes(db);
      await db.schema
        .createTable("ledger")
        .addColumn("entry", types.integer, (column) => column.primaryKey())
        .execute();
    },
  },
};

export function ledger(db: unknown): Kysely<LedgerTables> {
  return db as Kysely<LedgerTables>;
}

const WRITERS = 20;

async function writeWithoutEnd(url: string): Promise<void> {
  const metadata = await openMetadata(url, ledgerMigrations);
  let entry = 0;
  async function writer(): Promise<void> {
    for (;;) {
      const mine = entry;
      entry += 1;
      await metadata.write((tx: Transaction) =>
        ledger(tx).insertInto("ledger").values({ entry: mine }).execute(),
      );
      writeSync(1, `${mine}\n`);
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

const [, program = "", url] = process.argv;
if (program.endsWith("metadata-ledger.ts") && url !== undefined) await writeWithoutEnd(url);
