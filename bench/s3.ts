/**
 * Shosoin's buckets beside versitygw and s3rver, in one run on one machine:
 *
 *     scripts/install-test-clients --bench && bun bench/s3.ts [objects] [list] [memory] [--quick] [--json FILE]
 *
 * Requests are signed and sent over connections that stay open, by the same few lines for all (s3-requests.ts); turns are interleaved and
 * every number is a median of the rounds. Prints ratios: above 1 we are better. `--quick` proves that it runs.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { temporaryFolder } from "../test/temporary-folder.ts";
import { type RunningS3, s3Contenders } from "./s3-contenders.ts";
import { call, endConnections, unlike } from "./s3-requests.ts";
import { formatTable, type Row, record, row } from "./table.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" }, quick: { type: "boolean", default: false } },
});
const rounds = flags.quick ? 1 : 3;
const seconds = flags.quick ? 1 : 5;
const manyKeys = flags.quick ? 2_000 : 1_000_000;
const largeUpload = flags.quick ? 64 * 2 ** 20 : 10 * 10 ** 9;
const partSize = 16 * 2 ** 20;
/** Peers hold as many keys as they take in this time: fewer are easier to list. */
const fillSeconds = flags.quick ? 20 : 240;
const fillClients = 64;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const folder = temporaryFolder("bench");
const all = s3Contenders();
const rows: Row[] = [];
const running = new Map<string, RunningS3>();
const wanted = (part: string) => positionals.length === 0 || positionals.includes(part);

try {
  if (wanted("objects")) await measureObjects();
  if (wanted("list")) await besideEachOther("list", measureLists);
  if (wanted("memory")) await measureMemory();
} finally {
  endConnections();
  folder.remove();
}
report();

/** All contenders with empty folders, which are removed when `measure` is done: what they hold together is a disk full. */
async function besideEachOther(name: string, measure: () => Promise<void>): Promise<void> {
  try {
    for (const contender of all) {
      const data = join(folder.path, `${contender.name}-${name}`);
      mkdirSync(data, { recursive: true });
      running.set(contender.name, await contender.start(data));
    }
    await measure();
  } finally {
    for (const target of running.values()) await target.stop();
    running.clear();
    for (const contender of all)
      rmSync(join(folder.path, `${contender.name}-${name}`), { recursive: true, force: true });
  }
}

async function measureObjects(): Promise<void> {
  for (const [name, size] of [
    ["4 KiB", 4 * 1024],
    ["1 MiB", 2 ** 20],
    ["100 MiB", 100 * 2 ** 20],
  ] as const)
    await besideEachOther(name, () => measureSize(name, size));
}

async function measureSize(name: string, size: number): Promise<void> {
  const [unit, weight] = size < 2 ** 20 ? (["1/s", 1] as const) : (["MiB/s", size / 2 ** 20] as const);
  // Contents differ: what holds equal bytes once only would have an advantage that builds do not give it.
  const content = randomBytes(size);
  let number = 0;
  const putInto = (target: RunningS3) => () => {
    const at = number++;
    return call(target, "PUT", `object-${at}`, unlike(at, content));
  };
  // Some of them compile while they run.
  for (const target of running.values()) await rate(1, putInto(target));
  for (const clients of [1, 16]) {
    const puts = row(`PUT ${name}, ${clients} at once`, unit, "more");
    const gets = row(`GET ${name}, ${clients} at once`, unit, "more");
    for (let round = 0; round < rounds; round++) {
      for (const [contender, target] of turn(round)) {
        await call(target, "PUT", "read", unlike(number++, content));
        record(puts, contender, (await rate(clients, putInto(target))) * weight);
        const get = () => call(target, "GET", "read");
        record(gets, contender, (await rate(clients, get)) * weight);
      }
    }
    rows.push(puts, gets);
    say(puts, gets);
  }
}

async function measureLists(): Promise<void> {
  const held = new Map<string, number>();
  for (const [contender, target] of running)
    held.set(contender, await fill(target, contender === "Shosoin" ? Number.POSITIVE_INFINITY : fillSeconds));
  console.log(`Keys: ${[...held].map(([name, count]) => `${name} ${count}`).join(", ")}`);
  const middle = keyName(Math.floor(manyKeys / 2));
  for (const [what, query] of [
    ["first 1,000 keys", "list-type=2"],
    ["1,000 keys from the middle", `list-type=2&start-after=${encodeURIComponent(middle)}`],
    ["1,000 folders", "delimiter=%2F&list-type=2"],
  ] as const) {
    const times = row(`list of ${manyKeys} keys: ${what}`, "ms", "less");
    for (let round = 0; round < rounds; round++)
      for (const [contender, target] of turn(round)) {
        const list = () => call(target, "GET", "", undefined, query);
        try {
          await list();
          record(times, contender, 1000 / (await rate(1, list)));
        } catch (error) {
          console.log(`${contender}: ${error}`);
        }
      }
    rows.push(times);
    say(times);
  }
}

/** Empty objects. Resolves to how many there are. */
async function fill(target: RunningS3, most: number): Promise<number> {
  let next = 0;
  const until = performance.now() + most * 1000;
  await Promise.all(
    Array.from({ length: fillClients }, async () => {
      while (next < manyKeys && performance.now() < until) await call(target, "PUT", keyName(next++), []);
    }),
  );
  return next;
}

function keyName(number: number): string {
  const digits = String(number).padStart(7, "0");
  return `many-${digits.slice(0, 4)}/object-${digits}`;
}

async function measureMemory(): Promise<void> {
  const peak = row(`peak memory after a multipart upload of ${largeUpload / 10 ** 9} GB`, "MB", "less");
  const speed = row("multipart upload, parts of 16 MiB, 4 at once", "MiB/s", "more");
  // Each begun anew: what the other measurements needed does not count.
  for (const contender of all) {
    const data = join(folder.path, `${contender.name}-memory`);
    mkdirSync(data);
    const target = await contender.start(data);
    const key = "large";
    const begun = await call(target, "POST", key, [], "uploads=");
    const uploadId = encodeURIComponent(/<UploadId>([^<]+)</.exec(begun.body)?.[1] ?? "");
    const parts = Math.ceil(largeUpload / partSize);
    const etags: string[] = [];
    const content = randomBytes(partSize);
    let next = 1;
    const began = performance.now();
    const send = async () => {
      for (let number = next++; number <= parts; number = next++) {
        const query = `partNumber=${number}&uploadId=${uploadId}`;
        const { etag } = await call(target, "PUT", key, unlike(number, content), query);
        etags[number] = etag;
      }
    };
    await Promise.all([send(), send(), send(), send()]);
    const list = etags
      .map((etag, number) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`)
      .join("");
    const document = `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`;
    await call(target, "POST", key, [Buffer.from(document)], `uploadId=${uploadId}`);
    const mebibytes = (parts * partSize) / 2 ** 20;
    record(speed, contender.name, mebibytes / ((performance.now() - began) / 1000));
    record(peak, contender.name, residentMegabytes(target.pid));
    await target.stop();
    rmSync(data, { recursive: true, force: true });
  }
  rows.push(speed, peak);
  say(speed, peak);
}

/** How often a second so many clients get it done together. */
async function rate(clients: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  const until = began + seconds * 1000;
  let done = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      do {
        await work();
        done += 1;
      } while (performance.now() < until);
    }),
  );
  return done / ((performance.now() - began) / 1000);
}

/** Contenders by turns, another one first in each round. */
function turn(round: number): [string, RunningS3][] {
  const list = [...running];
  return list.map((_, index) => list[(index + round) % list.length]).filter((one) => one !== undefined);
}

function residentMegabytes(pid: number): number {
  const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
}

function say(...measured: readonly Row[]): void {
  console.log(
    formatTable(
      measured,
      all.map(({ name }) => name),
    ),
  );
}

function report(): void {
  const names = all.map(({ name }) => name);
  console.log(`\n${formatTable(rows, names)}\n`);
  console.log(
    `${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 1e9)} GB, Linux ${release()} ${arch()}`,
  );
  for (const { name, terms } of all) console.log(`- ${name}: ${terms}`);
  if (flags.json === undefined) return;
  const values = rows.map((each) => ({ ...each, values: Object.fromEntries(each.values) }));
  writeFileSync(flags.json, `${JSON.stringify({ rounds, seconds, names, rows: values }, undefined, 2)}\n`);
}
