import { type Kysely, SqliteAdapter, sql } from "kysely";
import { columnTypes } from "../../storage/metadata/columns.ts";
import type { Migrations } from "../../storage/metadata/metadata.ts";

export const migrations: Migrations = {
  "0050-ecr-registry": {
    async up(db) {
      const { text, integer, bytes } = columnTypes(db);
      const keyedTable = storedByKey(db);

      await db.schema
        .createTable("ecr_repositories")
        .addColumn("id", text, (column) => column.primaryKey())
        .addColumn("account", text, (column) => column.notNull())
        .addColumn("region", text, (column) => column.notNull())
        .addColumn("name", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("tag_mutability", text, (column) => column.notNull())
        .addColumn("mutability_exclusions", text, (column) => column.notNull())
        .addColumn("encryption_type", text, (column) => column.notNull())
        .addColumn("resource_tags", text, (column) => column.notNull())
        .addColumn("policy", text)
        .addUniqueConstraint("ecr_repositories_name", ["account", "region", "name"])
        .execute();

      await db.schema
        .createTable("ecr_registries")
        .addColumn("account", text, (column) => column.notNull())
        .addColumn("region", text, (column) => column.notNull())
        .addColumn("policy", text)
        .addColumn("blob_mounting", text)
        .addPrimaryKeyConstraint("ecr_registries_key", ["account", "region"])
        .modifyEnd(keyedTable)
        .execute();

      await db.schema
        .createTable("ecr_images")
        .addColumn("repository_id", text, (column) => column.notNull())
        .addColumn("digest", text, (column) => column.notNull())
        .addColumn("media_type", text, (column) => column.notNull())
        .addColumn("manifest", bytes, (column) => column.notNull())
        .addColumn("manifest_size", integer, (column) => column.notNull())
        .addColumn("tagged", integer, (column) => column.notNull())
        .addColumn("artifact_type", text)
        .addColumn("subject_digest", text)
        .addColumn("annotations", text)
        .addColumn("image_size", integer, (column) => column.notNull())
        .addColumn("pushed_at", integer, (column) => column.notNull())
        .addColumn("last_pulled_at", integer)
        .addPrimaryKeyConstraint("ecr_images_key", ["repository_id", "digest"])
        .execute();
      await db.schema
        .createIndex("ecr_images_tagged")
        .on("ecr_images")
        .columns(["repository_id", "tagged", "digest"])
        .execute();
      await db.schema
        .createIndex("ecr_images_subject")
        .on("ecr_images")
        .columns(["repository_id", "subject_digest", "digest"])
        .execute();
      await db.schema
        .createIndex("ecr_images_subject_type")
        .on("ecr_images")
        .columns(["repository_id", "subject_digest", "artifact_type", "digest"])
        .execute();

      await db.schema
        .createTable("ecr_tags")
        .addColumn("repository_id", text, (column) => column.notNull())
        .addColumn("tag", text, (column) => column.notNull())
        .addColumn("digest", text, (column) => column.notNull())
        .addPrimaryKeyConstraint("ecr_tags_key", ["repository_id", "tag"])
        .modifyEnd(keyedTable)
        .execute();
      await db.schema
        .createIndex("ecr_tags_digest")
        .on("ecr_tags")
        .columns(["repository_id", "digest", "tag"])
        .execute();

      await db.schema
        .createTable("ecr_image_layers")
        .addColumn("repository_id", text, (column) => column.notNull())
        .addColumn("image_digest", text, (column) => column.notNull())
        .addColumn("layer_digest", text, (column) => column.notNull())
        .addPrimaryKeyConstraint("ecr_image_layers_key", ["repository_id", "image_digest", "layer_digest"])
        .modifyEnd(keyedTable)
        .execute();
      await db.schema
        .createIndex("ecr_image_layers_layer")
        .on("ecr_image_layers")
        .columns(["repository_id", "layer_digest", "image_digest"])
        .execute();

      await db.schema
        .createTable("ecr_image_children")
        .addColumn("repository_id", text, (column) => column.notNull())
        .addColumn("image_digest", text, (column) => column.notNull())
        .addColumn("child_digest", text, (column) => column.notNull())
        .addPrimaryKeyConstraint("ecr_image_children_key", ["repository_id", "image_digest", "child_digest"])
        .modifyEnd(keyedTable)
        .execute();
      await db.schema
        .createIndex("ecr_image_children_child")
        .on("ecr_image_children")
        .columns(["repository_id", "child_digest", "image_digest"])
        .execute();

      await db.schema
        .createTable("ecr_layers")
        .addColumn("repository_id", text, (column) => column.notNull())
        .addColumn("digest", text, (column) => column.notNull())
        .addColumn("blob_id", text, (column) => column.notNull())
        .addColumn("size", integer, (column) => column.notNull())
        .addColumn("media_type", text)
        .addColumn("review_at", integer)
        .addPrimaryKeyConstraint("ecr_layers_key", ["repository_id", "digest"])
        .modifyEnd(keyedTable)
        .execute();
      await db.schema
        .createIndex("ecr_layers_digest")
        .on("ecr_layers")
        .columns(["digest", "repository_id"])
        .execute();
      await db.schema
        .createIndex("ecr_layers_review")
        .on("ecr_layers")
        .columns(["review_at"])
        .where("review_at", "is not", null)
        .execute();

      await db.schema
        .createTable("ecr_part_uploads")
        .addColumn("upload_id", text, (column) => column.primaryKey())
        .addColumn("repository_id", text, (column) => column.notNull())
        .addColumn("started_at", integer, (column) => column.notNull())
        .addColumn("parts", integer, (column) => column.notNull())
        .addColumn("small_part_end", integer)
        .execute();
      await db.schema
        .createIndex("ecr_part_uploads_started")
        .on("ecr_part_uploads")
        .columns(["started_at"])
        .execute();
    },
  },
  "0051-ecr-conversions": {
    async up(db) {
      const { text } = columnTypes(db);
      await db.schema
        .createTable("ecr_conversions")
        .addColumn("repository_id", text, (column) => column.notNull())
        .addColumn("digest", text, (column) => column.notNull())
        .addColumn("image_digest", text, (column) => column.notNull())
        .addColumn("media_type", text, (column) => column.notNull())
        .addPrimaryKeyConstraint("ecr_conversions_key", ["repository_id", "digest"])
        .modifyEnd(storedByKey(db))
        .execute();
      await db.schema
        .createIndex("ecr_conversions_image")
        .on("ecr_conversions")
        .columns(["repository_id", "image_digest"])
        .execute();
    },
  },
  "0083-ecr-kms-keys": {
    async up(db) {
      await db.schema.alterTable("ecr_repositories").addColumn("kms_key", columnTypes(db).text).execute();
    },
  },
};

/** Rows that are little more than their key lie in the key's own tree: SQLite keeps a second copy otherwise. */
function storedByKey(db: Kysely<unknown>) {
  return db.getExecutor().adapter instanceof SqliteAdapter ? sql`without rowid` : sql``;
}
