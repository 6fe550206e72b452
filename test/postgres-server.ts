import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";
import { freePort } from "./free-port.ts";

/** Where Debian keeps the server's programs, the newest version last. */
const VERSIONS = "/usr/lib/postgresql";

/** A private PostgreSQL for tests: loopback, free port, temporary folder, unprivileged user. */
export interface PostgresServer {
  /** An empty database of its own; returns its URL. */
  createDatabase(): Promise<string>;
  /** Cuts every connection and starts again on the same data, after `downMilliseconds`. SIGQUIT is a crash. */
  restart(signal?: "SIGINT" | "SIGQUIT", downMilliseconds?: number): Promise<void>;
  stop(): Promise<void>;
}

/** The folder of initdb and postgres, or undefined when PostgreSQL is not installed (package `postgresql`). */
export function postgresPrograms(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const versions = readdirSync(VERSIONS).sort((a, b) => Number(a) - Number(b));
  const folders = versions.map((version) => join(VERSIONS, version, "bin"));
  return folders.filter((folder) => existsSync(join(folder, "initdb"))).at(-1);
}

export async function startPostgres(): Promise<PostgresServer> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error("PostgreSQL is not installed: apt-get install postgresql");
  const folder = mkdtempSync(join(tmpdir(), "shosoin-postgres-"));
  chmodSync(folder, 0o777);
  const data = join(folder, "data");
  // A locale that does not sort by bytes: keys must sort so nevertheless.
  const locale = ["--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8"];
  await run(join(programs, "initdb"), ["-D", data, "-U", "shosoin", "--auth=trust", "--no-sync", ...locale]);
  const port = await freePort();

  async function start(): Promise<ChildProcess> {
    const settings = [
      "listen_addresses=127.0.0.1",
      "fsync=off",
      "max_connections=200",
      "log_min_messages=panic",
    ];
    const [program, args] = unprivileged(join(programs ?? "", "postgres"), [
      "-D",
      data,
      "-p",
      String(port),
      "-k",
      "",
      ...settings.flatMap((setting) => ["-c", setting]),
    ]);
    const child = spawn(program, args, { stdio: "ignore" });
    await accepting(child, port);
    return child;
  }

  let server = await start();
  return {
    async createDatabase() {
      const name = `test_${randomUUID().replaceAll("-", "")}`;
      await asAdministrator(port, (client) => client.query(`create database ${name}`));
      return `postgres://shosoin@127.0.0.1:${port}/${name}`;
    },
    async restart(signal = "SIGINT", downMilliseconds = 0) {
      await stop(server, signal);
      await sleep(downMilliseconds);
      server = await start();
    },
    async stop() {
      await stop(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** SIGINT is PostgreSQL's "fast" shutdown: open connections are cut. SIGQUIT leaves the rest to recovery. */
async function stop(server: ChildProcess, signal: NodeJS.Signals = "SIGINT"): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill(signal);
  await ended;
}

async function accepting(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (child.exitCode !== null) break;
    try {
      await asAdministrator(port, (client) => client.query("select 1"));
      return;
    } catch {
      await sleep(50);
    }
  }
  child.kill("SIGQUIT");
  throw new Error("PostgreSQL did not start");
}

async function asAdministrator(port: number, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: `postgres://shosoin@127.0.0.1:${port}/postgres` });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const [command, rest] = unprivileged(program, args);
  await promisify(execFile)(command, rest);
}

/** PostgreSQL refuses to run as root; the Debian package brings the user `postgres`. */
function unprivileged(program: string, args: readonly string[]): [string, string[]] {
  if (process.getuid?.() !== 0) return [program, [...args]];
  return ["setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", program, ...args]];
}
