import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { PUBLIC_CONNECTIONS } from "../../src/services/codeartifact/upstreams/connections.ts";
import { describeWithClients } from "../client.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { NodeHome } from "./node-home.ts";
import { endpointOf, MY_PACKAGES, makeRepositories } from "./package-repositories.ts";

setDefaultTimeout(600_000);

const AT_ONCE = 20;
const DEPENDENCIES = { jest: "29.7.0", webpack: "5.97.1", express: "4.21.2" };

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly resolved?: string; readonly os?: readonly string[] }>
  >;
}

/** Whole installations of real packages by `npm ci`, from a lock file as the public registry writes it. */
describeWithClients("npm ci of hundreds of packages", ["aws", "npm"], () => {
  const started = new Started();
  const folder = temporaryFolder("npm-ci");
  let lock: string | undefined;

  const start = async (
    name: string,
  ): Promise<{ server: RunningServer; home: NodeHome; endpoint: string }> => {
    const server = await started.add(RunningServer.start(), (running) => running.stop());
    await makeRepositories(server, "npm-store", "public:npmjs");
    const home = new NodeHome(join(folder.path, name), server);
    await home.run("aws", ["codeartifact", "login", "--tool", "npm", ...MY_PACKAGES]);
    return { server, home, endpoint: await endpointOf(server, "npm") };
  };
  /**
   * Made once through a server of its own; its files lie at the public registry's address. While packages are being
   * released, the public registry may name a version in one document that it does not have in another yet (ETARGET):
   * then a later look, by a server that remembers nothing, is asked for.
   */
  const lockFile = async (attempt = 1): Promise<string> => {
    if (lock !== undefined) return lock;
    const { server, home, endpoint } = await start(`lock-${attempt}`);
    home.write("app/package.json", { name: "app", version: "1.0.0", dependencies: DEPENDENCIES });
    try {
      await home.run("npm", ["install", "--package-lock-only", "--no-audit", "--no-fund"], { folder: "app" });
    } catch (error) {
      if (attempt === 3 || !String(error).includes("ETARGET")) throw error;
      await server.stop();
      return lockFile(attempt + 1);
    }
    const upstream = PUBLIC_CONNECTIONS.find(({ name }) => name === "public:npmjs")?.baseUrl ?? "";
    lock = home.read("app/package-lock.json").replaceAll(endpoint, upstream);
    await server.stop();
    return lock;
  };
  const install = async (home: NodeHome, name: string): Promise<void> => {
    home.write(`${name}/package.json`, { name: "app", version: "1.0.0", dependencies: DEPENDENCIES });
    home.write(`${name}/package-lock.json`, await lockFile());
    const options = [
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--cache",
      join(home.path, `${name}-cache`),
    ];
    await home.run("npm", ["ci", ...options], { folder: name });
    const version = await home.run("node", ["-p", "require('jest/package.json').version"], { folder: name });
    expect(version).toBe(DEPENDENCIES.jest);
    for (const done of [name, `${name}-cache`])
      rmSync(join(home.path, done), { recursive: true, force: true, maxRetries: 3 });
  };
  /** By outcome, since the server's start. */
  const upstreamRequests = async (server: RunningServer): Promise<Record<string, number>> => {
    const text = await (await fetch(`${server.url}/-/metrics`)).text();
    const lines = text.matchAll(
      /^shosoin_upstream_requests\{connection="public:npmjs",outcome="(\w+)"\} (\d+)$/gm,
    );
    return Object.fromEntries([...lines].map(([, outcome, count]) => [outcome, Number(count)]));
  };
  /** Of each package one document, of each version one file. */
  const expectedRequests = async (): Promise<number> => {
    const { packages } = JSON.parse(await lockFile()) as LockFile;
    // npm leaves out what is for other systems.
    const files = new Set(
      Object.values(packages).flatMap(({ resolved, os }) =>
        resolved === undefined || (os && !os.includes(process.platform)) ? [] : [resolved],
      ),
    );
    expect(files.size).toBeGreaterThanOrEqual(300);
    const names = new Set([...files].map((file) => file.split("/-/")[0]));
    return files.size + names.size;
  };

  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  test("an empty cache is filled, and a full one asks the public registry for nothing", async () => {
    const { server, home } = await start("one");
    await install(home, "first");
    const asked = await upstreamRequests(server);
    expect(asked).toEqual({ 200: await expectedRequests() });
    await install(home, "second");
    expect(await upstreamRequests(server)).toEqual(asked);
  });

  test("twenty installations at once on an empty cache make each upstream request once, and none fails", async () => {
    const { server, home } = await start("many");
    await lockFile();
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => install(home, `at-once-${index}`)));
    expect(await upstreamRequests(server)).toEqual({ 200: await expectedRequests() });
  });
});
