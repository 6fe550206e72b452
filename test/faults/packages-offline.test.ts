/** The world outside goes away: what was installed before installs again, the rest is refused clearly, and it comes back. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeWithClients } from "../client.ts";
import { NodeHome } from "../clients/node-home.ts";
import { DOMAIN, MY_PACKAGES, makeRepositories, tokenOf } from "../clients/package-repositories.ts";
import { PythonHome } from "../clients/python-home.ts";
import { tarballOf, wheelOf } from "../local-packages.ts";
import { LocalUpstream } from "../local-upstream.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(120_000);

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
  const ask = (format: "npm" | "pypi", path: string): Promise<Response> => {
    return fetch(`${endpoint}${format}/my-packages/${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
  };
  const known = async (): Promise<void> => {
    const npm = await npmInstall("kept@1.0.0");
    expect(npm.stderr).not.toContain("npm error");
    expect(npm.code).toBe(0);
    const pip = await pipInstall("kept==1.0");
    expect(pip.stderr).toBe("");
    expect(pip.code).toBe(0);
  };

  beforeAll(async () => {
    upstream = await started.add(LocalUpstream.start(), (each) => each.goAway());
    for (const name of ["kept", "listed", "unseen"]) {
      upstream.addNpm(name, "1.0.0", await tarballOf(name, "1.0.0"));
      upstream.addPypi(name, "1.0", wheelOf(name, "1.0"));
    }
    const args = [...upstream.args, "--upstream-fresh-seconds", "1", "--upstream-negative-seconds", "1"];
    server = await started.add(RunningServer.start({ args }), (each) => each.stop());
    await makeRepositories(server, "store", "public:npmjs");
    await server.aws([
      "codeartifact",
      "create-repository",
      "--domain",
      DOMAIN,
      "--repository",
      "python-store",
    ]);
    await server.aws([
      ...["codeartifact", "associate-external-connection", "--domain", DOMAIN],
      ...["--repository", "python-store", "--external-connection", "public:pypi"],
    ]);
    const upstreams = ["repositoryName=store", "repositoryName=python-store"];
    await server.aws(["codeartifact", "update-repository", ...MY_PACKAGES, "--upstreams", ...upstreams]);
    token = await tokenOf(server);
    endpoint = `${server.url}/-/codeartifact/us-east-1/${DOMAIN}-123456789012/`;
    node = new NodeHome(join(folder.path, "node"), server);
    python = new PythonHome(join(folder.path, "python"), server);
    for (const [home, tool] of [
      [node, "npm"],
      [python, "pip"],
    ] as const)
      await home.run("aws", ["codeartifact", "login", "--tool", tool, ...MY_PACKAGES]);
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  test("what was installed installs again, marked stale, also after a restart; the rest is refused clearly; it comes back by itself", async () => {
    await known();
    // Looked at, not installed.
    expect((await ask("npm", "listed")).status).toBe(200);
    expect((await ask("pypi", "simple/listed/")).status).toBe(200);

    await upstream.goAway();
    for (const again of [false, true]) {
      if (again) await server.restart();
      for (const [format, path] of [
        ["npm", "kept"],
        ["pypi", "simple/kept/"],
        ["npm", "listed"],
        ["pypi", "simple/listed/"],
      ] as const) {
        let answer = await ask(format, path);
        while (answer.headers.get("warning") === null && answer.status === 200) {
          await sleep(200);
          answer = await ask(format, path);
        }
        expect([path, answer.status, answer.headers.get("warning")]).toEqual([
          path,
          200,
          '110 - "Response is Stale"',
        ]);
      }
      await known();
      if (again) continue;

      for (const name of ["unseen", "listed@1.0.0"]) {
        const npm = await npmInstall(name);
        expect(npm.code).not.toBe(0);
        expect(npm.stderr).toMatch(/50[24]/);
        expect(npm.stderr).toContain("public:npmjs");
      }
      const listed = await pipInstall("listed==1.0");
      expect(listed.code).not.toBe(0);
      expect(listed.stderr).toMatch(/50[24]/);
      // Of an index page that fails pip tells nothing.
      expect((await pipInstall("unseen")).code).not.toBe(0);
      const refused = await ask("pypi", "simple/unseen/");
      expect([502, 504]).toContain(refused.status);
      expect(await refused.text()).toContain("public:pypi");
    }

    await upstream.comeBack();
    for (const path of ["kept", "listed", "unseen"]) {
      let answer = await ask("npm", path);
      while (answer.status !== 200 || answer.headers.has("warning")) {
        await sleep(200);
        answer = await ask("npm", path);
      }
    }
    expect((await npmInstall("unseen", "listed", "kept")).code).toBe(0);
    expect((await pipInstall("unseen", "listed", "kept")).code).toBe(0);
  });
});
