import { columnTypes } from "../../storage/metadata/columns.ts";
import type { Migrations } from "../../storage/metadata/metadata.ts";

/** The columns are explained in tables.ts. */
export const migrations: Migrations = {
  "0082-kms": {
    async up(db) {
      const { text, integer, bytes } = columnTypes(db);

      await db.schema
        .createTable("kms_root")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("check_value", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .execute();

      await db.schema
        .createTable("kms_keys")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("account", text, (column) => column.notNull())
        .addColumn("region", text, (column) => column.notNull())
        .addColumn("description", text, (column) => column.notNull())
        .addColumn("spec", text, (column) => column.notNull())
        .addColumn("usage", text, (column) => column.notNull())
        .addColumn("state", text, (column) => column.notNull())
        .addColumn("manager", text, (column) => column.notNull())
        .addColumn("policy", text, (column) => column.notNull())
        .addColumn("resource_tags", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("deletion_at", integer)
        .addColumn("version", integer, (column) => column.notNull())
        .addColumn("public_key", bytes)
        .addColumn("rotation_enabled", integer, (column) => column.notNull())
        .addColumn("rotation_period_days", integer, (column) => column.notNull())
        .addColumn("rotation_at", integer)
        .execute();
      await db.schema
        .createIndex("kms_keys_account")
        .on("kms_keys")
        .columns(["account", "region", "id"])
        .execute();

      await db.schema
        .createTable("kms_materials")
        .addColumn("key_id", text, (column) => column.notNull())
        .addColumn("version", integer, (column) => column.notNull())
        .addColumn("material_id", text, (column) => column.notNull())
        .addColumn("sealed", bytes, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("rotation_type", text)
        .addPrimaryKeyConstraint("kms_materials_key", ["key_id", "version"])
        .execute();

      await db.schema
        .createTable("kms_aliases")
        .addColumn("account", text, (column) => column.notNull())
        .addColumn("region", text, (column) => column.notNull())
        .addColumn("name", text, (column) => column.notNull())
        .addColumn("key_id", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("updated_at", integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("kms_aliases_key", ["account", "region", "name"])
        .execute();
      await db.schema
        .createIndex("kms_aliases_target")
        .on("kms_aliases")
        .columns(["key_id", "name"])
        .execute();

      await db.schema
        .createTable("kms_grants")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("key_id", text, (column) => column.notNull())
        .addColumn("name", text)
        .addColumn("grantee", text, (column) => column.notNull())
        .addColumn("retiring_principal", text)
        .addColumn("issuing_account", text, (column) => column.notNull())
        .addColumn("operations", text, (column) => column.notNull())
        .addColumn("constraints", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex("kms_grants_key")
        .on("kms_grants")
        .columns(["key_id", "grantee", "id"])
        .execute();
      await db.schema
        .createIndex("kms_grants_retiring")
        .on("kms_grants")
        .columns(["retiring_principal", "id"])
        .execute();
    },
  },
};
