/**
 * Shosoin beside Verdaccio (npm) and devpi (PyPI), in one run on one machine:
 *
 *     scripts/install-test-clients --bench && bun bench/packages.ts [metadata] [install] [memory] [--json FILE]
 *
 * Each is a cache of the public upstreams, filled before it is measured; the load comes from `wrk`. Turns are
 * interleaved, every number is a median of the rounds. Prints ratios: above 1 we are better.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PublishPackageVersionCommand } from "@aws-sdk/client-codeartifact";
import { client } from "../test/client.ts";
import { runCommand } from "../test/command.ts";
import { temporaryFolder } from "../test/temporary-folder.ts";
import {
  domain,
  type PackageContender,
  packageContenders,
  type RunningPackages,
  repository,
} from "./package-contenders.ts";
import { formatTable, type Row, record, row } from "./table.ts";

const rounds = 3;
const seconds = 4;
const manyVersions = 100_000;

/** A real application's size: some 300 packages once resolved. */
const application = {
  ...{ express: "4.21.2", webpack: "5.97.1", eslint: "8.57.1", jest: "29.7.0", react: "18.3.1" },
};

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" } },
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const folder = temporaryFolder("bench");
const all = packageContenders();
const rows: Row[] = [];
const running = new Map<PackageContender, RunningPackages>();
const wanted = (part: string) => positionals.length === 0 || positionals.includes(part);

try {
  for (const contender of all) {
    const data = join(folder.path, contender.name);
    mkdirSync(data);
    running.set(contender, await contender.start(data));
  }
  if (wanted("metadata")) await measureRequests();
  if (wanted("install")) await measureInstalls();
  if (wanted("memory")) await measureMemory();
} finally {
  for (const target of running.values()) await target.stop();
  folder.remove();
}
report();

async function measureRequests(): Promise<void> {
  const abbreviated = "application/vnd.npm.install-v1+json";
  const simple = "application/vnd.pypi.simple.v1+json";
  const documents = [
    { what: "lodash packument, full", path: "lodash", accept: "application/json", of: "npm" },
    { what: "lodash packument, abbreviated", path: "lodash", accept: abbreviated, of: "npm" },
    { what: "lodash tarball", path: "lodash/-/lodash-4.17.21.tgz", accept: "*/*", of: "npm" },
    { what: "requests simple page, JSON", path: "requests/", accept: simple, of: "pypi" },
    { what: "requests simple page, HTML", path: "requests/", accept: "text/html", of: "pypi" },
  ] as const;
  for (const { what, path, accept, of } of documents) {
    for (const clients of [1, 32]) {
      const rates = row(`${what}, ${clients} at once`, "1/s", "more");
      const tails = row(`${what}, ${clients} at once, p99`, "ms", "less");
      for (let round = 0; round < rounds; round++) {
        for (const contender of turn(all, round)) {
          const target = running.get(contender);
          const base = target?.[of];
          if (!target || base === undefined) continue;
          await fill(base + path, accept, target.authorization);
          const measured = await wrk(base + path, accept, target.authorization, clients);
          record(rates, contender.name, measured.rate);
          record(tails, contender.name, measured.p99);
        }
      }
      rows.push(rates, tails);
      say(rates, tails);
    }
  }
  const memory = row("resident memory after it", "MB", "less");
  for (const contender of all) {
    const target = running.get(contender);
    if (target) record(memory, contender.name, residentMegabytes(target.pid, "VmHWM"));
  }
  rows.push(memory);
  say(memory);
}

/** The application's install with an empty npm cache, through an empty and through a full server. */
async function measureInstalls(): Promise<void> {
  const cold = row("npm ci of an application, empty cache of the server", "s", "less");
  const warm = row("npm ci of an application, full cache of the server", "s", "less");
  const project = join(folder.path, "application");
  mkdirSync(project);
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "application", version: "1.0.0", dependencies: application }),
  );
  const npmContenders = all.filter((contender) => running.get(contender)?.npm !== undefined);
  for (let round = 0; round <= rounds; round++) {
    for (const contender of npmContenders) {
      const target = running.get(contender);
      if (!target?.npm) continue;
      rmSync(join(project, "node_modules"), { recursive: true, force: true });
      const home = join(folder.path, `home-${contender.name}-${round}`);
      mkdirSync(home);
      const { host, pathname } = new URL(target.npm);
      const token = target.authorization.replace("Bearer ", "") || "none";
      writeFileSync(
        join(home, ".npmrc"),
        // The lock file of one contender is used with all: addresses in it are replaced.
        `registry=${target.npm}\n//${host}${pathname}:_authToken=${token}\nreplace-registry-host=always\nomit-lockfile-registry-resolved=true\naudit=false\nfund=false\nupdate-notifier=false\n`,
      );
      const env = {
        HOME: home,
        npm_config_cache: join(home, "cache"),
        npm_config_userconfig: join(home, ".npmrc"),
      };
      const npm = (...args: string[]) => runCommand("npm", args, { cwd: project, env, timeout: 600 });
      if (round === 0 && contender === npmContenders[0])
        await npm("install", "--package-lock-only", "--ignore-scripts");
      const began = performance.now();
      await npm("ci", "--ignore-scripts");
      record(round === 0 ? cold : warm, contender.name, (performance.now() - began) / 1000);
      rmSync(home, { recursive: true, force: true });
    }
  }
  rows.push(cold, warm);
  say(cold, warm);
}

async function measureMemory(): Promise<void> {
  const peak = row(`peak memory after ${manyVersions} versions were published`, "MB", "less");
  const publishes = row("publishes of small generic versions, 32 at once", "1/s", "more");
  const [contender] = all;
  if (!contender) return;
  const data = join(folder.path, "memory");
  mkdirSync(data);
  const target = await contender.start(data);
  let next = 0;
  const began = performance.now();
  const publish = async () => {
    for (;;) {
      const number = next++;
      if (number >= manyVersions) return;
      const assetContent = Buffer.from(`content of ${number}`);
      await target.client?.send(
        new PublishPackageVersionCommand({
          ...{ domain, repository, format: "generic", namespace: "bench", package: `p${number % 1000}` },
          ...{ packageVersion: `1.0.${Math.floor(number / 1000)}`, assetName: "content.txt", assetContent },
          assetSHA256: createHash("sha256").update(assetContent).digest("hex"),
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: 32 }, publish));
  record(publishes, contender.name, manyVersions / ((performance.now() - began) / 1000));
  record(peak, contender.name, residentMegabytes(target.pid, "VmHWM"));
  await target.stop();
  rows.push(publishes, peak);
  say(publishes, peak);
}

/** So that what is measured is a hit. */
async function fill(url: string, accept: string, authorization: string): Promise<void> {
  const headers = { accept, ...(authorization !== "" && { authorization }) };
  for (let tries = 0; tries < 3; tries++) {
    const response = await fetch(url, { headers });
    const bytes = await response.arrayBuffer();
    if (!response.ok)
      throw new Error(`${url} answered ${response.status}: ${Buffer.from(bytes).toString("utf8", 0, 300)}`);
  }
}

async function wrk(
  url: string,
  accept: string,
  authorization: string,
  clients: number,
): Promise<{ rate: number; p99: number }> {
  const headers = [`Accept: ${accept}`, "Accept-Encoding: gzip"];
  if (authorization !== "") headers.push(`Authorization: ${authorization}`);
  const args = [
    "-t1",
    `-c${clients}`,
    `-d${seconds}`,
    "--latency",
    ...headers.flatMap((header) => ["-H", header]),
  ];
  const text = await runCommand(client("wrk"), [...args, url]);
  if (/Non-2xx/.test(text)) throw new Error(`${url}: ${text}`);
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
  const [, value = "", unit = ""] = /99%\s+([\d.]+)(us|ms|s)/.exec(text) ?? [];
  return { rate, p99: Number(value) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN) };
}

function residentMegabytes(pid: number, field: "VmHWM" | "VmRSS"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1000;
}

function turn<Item>(items: readonly Item[], round: number): readonly Item[] {
  const first = round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

function say(...measured: readonly Row[]): void {
  process.stderr.write(
    `${formatTable(
      measured,
      all.map(({ name }) => name),
    )}\n`,
  );
}

function report(): void {
  const names = all.map(({ name }) => name);
  const machine = `${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${arch()}, kernel ${release()}`;
  console.log(`\n${machine}\n`);
  for (const contender of all) console.log(`- ${contender.name}: ${contender.terms}`);
  console.log(`\n${formatTable(rows, names)}`);
  if (flags.json !== undefined) {
    const measurements = rows.map((each) => ({ ...each, values: Object.fromEntries(each.values) }));
    writeFileSync(flags.json, `${JSON.stringify({ machine, measurements }, null, 2)}\n`);
  }
}
