import { type Kysely, sql } from "kysely";
import { columnTypes } from "../metadata/columns.ts";
import type { Migrations } from "../metadata/metadata.ts";

/** The columns are explained in tables.ts. */
export const migrations: Migrations = {
  "0040-blobs": {
    async up(db: Kysely<unknown>): Promise<void> {
      const { text, integer } = columnTypes(db);

      await db.schema
        .createTable("blobs")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("scope", text, (column) => column.notNull())
        .addColumn("sha256", text, (column) => column.notNull())
        .addColumn("size", integer, (column) => column.notNull())
        .addColumn("storage_class", text, (column) => column.notNull())
        .addColumn("location", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex("blobs_identity")
        .on("blobs")
        .columns(["scope", "sha256"])
        .unique()
        .execute();

      await db.schema
        .createTable("blob_uploads")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("owner", text, (column) => column.notNull())
        .addColumn("size", integer, (column) => column.notNull())
        .addColumn("state", text, (column) => column.notNull())
        .addColumn("algorithms", text, (column) => column.notNull())
        .addColumn("claim", text, (column) => column.notNull())
        .addColumn("claimed_until", integer, (column) => column.notNull())
        .addColumn("updated_at", integer, (column) => column.notNull())
        .execute();
      await db.schema.createIndex("blob_uploads_age").on("blob_uploads").columns(["updated_at"]).execute();

      await db.schema
        .createTable("blob_references")
        .addColumn("blob_id", text, (column) => column.notNull())
        .addColumn("referrer", text, (column) => column.notNull())
        .addPrimaryKeyConstraint("blob_references_key", ["blob_id", "referrer"])
        .addForeignKeyConstraint("blob_references_blob", ["blob_id"], "blobs", ["id"])
        .execute();

      await db.schema
        .createTable("blob_reviews")
        .addColumn("blob_id", text, (column) => column.primaryKey().notNull())
        .addColumn("review_after", integer, (column) => column.notNull())
        .execute();
      await db.schema.createIndex("blob_reviews_due").on("blob_reviews").columns(["review_after"]).execute();

      await db.schema
        .createTable("blob_removals")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .execute();
    },
  },

  "0041-blob-encryption": {
    async up(db: Kysely<unknown>): Promise<void> {
      const { text, integer, bytes } = columnTypes(db);
      const addText = (table: string, name: string, value: string) =>
        db.schema
          .alterTable(table)
          .addColumn(name, text, (column) => column.notNull().defaultTo(value))
          .execute();
      const addInteger = (table: string, name: string) =>
        db.schema
          .alterTable(table)
          .addColumn(name, integer, (column) => column.notNull().defaultTo(0))
          .execute();

      for (const table of ["blobs", "blob_uploads"]) {
        await addText(table, "sealed_key", "");
        await addText(table, "extents", "");
        await addInteger(table, "stored_size");
        await sql`update ${sql.table(table)} set stored_size = size`.execute(db);
      }
      await db.schema.alterTable("blobs").addColumn("stored_id", text).execute();
      await addInteger("blobs", "damaged_at");
      await addText("blob_uploads", "scope", "none");
      await addText("blob_uploads", "storage_class", "hot");
      await addText("blob_removals", "storage_class", "hot");

      // By the digest first: what is damaged is looked for under other keys and in the other tier.
      await db.schema.dropIndex("blobs_identity").execute();
      await db.schema
        .createIndex("blobs_identity")
        .on("blobs")
        .columns(["sha256", "scope", "storage_class"])
        .unique()
        .execute();
      await db.schema
        .createIndex("blobs_healed")
        .on("blobs")
        .columns(["stored_id"])
        .where("stored_id", "is not", null)
        .execute();
      await db.schema
        .createIndex("blobs_damaged")
        .on("blobs")
        .columns(["damaged_at"])
        .where("damaged_at", ">", 0)
        .execute();

      await db.schema
        .createTable("blob_contents")
        .addColumn("blob_id", text, (column) => column.primaryKey().notNull())
        .addColumn("content", bytes, (column) => column.notNull())
        .execute();
    },
  },

  "0042-blob-scrubs": {
    async up(db: Kysely<unknown>): Promise<void> {
      const { text, integer } = columnTypes(db);
      let table = db.schema
        .createTable("blob_scrubs")
        .addColumn("name", text, (column) => column.primaryKey().notNull())
        .addColumn("cursor", text, (column) => column.notNull());
      for (const name of [
        ...["started_at", "finished_at"],
        ...["blobs", "bytes", "intact", "skipped", "damaged", "repaired"],
      ])
        table = table.addColumn(name, integer, (column) => column.notNull());
      await table.execute();
      await db.schema
        .alterTable("blobs")
        .addColumn("damage", text, (column) => column.notNull().defaultTo(""))
        .execute();
    },
  },

  "0043-blob-fingerprints": {
    async up(db: Kysely<unknown>): Promise<void> {
      const { text } = columnTypes(db);
      await db.schema
        .createTable("blob_fingerprints")
        .addColumn("blob_id", text, (column) => column.primaryKey().notNull())
        .addColumn("stored_id", text, (column) => column.notNull())
        .addColumn("sha256", text, (column) => column.notNull())
        .execute();
    },
  },
};
