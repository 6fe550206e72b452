import { sql } from "kysely";
import { columnTypes } from "../storage/metadata/columns.ts";
import type { Migrations } from "../storage/metadata/metadata.ts";

export const migrations: Migrations = {
  "0020-jobs-queue": {
    async up(db) {
      const { text, integer } = columnTypes(db);
      await db.schema
        .createTable("jobs")
        .addColumn("id", text, (column) => column.primaryKey())
        .addColumn("kind", text, (column) => column.notNull())
        .addColumn("payload", text, (column) => column.notNull())
        .addColumn("state", text, (column) => column.notNull())
        .addColumn("due_at", integer)
        .addColumn("dedupe_key", text)
        .addColumn("attempts", integer, (column) => column.notNull())
        .addColumn("lease", text)
        .addColumn("error", text)
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("updated_at", integer, (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex("jobs_due")
        .on("jobs")
        .columns(["kind", "due_at"])
        .where("due_at", "is not", null)
        .execute();
      await db.schema
        .createIndex("jobs_waiting_key")
        .unique()
        .on("jobs")
        .columns(["kind", "dedupe_key"])
        .where(sql.ref("state"), "=", "waiting")
        .execute();
      await db.schema
        .createIndex("jobs_failed")
        .on("jobs")
        .column("updated_at")
        .where(sql.ref("state"), "=", "failed")
        .execute();
      await db.schema
        .createTable("job_schedules")
        .addColumn("name", text, (column) => column.primaryKey())
        .addColumn("schedule", text, (column) => column.notNull())
        .addColumn("due_at", integer)
        .execute();
    },
  },
  "0021-jobs-running-key": {
    async up(db) {
      await db.schema
        .createIndex("jobs_running_key")
        .on("jobs")
        .columns(["kind", "dedupe_key"])
        .where(sql.ref("state"), "=", "running")
        .where("dedupe_key", "is not", null)
        .execute();
    },
  },
};
