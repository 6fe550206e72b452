import { expect, test } from "bun:test";
import { type Kysely, sql } from "kysely";
import { Client } from "pg";
import { columnTypes } from "../../src/storage/metadata/columns.ts";
import { DatabaseTooNew, MetadataUnavailable } from "../../src/storage/metadata/errors.ts";
import type { Migrations } from "../../src/storage/metadata/metadata.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { describeOnEachDatabase } from "./databases.ts";
import { migrations, namesIn, openedMetadata, put } from "./metadata-things.ts";

describeOnEachDatabase("opening the metadata", (databases) => {
  const { open, opened } = openedMetadata(databases);

  test("servers that start at once on a new database all come up, migrated once", async () => {
    const url = await databases.fresh();
    const servers = await Promise.all(Array.from({ length: 4 }, () => open(url)));
    for (const [index, server] of servers.entries()) await server.write((tx) => put(tx, `n${index}`));
    expect(await namesIn(await open(url))).toEqual(["n0", "n1", "n2", "n3"]);
  });

  test("a migration that a later version brings runs on the old data, whatever its number", async () => {
    const url = await databases.fresh();
    const old = await open(url);
    await old.write((tx) => put(tx, "a"));
    const added: Migrations = {
      ...migrations,
      "0001-b-size": {
        up: (db: Kysely<unknown>) =>
          db.schema
            .alterTable("things")
            .addColumn("size", columnTypes(db).integer, (column) => column.notNull().defaultTo(5))
            .execute(),
      },
    };
    const newer = await openMetadata(url, added);
    opened.push(newer);
    const rows = await sql<{ size: number }>`select size from things`.execute(newer.reader);
    expect(rows.rows).toEqual([{ size: 5 }]);
  });

  test("a migration that fails leaves the database as it was", async () => {
    const url = await databases.fresh();
    const failing: Migrations = {
      ...migrations,
      "0003-broken": {
        async up(db: Kysely<unknown>) {
          await db.schema.createTable("half").addColumn("a", columnTypes(db).text).execute();
          throw new Error("broken");
        },
      },
    };
    await expect(openMetadata(url, failing)).rejects.toThrow(/0003-broken.*broken/);
    const metadata = await open(url);
    await expect(sql`select * from half`.execute(metadata.reader)).rejects.toThrow(/half/);
  });

  test("a database of a newer version is refused, and says so", async () => {
    const url = await databases.fresh();
    await open(url);
    const older = { "0001-things": migrations["0001-things"] } as Migrations;
    const refusal = await openMetadata(url, older).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DatabaseTooNew);
    expect(String(refusal)).toContain("0002-parts");
  });

  if (databases.kind === "postgres") {
    test("a database in another encoding than UTF-8 is refused", async () => {
      const url = await databases.fresh();
      const metadata = await open(url);
      await metadata.close();
      opened.pop();
      const other = new URL(url);
      const administrator = new Client({ connectionString: url });
      await administrator.connect();
      await administrator.query(
        "create database latin encoding 'LATIN1' locale_provider libc locale 'C' template template0",
      );
      await administrator.end();
      other.pathname = "/latin";
      await expect(openMetadata(other.href, migrations)).rejects.toThrow(/LATIN1, UTF8 is needed/);
    });

    test("an unreachable database is named with its place, without its password", async () => {
      const url = "postgres://shosoin:hunter2@127.0.0.1:9/shosoin";
      const refusal = await openMetadata(url, migrations).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(MetadataUnavailable);
      expect(String(refusal)).toContain("127.0.0.1:9/shosoin");
      expect(String(refusal)).not.toContain("hunter2");
    });
  }
});
