import { type Kysely, sql } from "kysely";
import { columnTypes } from "../../../storage/metadata/columns.ts";
import type { Migrations } from "../../../storage/metadata/metadata.ts";
import "./tables.ts";

/** The columns are explained in tables.ts. */
export const lifecycleMigrations: Migrations = {
  "0082-s3-lifecycle": {
    async up(db: Kysely<unknown>): Promise<void> {
      const { text, integer } = columnTypes(db);
      await db.schema
        .createTable("s3_lifecycle_walks")
        .addColumn("bucket_id", text, (column) => column.primaryKey().notNull())
        .addColumn("started_at", integer, (column) => column.notNull())
        .addColumn("finished_at", integer)
        .addColumn("cursor", text, (column) => column.notNull())
        .execute();
      await db.schema
        .createTable("s3_archive_originals")
        .addColumn("version", text, (column) => column.notNull())
        .addColumn("restored_blob_id", text, (column) => column.notNull())
        .addColumn("archived_blob_id", text, (column) => column.notNull())
        .addPrimaryKeyConstraint("s3_archive_originals_key", ["version", "restored_blob_id"])
        .execute();
    },
  },
  "0084-s3-archives": {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createIndex("s3_versions_archived")
        .on("s3_versions")
        .column("id")
        .where(sql.ref("storage_class"), "in", [sql.lit("GLACIER"), sql.lit("DEEP_ARCHIVE")])
        .execute();
    },
  },
};
