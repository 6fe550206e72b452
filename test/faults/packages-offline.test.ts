/** The world outside goes away: what was installed before installs again, the rest is refused clearly, and it comes back. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeWithClients } from "../client.ts";
import { NodeHome } from "../clients/node-home.ts";
import { DOMAIN, MY_PACKAGES, makeRepositoriesOfBoth, tokenOf } from "../clients/package-repositories.ts";
import { PythonHome } from "../clients/python-home.ts";
import { tarballOf, wheelOf } from "../local-packages.ts";
import { LocalUpstream } from "../local-upstream.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(120_000);

/** RFC 9111, section 5.5, */
const STALE = '110 - "Response is Stale"';
/** Of one package that is installed, and of one that is only looked at. */
const DOCUMENTS = [
  "npm/my-packages/kept",
  "npm/my-packages/listed",
  "pypi/my-packages/simple/kept/",
  "pypi/my-packages/simple/listed/",
] as const;

describeWithClients("an upstream that goes away", ["aws", "npm", "pip"], () => {
  const started = new Started();
  const folder = temporaryFolder("offline");
  let upstream: LocalUpstream;
  let server: RunningServer;
  let node: NodeHome;
  let python: PythonHome;
  let endpoint: string;
  let token: string;
  let installs = 0;

  /** Clients that have nothing in their own caches. */
  const npmInstall = (...packages: string[]) => {
    const target = `npm-${++installs}`;
    node.write(`${target}/package.json`, { name: "app", version: "1.0.0" });
    const cache = join(folder.path, `cache-${installs}`);
    const args = ["install", "--no-audit", "--no-fund", "--cache", cache, ...packages];
    return node.try("npm", args, { folder: target });
  };
  const pipInstall = (...packages: string[]) => {
    const target = join(folder.path, `pip-${++installs}`);
    return python.try("pip", [
      "install",
      "--no-cache-dir",
      "--retries",
      "0",
      "--target",
      target,
      ...packages,
    ]);
  };
  const ask = (path: string): Promise<Response> =>
    fetch(`${endpoint}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const known = async (): Promise<void> => {
    const [npm, pip] = await Promise.all([npmInstall("kept@1.0.0"), pipInstall("kept==1.0")]);
    expect(npm.stderr).not.toContain("npm error");
    expect(npm.code).toBe(0);
    expect(pip.stderr).toBe("");
    expect(pip.code).toBe(0);
  };
  /** Asks until there is an answer as it is to be: what was fetched last is believed for a while. */
  const answers = async (path: (typeof DOCUMENTS)[number], warning: string | null): Promise<void> => {
    for (;;) {
      const answer = await ask(path);
      if (answer.status === 200 && answer.headers.get("warning") === warning) return;
      // Out of reach is what may pass; another answer is wrong.
      expect([200, 502, 504]).toContain(answer.status);
      await sleep(200);
    }
  };

  beforeAll(async () => {
    upstream = await started.add(LocalUpstream.start(), (each) => each.goAway());
    for (const name of ["kept", "listed", "unseen"]) {
      upstream.addNpm(name, "1.0.0", await tarballOf(name, "1.0.0"));
      upstream.addPypi(name, "1.0", wheelOf(name, "1.0"));
    }
    const args = [...upstream.args, "--upstream-fresh-seconds", "1", "--upstream-negative-seconds", "1"];
    server = await started.add(RunningServer.start({ args }), (each) => each.stop());
    await makeRepositoriesOfBoth(server);
    token = await tokenOf(server);
    endpoint = `${server.url}/-/codeartifact/us-east-1/${DOMAIN}-123456789012/`;
    node = new NodeHome(join(folder.path, "node"), server);
    python = new PythonHome(join(folder.path, "python"), server);
    const login = ["codeartifact", "login", ...MY_PACKAGES, "--tool"];
    await Promise.all([node.run("aws", [...login, "npm"]), python.run("aws", [...login, "pip"])]);
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  test("what was installed installs again, marked stale, also after a restart; the rest is refused clearly; it comes back by itself", async () => {
    await known();
    for (const path of DOCUMENTS) expect((await ask(path)).status).toBe(200);

    await upstream.goAway();
    await Promise.all(DOCUMENTS.map((path) => answers(path, STALE)));
    await known();
    const [unseen, listed, listedWheel, unseenWheel] = await Promise.all([
      npmInstall("unseen"),
      npmInstall("listed@1.0.0"),
      pipInstall("listed==1.0"),
      pipInstall("unseen"),
    ]);
    for (const { code, stderr } of [unseen, listed]) {
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/50[24]/);
      expect(stderr).toContain("public:npmjs");
    }
    expect(listedWheel.code).not.toBe(0);
    expect(listedWheel.stderr).toMatch(/50[24]/);
    // Of an index page that fails pip tells nothing.
    expect(unseenWheel.code).not.toBe(0);
    const refused = await ask("pypi/my-packages/simple/unseen/");
    expect([502, 504]).toContain(refused.status);
    expect(await refused.text()).toContain("public:pypi");

    await server.restart();
    const restarted = await Promise.all(DOCUMENTS.map(ask));
    for (const { headers } of restarted) expect(headers.get("warning")).toBe(STALE);
    await known();

    await upstream.comeBack();
    await Promise.all(DOCUMENTS.map((path) => answers(path, null)));
    const all = await Promise.all([
      npmInstall("unseen", "listed", "kept"),
      pipInstall("unseen", "listed", "kept"),
    ]);
    expect(all.map(({ code }) => code)).toEqual([0, 0]);
  });
});
