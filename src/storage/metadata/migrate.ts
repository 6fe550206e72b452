import { type Kysely, Migrator, type MigratorProps } from "kysely";
import { DatabaseTooNew } from "./errors.ts";
import type { Migrations } from "./metadata.ts";

const TABLE = "shosoin_migrations";
const LOCK_TABLE = "shosoin_migration_lock";

/**
 * Brings the database to this program's schema. Rooms number their migrations apart, so a later version may
 * bring `0011` after `0050` ran: each runs once, in the order of names among those that are missing.
 * Throws DatabaseTooNew when the database has migrations that this program does not know.
 */
export async function migrate(db: Kysely<unknown>, migrations: Migrations): Promise<void> {
  const options: MigratorProps = {
    // Each Kysely carries the type of its tables; the Migrator looks at none.
    db: db as MigratorProps["db"],
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: TABLE,
    migrationLockTableName: LOCK_TABLE,
    allowUnorderedMigrations: true,
  };
  await refuseNewerDatabase(db, migrations);
  const { error, results } = await new Migrator(options).migrateToLatest();
  if (error === undefined) return;
  // Another, newer server may have migrated while this one waited for the lock.
  await refuseNewerDatabase(db, migrations);
  const failed = results?.find((result) => result.status === "Error");
  throw failed
    ? new Error(`migration ${failed.migrationName} failed: ${String(error)}`, { cause: error })
    : error;
}

async function refuseNewerDatabase(db: Kysely<unknown>, migrations: Migrations): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === TABLE)) return;
  const rows = await (db as Kysely<{ [TABLE]: { name: string } }>).selectFrom(TABLE).select("name").execute();
  const unknown = rows.map((row) => row.name).filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length === 0) return;
  throw new DatabaseTooNew(
    `the metadata database was migrated by a newer version of Shosoin (${unknown.join(", ")}): start that version`,
  );
}
