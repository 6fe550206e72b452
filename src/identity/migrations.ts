import { columnTypes } from "../storage/metadata/columns.ts";
import type { Migrations } from "../storage/metadata/metadata.ts";

export const migrations: Migrations = {
  "0010-identity-accounts": {
    async up(db) {
      const { text, integer, bytes } = columnTypes(db);
      await db.schema
        .createTable("identity_accounts")
        .addColumn("account_id", text, (column) => column.primaryKey())
        .addColumn("created_at", integer, (column) => column.notNull())
        .execute();
      await db.schema
        .createTable("identity_access_keys")
        .addColumn("access_key_id", text, (column) => column.primaryKey())
        .addColumn("account_id", text, (column) =>
          column.notNull().references("identity_accounts.account_id"),
        )
        .addColumn("secret_access_key", text, (column) => column.notNull())
        .addColumn("origin", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex("identity_access_keys_by_account")
        .on("identity_access_keys")
        .columns(["account_id", "access_key_id"])
        .execute();
      await db.schema
        .createTable("identity_secrets")
        .addColumn("purpose", text, (column) => column.primaryKey())
        .addColumn("key", bytes, (column) => column.notNull())
        .execute();
    },
  },
};
