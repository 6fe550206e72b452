import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { StorageFull } from "../blobs/errors.ts";
import { MetadataUnavailable, TransactionEnded } from "./errors.ts";
import type { Transaction } from "./metadata.ts";
import { afterCommit, TransactionScope } from "./session.ts";
import { durableLog } from "./sqlite.ts";
import { connectSqlite, runOn, SQLITE_DIALECT } from "./sqlite-connection.ts";
import { openSqlite, type SqliteConnection } from "./sqlite-driver.ts";
import { SqliteWriter } from "./sqlite-writer.ts";

let folder = "";
let path = "";
let writing: SqliteConnection;
let reading: SqliteConnection;
let writer: SqliteWriter;
let log: ReturnType<typeof durableLog>;
/** What the next syncs do; the real one when empty. */
let syncs: (() => Promise<void>)[] = [];
let synced = 0;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "shosoin-writer-"));
  path = join(folder, "metadata.db");
  writing = await connectSqlite(path);
  writing.execute("create table things (name text primary key, content blob)");
  reading = await connectSqlite(path);
  log = durableLog(path, reading);
  syncs = [];
  synced = 0;
  writer = new SqliteWriter(writing, {
    ...log,
    sync: () => {
      synced += 1;
      return syncs.shift()?.() ?? log.sync();
    },
  });
});

afterEach(() => {
  reading.close();
  writing.close();
  log.close();
  rmSync(folder, { recursive: true, force: true });
});

function put(tx: Transaction, name: string, bytes = 0): Promise<unknown> {
  return sql`insert into things (name, content) values (${name}, zeroblob(${bytes}))`.execute(tx);
}

function names(): unknown[] {
  return reading.execute("select name from things order by name").rows.map((row) => row["name"]);
}

test("writes that wait together share one sync", async () => {
  await Promise.all(Array.from({ length: 100 }, (_, index) => writer.write((tx) => put(tx, `n${index}`))));
  // One, unless the group took its time on a busy machine.
  expect(synced).toBeLessThan(20);
  expect(names()).toHaveLength(100);
});

test("nobody hears of a write, and no reader sees it, before it is synced", async () => {
  const sync = Promise.withResolvers<void>();
  syncs = [() => sync.promise];
  const heard: string[] = [];
  const write = writer.write(async (tx) => {
    afterCommit(tx, () => heard.push("afterCommit"));
    await put(tx, "a");
  });
  const refused = writer.write(async () => {
    throw new Error("refused");
  });
  void write.then(() => heard.push("resolved"));
  refused.catch(() => heard.push("rejected"));
  await sleep(20);
  expect(heard).toEqual([]);
  expect(names()).toEqual([]);
  sync.resolve();
  await write;
  await refused.catch(() => undefined);
  expect(heard.sort()).toEqual(["afterCommit", "rejected", "resolved"]);
  expect(names()).toEqual(["a"]);
});

test("after a failed sync every write is refused and readers stay at the last durable state", async () => {
  await writer.write((tx) => put(tx, "durable"));
  syncs = [() => Promise.reject(new Error("EIO"))];
  await expect(writer.write((tx) => put(tx, "lost"))).rejects.toBeInstanceOf(MetadataUnavailable);
  await expect(writer.write((tx) => put(tx, "later"))).rejects.toBeInstanceOf(MetadataUnavailable);
  expect(names()).toEqual(["durable"]);
});

test("on a full disk what fits is written, the rest is refused, and it works again with room", async () => {
  // SQLite's own limit makes the same error as a disk without room.
  writing.execute("pragma max_page_count = 20");
  const outcomes = await Promise.allSettled([
    writer.write((tx) => put(tx, "a")),
    writer.write((tx) => put(tx, "huge", 200_000)),
    writer.write((tx) => put(tx, "b")),
  ]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: expect.any(StorageFull) });
  expect(names()).toEqual(["a", "b"]);
  await writer.write((tx) => sql`delete from things where name = 'a'`.execute(tx));
  writing.execute("pragma max_page_count = 100000");
  await writer.write((tx) => put(tx, "huge", 200_000));
  expect(names()).toEqual(["b", "huge"]);
});

test("the reserve is given up, once, before a write is refused", async () => {
  writing.execute("pragma max_page_count = 20");
  let released = 0;
  const reserve = {
    release() {
      if (released > 0) return false;
      released += 1;
      writing.execute("pragma max_page_count = 30");
      return true;
    },
    renew: () => undefined,
    settled: async () => undefined,
  };
  const saving = new SqliteWriter(writing, log, reserve);
  // Larger than the page cache, so that the disk is found full in the middle, too.
  writing.execute("pragma cache_size = 5");
  await saving.write((tx) => put(tx, "a", 90_000));
  expect(released).toBe(1);
  await expect(saving.write((tx) => put(tx, "b", 90_000))).rejects.toBeInstanceOf(StorageFull);
  await saving.write((tx) => sql`delete from things where name = 'a'`.execute(tx));
  await saving.write((tx) => put(tx, "c", 80_000));
  expect(names()).toEqual(["c"]);
});

test("a write whose transaction the database gave up leaves its neighbours whole", async () => {
  writing.execute("pragma max_page_count = 20");
  // Larger than the page cache: the disk is found full in the middle of the work, not at the commit.
  writing.execute("pragma cache_size = 5");
  const outcomes = await Promise.allSettled(
    ["a", "b", "c", "d"].map((name) =>
      writer.write(async (tx) => {
        await put(tx, name);
        if (name === "c") for (let part = 0; part < 40; part += 1) await put(tx, `c${part}`, 4000);
      }),
    ),
  );
  expect(outcomes.map((outcome) => outcome.status)).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect(names()).toEqual(["a", "b", "d"]);
});

test("while another process holds the write lock, writes wait and the event loop goes on", async () => {
  const other = await openSqlite(path);
  other.execute("begin immediate");
  other.execute("insert into things (name) values ('other')");
  let settled = false;
  const write = writer
    .write((tx) => put(tx, "mine"))
    .finally(() => {
      settled = true;
    });
  for (let turn = 0; turn < 20; turn += 1) await sleep(1);
  expect(settled).toBe(false);
  other.execute("commit");
  other.close();
  await write;
  expect(names()).toEqual(["mine", "other"]);
});

test("the log stays small under steady writing, also after a reader that looked for long", async () => {
  const megabytes = () => statSync(`${path}-wal`).size / 1e6;
  async function write(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) await writer.write((tx) => put(tx, `${synced}`, 500_000));
  }
  await write(60);
  expect(megabytes()).toBeLessThan(15);
  const other = await openSqlite(path);
  other.execute("begin");
  other.execute("select name from things");
  await write(40);
  const grown = megabytes();
  other.execute("commit");
  other.close();
  await write(60);
  expect(grown).toBeGreaterThan(15);
  expect(megabytes()).toBeLessThan(grown + 6);
});

test("a transaction that waits for something else is given up", async () => {
  const scope = new TransactionScope(SQLITE_DIALECT, runOn(writing));
  const never = new Promise<void>(() => undefined);
  await expect(scope.run(() => never, 5)).rejects.toBeInstanceOf(TransactionEnded);
  await expect(put(scope.transaction, "late")).rejects.toThrow(/ran longer than 5 ms/);
});

test("only the server's user can read the file", async () => {
  const { openSqliteMetadata } = await import("./sqlite.ts");
  const file = join(folder, "inner", "metadata.db");
  const metadata = await openSqliteMetadata(file, {});
  await metadata.close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "inner")).mode & 0o777).toBe(0o700);
});
