/** nuget.exe on mono, as `aws codeartifact login` or `nuget sources add` set it up; the outside is another Shosoin. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { nupkg, nuspec, type TestPackage } from "../../src/formats/nuget/testing/nupkg.ts";
import { zipArchive } from "../../src/formats/pypi/testing/zip-archive.ts";
import { client, describeWithClients, findClient } from "../client.ts";
import { runCommand, tryCommand } from "../command.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { expiredPackageToken } from "./expired-package-token.ts";

const SOURCE = "my-organization/my-packages";
const LOGIN = ["--domain", "my-organization", "--repository", "my-packages"];

describeWithClients("nuget.exe", ["aws", "mono", "nuget"], () => {
  const started = new Started();
  const folder = temporaryFolder("nuget");
  const home = join(folder.path, "home");
  let outside: RunningServer;
  let server: RunningServer;
  let outsideEndpoint: string;
  let endpoint: string;

  const codeartifact = async (at: RunningServer, ...args: string[]): Promise<string> =>
    (await at.aws(["codeartifact", ...args, "--output", "text"])).trim();
  const tokenOf = (at: RunningServer, domain: string): Promise<string> =>
    codeartifact(at, "get-authorization-token", "--domain", domain, "--query", "authorizationToken");

  const options = () => ({
    env: {
      ...server.awsEnvironment,
      HOME: home,
      XDG_CONFIG_HOME: join(home, ".config"),
      XDG_DATA_HOME: join(home, ".local"),
      TMPDIR: home,
      NUGET_PACKAGES: join(home, "packages"),
      // The AWS CLI runs `nuget` by its name.
      PATH: [dirname(client("nuget")), dirname(findClient("mono") ?? ""), process.env["PATH"] ?? ""].join(
        delimiter,
      ),
    },
    cwd: home,
    timeout: 120,
  });
  const nuget = (...args: string[]) => runCommand(client("nuget"), [...args, "-NonInteractive"], options());
  const tryNuget = (...args: string[]) =>
    tryCommand(client("nuget"), [...args, "-NonInteractive"], options());
  const login = () =>
    runCommand(client("aws"), ["codeartifact", "login", "--tool", "nuget", ...LOGIN], options());
  const install = (id: string, into: string, ...more: string[]) =>
    nuget("install", id, "-Source", SOURCE, "-OutputDirectory", into, "-NoCache", "-DirectDownload", ...more);
  const installed = (into: string) => readdirSync(join(home, into)).sort();

  /** Instead of whatever has this address: nuget.exe takes each once. */
  async function addSource(name: string, token: string): Promise<void> {
    for (const each of [SOURCE, "by-hand", "bad"]) await tryNuget("sources", "remove", "-Name", each);
    const credentials = ["-UserName", "aws", "-Password", token, "-StorePasswordInClearText"];
    await nuget("sources", "add", "-Name", name, "-Source", `${endpoint}v3/index.json`, ...credentials);
  }

  function packed(what: TestPackage): string {
    const path = join(home, `${what.id}.${what.version}.nupkg`);
    writeFileSync(path, nupkg(what));
    return path;
  }

  /** By HTTP, as a program does that is no nuget.exe. */
  async function push(to: string, token: string, what: TestPackage): Promise<number> {
    const form = new FormData();
    form.append("package", new Blob([new Uint8Array(nupkg(what))]), "package.nupkg");
    const headers = { "X-NuGet-ApiKey": token };
    return (await fetch(`${to}v3/package`, { method: "PUT", headers, body: form })).status;
  }

  beforeAll(async () => {
    mkdirSync(home, { recursive: true });
    outside = await started.add(RunningServer.start(), (running) => running.stop());
    await codeartifact(outside, "create-domain", "--domain", "outside");
    await codeartifact(outside, "create-repository", "--domain", "outside", "--repository", "public");
    const there = ["--domain", "outside", "--repository", "public", "--format", "nuget"];
    outsideEndpoint = await codeartifact(outside, "get-repository-endpoint", ...there);
    const token = await tokenOf(outside, "outside");
    const dependencies = `<dependencies><group><dependency id="Outside.Base" version="1.0.0" /></group></dependencies>`;
    expect(await push(outsideEndpoint, token, { id: "Outside.Base", version: "1.0.0" })).toBe(201);
    expect(
      await push(outsideEndpoint, token, { id: "Outside.App", version: "2.1.0", fields: dependencies }),
    ).toBe(201);
    expect(await push(outsideEndpoint, token, { id: "Acme.Secret", version: "9.9.9" })).toBe(201);

    server = await started.add(
      RunningServer.start({
        args: ["--upstream", `outside=nuget+${outsideEndpoint}v3/`],
        env: { SHOSOIN_UPSTREAM_CREDENTIALS: `outside=aws:${token}` },
      }),
      (running) => running.stop(),
    );
    await codeartifact(server, "create-domain", "--domain", "my-organization");
    const store = ["--domain", "my-organization", "--repository", "nuget-store"];
    await codeartifact(server, "create-repository", ...store);
    await codeartifact(server, "associate-external-connection", ...store, "--external-connection", "outside");
    await codeartifact(server, "create-repository", ...LOGIN, "--upstreams", "repositoryName=nuget-store");
    endpoint = await codeartifact(server, "get-repository-endpoint", ...LOGIN, "--format", "nuget");
    await login();
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  test("pushes packages, and installs one with what it depends on", async () => {
    await nuget("push", packed({ id: "Acme.Base", version: "1.0.0" }), "-Source", SOURCE);
    const fields = `<dependencies><dependency id="Acme.Base" version="1.0.0" /></dependencies>`;
    await nuget("push", packed({ id: "Acme.Core", version: "1.2.0", fields }), "-Source", SOURCE);
    await install("Acme.Core", "hosted");
    expect(installed("hosted")).toEqual(["Acme.Base.1.0.0", "Acme.Core.1.2.0"]);
    const kept = readFileSync(join(home, "hosted/Acme.Core.1.2.0/Acme.Core.1.2.0.nupkg"));
    expect(kept.equals(Buffer.from(nupkg({ id: "Acme.Core", version: "1.2.0", fields })))).toBe(true);
  });

  test("a source added by hand works as well", async () => {
    const token = await tokenOf(server, "my-organization");
    await addSource("by-hand", token);
    await nuget("push", packed({ id: "By.Hand", version: "0.1.0-beta" }), "-Source", "by-hand");
    await nuget(
      "install",
      "By.Hand",
      "-PreRelease",
      "-Source",
      "by-hand",
      "-OutputDirectory",
      "by-hand",
      "-NoCache",
    );
    expect(installed("by-hand")).toEqual(["By.Hand.0.1.0-beta"]);
    await tryNuget("sources", "remove", "-Name", "by-hand");
    await login();
  });

  test("a version that is there is refused, the same bytes and others; -SkipDuplicate goes on", async () => {
    const path = packed({ id: "Acme.Once", version: "1.0" });
    await nuget("push", path, "-Source", SOURCE);
    const again = await tryNuget("push", path, "-Source", SOURCE);
    expect(again.code).not.toBe(0);
    expect(again.stderr + again.stdout).toContain(
      "409 (acme.once.1.0.0.nupkg is in repository my-packages already",
    );
    const other = packed({ id: "acme.once", version: "1.0.0.0", files: { other: "x" } });
    const changed = await tryNuget("push", other, "-Source", SOURCE);
    expect(changed.code).not.toBe(0);
    expect(changed.stderr + changed.stdout).toContain("409 (");
    expect(await tryNuget("push", path, "-Source", SOURCE, "-SkipDuplicate")).toMatchObject({ code: 0 });
  });

  test("symbols beside a package are pushed with it and kept as a file of its version", async () => {
    const path = packed({ id: "Acme.Debug", version: "1.0.0" });
    const types = `<packageTypes><packageType name="SymbolsPackage" /></packageTypes>`;
    const symbols = zipArchive({
      "Acme.Debug.nuspec": nuspec("Acme.Debug", "1.0.0", types),
      "lib/a.pdb": "symbols",
    });
    writeFileSync(path.replace(/nupkg$/, "snupkg"), symbols);
    await nuget("push", path, "-Source", SOURCE);
    const version = ["--format", "nuget", "--package", "acme.debug", "--package-version", "1.0.0"];
    const assets = await codeartifact(
      server,
      "list-package-version-assets",
      ...LOGIN,
      ...version,
      "--query",
      "assets[].name",
    );
    expect(assets.split(/\s+/).sort()).toEqual(["acme.debug.1.0.0.nupkg", "acme.debug.1.0.0.snupkg"]);
  });

  test("an unlisted version is not found any more, and is still there for who names it", async () => {
    for (const version of ["1.0.0", "1.1.0"]) {
      await nuget("push", packed({ id: "Acme.Listed", version }), "-Source", SOURCE);
    }
    await nuget("delete", "Acme.Listed", "1.1.0", "-Source", SOURCE);
    expect(await nuget("search", "acme.listed", "-Source", SOURCE)).toContain("Acme.Listed | 1.0.0");
    await install("Acme.Listed", "named", "-Version", "1.1.0");
    expect(installed("named")).toEqual(["Acme.Listed.1.1.0"]);
  });

  test("a package that was published inside is never taken from outside, by name or by address", async () => {
    await nuget("push", packed({ id: "Acme.Secret", version: "1.0.0" }), "-Source", SOURCE);
    await install("Acme.Secret", "inside");
    expect(installed("inside")).toEqual(["Acme.Secret.1.0.0"]);
    const headers = { Authorization: `Bearer ${await tokenOf(server, "my-organization")}` };
    const address = `${endpoint}v3/flatcontainer/acme.secret/9.9.9/acme.secret.9.9.9.nupkg`;
    expect((await fetch(address, { headers })).status).toBe(404);
    const versions = await fetch(`${endpoint}v3/flatcontainer/acme.secret/index.json`, { headers });
    expect(await versions.json()).toEqual({ versions: ["1.0.0"] });
  });

  test("without a good token it is told why, and nothing is installed", async () => {
    const expired = await expiredPackageToken(server, "my-organization");
    for (const [token, reason] of [
      [expired, "401 (Your authorization token has expired."],
      ["nonsense", "401 (The authorization token is invalid"],
    ] as const) {
      await addSource("bad", token);
      const refused = await tryNuget(
        "install",
        "Acme.Base",
        "-Source",
        "bad",
        "-OutputDirectory",
        "bad",
        "-NoCache",
      );
      expect(refused.code).not.toBe(0);
      expect(refused.stderr + refused.stdout).toContain(reason);
    }
    await tryNuget("sources", "remove", "-Name", "bad");
    await login();
  });

  test("a package from outside is installed with what it depends on, and again when the outside is gone", async () => {
    await install("Outside.App", "first");
    expect(installed("first")).toEqual(["Outside.App.2.1.0", "Outside.Base.1.0.0"]);
    await outside.kill();
    await install("Outside.App", "second");
    expect(installed("second")).toEqual(["Outside.App.2.1.0", "Outside.Base.1.0.0"]);
    const kept = await codeartifact(
      server,
      "list-packages",
      ...LOGIN,
      "--format",
      "nuget",
      "--query",
      "packages[].package",
    );
    expect(kept).toContain("outside.app");
  });
});
