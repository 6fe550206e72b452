import { sql } from "kysely";
import { columnTypes } from "../storage/metadata/columns.ts";
import type { Migrations } from "../storage/metadata/metadata.ts";

export const migrations: Migrations = {
  "0030-events-outbox": {
    async up(db) {
      const { text, integer, counter } = columnTypes(db);
      await db.schema
        .createTable("events")
        .addColumn("sequence", counter)
        .addColumn("position", integer)
        .addColumn("id", text, (column) => column.notNull())
        .addColumn("source", text, (column) => column.notNull())
        .addColumn("detail_type", text, (column) => column.notNull())
        .addColumn("account", text, (column) => column.notNull())
        .addColumn("region", text, (column) => column.notNull())
        .addColumn("time", integer, (column) => column.notNull())
        .addColumn("resources", text, (column) => column.notNull())
        .addColumn("detail", text, (column) => column.notNull())
        .addColumn("recorded_at", integer, (column) => column.notNull())
        .execute();
      await db.schema.createIndex("events_by_position").unique().on("events").column("position").execute();
      await db.schema
        .createIndex("events_not_numbered")
        .on("events")
        .column("sequence")
        .where(sql.ref("position"), "is", null)
        .execute();
      await db.schema.createIndex("events_by_age").on("events").column("recorded_at").execute();
      await db.schema
        .createTable("event_numbering")
        .addColumn("id", integer, (column) => column.primaryKey())
        .addColumn("last_position", integer, (column) => column.notNull())
        .execute();
      await sql`insert into event_numbering (id, last_position) values (1, 0)`.execute(db);
    },
  },
};
