import { type Kysely, sql } from "kysely";
import { columnTypes } from "../../storage/metadata/columns.ts";
import type { Migrations } from "../../storage/metadata/metadata.ts";
import { lifecycleMigrations } from "./lifecycle/migrations.ts";

/** The columns are explained in tables.ts. */
export const migrations: Migrations = {
  "0080-s3": {
    async up(db: Kysely<unknown>): Promise<void> {
      const { text, integer } = columnTypes(db);

      await db.schema
        .createTable("s3_buckets")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("name", text, (column) => column.notNull().unique())
        .addColumn("account", text, (column) => column.notNull())
        .addColumn("region", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("versioning", text, (column) => column.notNull())
        .addColumn("settings", text, (column) => column.notNull())
        .addColumn("revision", integer, (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex("s3_buckets_account")
        .on("s3_buckets")
        .columns(["account", "name"])
        .execute();

      await db.schema
        .createTable("s3_versions")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("bucket_id", text, (column) => column.notNull())
        .addColumn("key", text, (column) => column.notNull())
        .addColumn("rank", integer, (column) => column.notNull())
        .addColumn("version_id", text, (column) => column.notNull())
        .addColumn("delete_marker", integer, (column) => column.notNull())
        .addColumn("listed", integer, (column) => column.notNull())
        .addColumn("size", integer, (column) => column.notNull())
        .addColumn("etag", text, (column) => column.notNull())
        .addColumn("blob_id", text)
        .addColumn("part_count", integer, (column) => column.notNull())
        .addColumn("storage_class", text, (column) => column.notNull())
        .addColumn("description", text, (column) => column.notNull())
        .addColumn("tags", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("noncurrent_since", integer)
        .addColumn("retention_mode", text, (column) => column.notNull())
        .addColumn("retain_until", integer)
        .addColumn("legal_hold", integer, (column) => column.notNull())
        .addColumn("restored_until", integer)
        .addForeignKeyConstraint("s3_versions_bucket", ["bucket_id"], "s3_buckets", ["id"])
        .execute();
      await db.schema
        .createIndex("s3_versions_order")
        .on("s3_versions")
        .columns(["bucket_id", "key", "rank"])
        .unique()
        .execute();
      // ListObjects walks this one: however many old versions and markers lie between two keys, it does not see them.
      await db.schema
        .createIndex("s3_versions_listed")
        .on("s3_versions")
        .columns(["bucket_id", "key"])
        .where(sql.ref("listed"), "=", sql.lit(1))
        .execute();

      await db.schema
        .createTable("s3_version_parts")
        .addColumn("version", text, (column) => column.notNull())
        .addColumn("part_number", integer, (column) => column.notNull())
        .addColumn("offset", integer, (column) => column.notNull())
        .addColumn("size", integer, (column) => column.notNull())
        .addColumn("blob_id", text, (column) => column.notNull())
        .addColumn("checksums", text, (column) => column.notNull())
        .addPrimaryKeyConstraint("s3_version_parts_key", ["version", "part_number"])
        .execute();

      await db.schema
        .createTable("s3_uploads")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("bucket_id", text, (column) => column.notNull())
        .addColumn("key", text, (column) => column.notNull())
        .addColumn("initiated_at", integer, (column) => column.notNull())
        .addColumn("storage_class", text, (column) => column.notNull())
        .addColumn("description", text, (column) => column.notNull())
        .addColumn("tags", text, (column) => column.notNull())
        .addColumn("retention_mode", text, (column) => column.notNull())
        .addColumn("retain_until", integer)
        .addColumn("legal_hold", integer, (column) => column.notNull())
        .addForeignKeyConstraint("s3_uploads_bucket", ["bucket_id"], "s3_buckets", ["id"])
        .execute();
      await db.schema
        .createIndex("s3_uploads_order")
        .on("s3_uploads")
        .columns(["bucket_id", "key", "initiated_at", "id"])
        .execute();

      await db.schema
        .createTable("s3_upload_parts")
        .addColumn("upload_id", text, (column) => column.notNull())
        .addColumn("part_number", integer, (column) => column.notNull())
        .addColumn("blob_id", text, (column) => column.notNull())
        .addColumn("size", integer, (column) => column.notNull())
        .addColumn("etag", text, (column) => column.notNull())
        .addColumn("checksums", text, (column) => column.notNull())
        .addColumn("updated_at", integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("s3_upload_parts_key", ["upload_id", "part_number"])
        .execute();
    },
  },
  ...lifecycleMigrations,
};
