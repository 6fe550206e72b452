/**
 * Shosoin beside docker-registry and zot, in one run on one machine and one disk:
 *
 *     scripts/install-test-clients --bench && bun bench/registry.ts [transfer] [tags] [--json FILE]
 *
 * Only one is under load at a time. For transfers all run and their turns are interleaved, so that a slow minute of
 * the machine hits all alike; with many tags they run one after another. Every number is a median of the rounds.
 * Prints ratios: above 1 we are better.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runCommand } from "../test/command.ts";
import { temporaryFolder } from "../test/temporary-folder.ts";
import { type Contender, contenders, type RunningContender, settle, waitForAnswer } from "./contenders.ts";
import { LoadGenerator } from "./load.ts";
import { tagName } from "./many-images.ts";
import { formatTable, type Row, record, row } from "./table.ts";

const manyTags = 100_000;
const fewTags = 10;

/** Bytes, rounds, and operations a round at 1 and at 8 clients. */
const transfers = [
  { megabytes: 1, rounds: 5, operations: { 1: 30, 8: 120 } },
  { megabytes: 10, rounds: 5, operations: { 1: 10, 8: 40 } },
  { megabytes: 100, rounds: 3, operations: { 1: 3, 8: 8 } },
] as const;

/** How long a server may work for itself after a start with many images before it is measured anyway. */
const settleSeconds = 300;

/** How clients upload: docker, podman, skopeo and crane POST, PATCH, PUT; oras and regctl POST, PUT. */
const flows = { patch: "POST+PATCH+PUT", single: "POST+PUT" } as const;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" } },
});
// Ended from outside, it still ends its servers (background-process.ts listens for "exit").
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const folder = temporaryFolder("bench");
const load = await LoadGenerator.build(folder.path);
const all = contenders();
const rows: Row[] = [];

try {
  if (positionals.length === 0 || positionals.includes("transfer")) await measureTransfers();
  if (positionals.length === 0 || positionals.includes("tags")) await measureManyTags();
} finally {
  folder.remove();
}
report();

async function measureTransfers(): Promise<void> {
  for (const { megabytes, rounds, operations } of transfers) {
    for (const [flow, requests] of Object.entries(flows)) {
      const running = await startAll(`transfer-${megabytes}-${flow}`);
      for (const clients of [1, 8] as const) {
        const pushes = row(`push ${megabytes} MB, ${clients} at once, ${requests}`, "MB/s", "more");
        const pulls = row(`pull ${megabytes} MB, ${clients} at once`, "MB/s", "more");
        for (let round = 0; round < rounds; round++) {
          for (const contender of turn(all, round)) {
            const target = running.get(contender);
            if (!target) continue;
            const options = {
              ...{ size: megabytes * 1_000_000, clients, operations: operations[clients] },
              ...{ flow, run: `c${clients}r${round}` },
            };
            const pushed = await load.run(target, "push", options);
            record(pushes, contender.name, pushed.bytes / 1e6 / pushed.seconds);
            // What one left to be written must not slow the next one's syncs.
            await runCommand("sync", []);
            // The way up does not matter to the way down: once is enough.
            if (flow !== "patch") continue;
            const pulled = await load.run(target, "pull", options);
            record(pulls, contender.name, pulled.bytes / 1e6 / pulled.seconds);
          }
        }
        const measured = flow === "patch" ? [pushes, pulls] : [pushes];
        rows.push(...measured);
        say(...measured);
      }
      await stopAll(running);
    }
  }
}

async function measureManyTags(): Promise<void> {
  // Syncing makes no difference to reads: zot once is enough.
  const readers = all.filter((contender) => contender.name !== "zot");
  const pushes = row("push of an image without new layers, 32 at once", "images/s", "more");
  const gets = [1, 8].flatMap((clients) =>
    [
      { repository: "few", tags: fewTags },
      { repository: "many", tags: manyTags },
    ].map((target) => ({
      ...{ ...target, clients },
      rates: row(`manifest GET by tag, ${target.tags} tags, ${clients} at once`, "1/s", "more"),
      times: row(`manifest GET by tag, ${target.tags} tags, ${clients} at once, median`, "ms", "less"),
    })),
  );
  const pages = row("page of 1,000 of 100,000 tags, median", "ms", "less");
  const starts = row("start with 100,000 images until the first manifest", "s", "less");
  rows.push(pushes, ...gets.flatMap(({ rates, times }) => [rates, times]), pages, starts);

  // One after another, the others stopped: with so many images some work for themselves for minutes.
  for (const contender of readers) {
    const data = dataFolder("tags", contender);
    contender.writeImages?.(data, "few", fewTags);
    contender.writeImages?.(data, "many", manyTags);
    let target = await contender.start(data);
    const { authorization } = target;
    if (!contender.writeImages) {
      await load.run(target, "fill", { repository: "few", tags: fewTags });
      const filled = await load.run(target, "fill", { repository: "many", tags: manyTags, clients: 32 });
      record(pushes, contender.name, filled.operations / filled.seconds);
    }
    await runCommand("sync", []);
    const seconds = await settle(target, settleSeconds);
    process.stderr.write(`${contender.name} works for itself for ${seconds.toFixed(0)} s after its start\n`);

    for (let round = 0; round < 5; round++) {
      for (const { repository, tags, clients, rates, times } of turn(gets, round)) {
        const result = await load.run(target, "manifests", { repository, tags, clients, seconds: 1 });
        record(rates, contender.name, result.operations / result.seconds);
        record(times, contender.name, result.p50);
      }
      const path = `/v2/many/tags/list?n=1000&last=${tagName(manyTags / 2)}`;
      record(pages, contender.name, (await load.run(target, "get", { path, operations: 20 })).p50);
    }
    for (let round = 0; round < 3; round++) {
      await target.stop();
      const began = performance.now();
      target = await contender.start(data, authorization);
      const url = `${target.url}/v2/many/manifests/${tagName(manyTags / 2)}`;
      await waitForAnswer(url, authorization);
      record(starts, contender.name, (performance.now() - began) / 1000);
    }
    await target.stop();
    say(pushes, ...gets.map(({ times }) => times), pages, starts);
  }
}

/** The order of one round: everybody is first once. */
function turn<Item>(items: readonly Item[], round: number): readonly Item[] {
  const first = round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

function dataFolder(purpose: string, contender: Contender): string {
  const path = join(folder.path, purpose, contender.name.replaceAll(/\W/g, "-"), "data");
  mkdirSync(path, { recursive: true });
  return path;
}

async function startAll(purpose: string): Promise<Map<Contender, RunningContender>> {
  const running = new Map<Contender, RunningContender>();
  for (const contender of all) running.set(contender, await contender.start(dataFolder(purpose, contender)));
  return running;
}

async function stopAll(running: Map<Contender, RunningContender>): Promise<void> {
  for (const target of running.values()) await target.stop();
}

function say(...measured: readonly Row[]): void {
  process.stderr.write(
    `${formatTable(
      measured,
      all.map((contender) => contender.name),
    )}\n`,
  );
}

function report(): void {
  const names = all.map((contender) => contender.name);
  const machine = `${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${arch()}, kernel ${release()}`;
  console.log(`\n${machine}\n`);
  for (const contender of all) console.log(`- ${contender.name}: ${contender.terms}`);
  console.log(`\n${formatTable(rows, names)}`);
  if (flags.json !== undefined) {
    const measurements = rows.map((each) => ({ ...each, values: Object.fromEntries(each.values) }));
    writeFileSync(flags.json, `${JSON.stringify({ machine, measurements }, null, 2)}\n`);
  }
}
