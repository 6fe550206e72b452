import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describeWithClients } from "../client.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { expiredPackageToken } from "./expired-package-token.ts";
import { NodeHome } from "./node-home.ts";
import { DOMAIN, endpointOf, MY_PACKAGES, makeRepositories, tokenOf } from "./package-repositories.ts";

setDefaultTimeout(300_000);

/** npm, pnpm and both yarns against the server and, through its external connection, the real public registry. */
describeWithClients("clients of npm packages", ["aws", "npm", "pnpm", "yarn1", "yarn4"], () => {
  const started = new Started();
  const folder = temporaryFolder("npm");
  let server: RunningServer;
  let home: NodeHome;
  let endpoint: string;
  let token: string;

  const npm = (args: readonly string[], where = "") => home.run("npm", args, { folder: where });
  const tryNpm = (args: readonly string[], where = "") => home.try("npm", args, { folder: where });
  const project = (name: string, version: string, fields: object = {}): string => {
    const where = `project-${name.replace(/\W/g, "-")}`;
    home.write(`${where}/package.json`, { name, version, license: "MIT", ...fields });
    home.write(`${where}/README.md`, `# ${name}\n`);
    home.write(`${where}/index.js`, `module.exports = ${JSON.stringify(version)};\n`);
    return where;
  };
  const codeartifact = async (...args: string[]) =>
    JSON.parse((await server.aws(["codeartifact", ...args])) || "{}");
  const fetchJson = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const response = await fetch(`${endpoint}${path}`, { ...init, headers });
    return { status: response.status, body: (await response.json()) as Answer["body"] };
  };

  beforeAll(async () => {
    server = await started.add(RunningServer.start(), (running) => running.stop());
    await makeRepositories(server, "npm-store", "public:npmjs");
    home = new NodeHome(join(folder.path, "home"), server);
    endpoint = await endpointOf(server, "npm");
    token = await tokenOf(server);
    await home.run("aws", ["codeartifact", "login", "--tool", "npm", ...MY_PACKAGES]);
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  test("npm, logged in by the AWS CLI, installs public packages with what they need, and both repositories keep them", async () => {
    home.write("app/package.json", { name: "app", version: "1.0.0" });
    await npm(["install", "express@4.21.2", "@babel/code-frame@7.26.2"], "app");
    const versions = await home.run("node", ["-p", "require('express/package.json').version"], {
      folder: "app",
    });
    expect(versions).toBe("4.21.2");
    for (const repository of ["my-packages", "npm-store"]) {
      const { versions: kept } = await codeartifact(
        ...["list-package-versions", "--domain", DOMAIN, "--repository", repository],
        ...["--format", "npm", "--namespace", "babel", "--package", "code-frame"],
      );
      expect(kept).toMatchObject([{ version: "7.26.2", status: "Published" }]);
    }
    const { dependencies } = await codeartifact(
      ...["list-package-version-dependencies", ...MY_PACKAGES, "--format", "npm"],
      ...["--package", "express", "--package-version", "4.21.2"],
    );
    expect(dependencies).toContainEqual(
      expect.objectContaining({ package: "body-parser", dependencyType: "regular" }),
    );
    expect(await npm(["view", "express@4.21.2", "dist.tarball"])).toStartWith(endpoint);
  });

  test("what is published is installed, is described by the API, and is not overwritten by other content", async () => {
    const where = project("@acme/widget", "1.0.0", {
      description: "A widget",
      dependencies: { ms: "2.1.3" },
      scripts: { postinstall: "node -e 0" },
    });
    await npm(["publish"], where);
    home.write("user/package.json", { name: "user", version: "1.0.0" });
    await npm(["install", "@acme/widget"], "user");
    expect(
      await home.run("node", ["-p", "require('@acme/widget') + require('ms')('1s')"], { folder: "user" }),
    ).toBe("1.0.01000");
    const { packageVersion } = await codeartifact(
      ...["describe-package-version", ...MY_PACKAGES, "--format", "npm", "--namespace", "acme"],
      ...["--package", "widget", "--package-version", "1.0.0"],
    );
    expect(packageVersion).toMatchObject({ summary: "A widget", licenses: [{ name: "MIT" }] });
    const abbreviated = await fetchJson("@acme%2fwidget", {
      headers: { accept: "application/vnd.npm.install-v1+json" },
    });
    expect(abbreviated.body).toMatchObject({
      versions: { "1.0.0": { hasInstallScript: true, dist: { fileCount: 3 } } },
      time: { "1.0.0": expect.any(String) },
    });

    home.write(`${where}/index.js`, "module.exports = 'other';\n");
    expect(await tryNpm(["publish"], where)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cannot publish over the previously published versions"),
    });
    // npm looks before it sends; who does not look is refused too.
    const [{ filename }] = JSON.parse(await npm(["pack", "--json"], where));
    const tarball = Buffer.from(await Bun.file(join(home.path, where, filename)).bytes());
    const refused = await fetchJson("@acme%2fwidget", {
      method: "PUT",
      body: publishDocument("@acme/widget", "1.0.0", tarball, {
        dependencies: { ms: "2.1.3" },
        scripts: { postinstall: "node -e 0" },
      }),
    });
    expect(refused).toMatchObject({
      status: 409,
      body: { error: expect.stringContaining("cannot publish over") },
    });
  });

  test("a public name that is published inside is not mixed with the public one", async () => {
    const where = project("left-pad", "99.0.0");
    const refused = await tryNpm(["publish"], where);
    // Until somebody publishes it inside, a name is the public package's only where that was fetched.
    if (refused.code === 0)
      expect(await npm(["view", "left-pad", "versions", "--json"])).toBe('[\n  "99.0.0"\n]');
    else expect(refused.stderr).toContain("left-pad");
  });

  test("dist-tag, deprecate and unpublish change what others see", async () => {
    const where = project("gadget", "1.0.0");
    await npm(["publish"], where);
    project("gadget", "2.0.0-beta.1");
    await npm(["publish", "--tag", "beta"], where);
    expect(await npm(["dist-tag", "ls", "gadget"])).toBe("beta: 2.0.0-beta.1\nlatest: 1.0.0");
    await npm(["dist-tag", "add", "gadget@2.0.0-beta.1", "next"]);
    await npm(["dist-tag", "rm", "gadget", "beta"]);
    expect(await npm(["dist-tag", "ls", "gadget"])).toBe("latest: 1.0.0\nnext: 2.0.0-beta.1");

    await npm(["deprecate", "gadget@1.0.0", "use another"]);
    expect(await npm(["view", "gadget@1.0.0", "deprecated"])).toBe("use another");
    expect(await npm(["view", "gadget@2.0.0-beta.1", "deprecated"])).toBe("");
    await npm(["deprecate", "gadget@1.0.0", ""]);
    expect(await npm(["view", "gadget@1.0.0", "deprecated"])).toBe("");

    await npm(["unpublish", "gadget@2.0.0-beta.1"]);
    expect(await npm(["view", "gadget", "versions", "--json"])).toBe('[\n  "1.0.0"\n]');
    await npm(["unpublish", "--force", "gadget"]);
    expect((await tryNpm(["view", "gadget"])).stderr).toContain("gadget is not in this registry");
    await npm(["publish"], project("gadget", "1.0.0"));
  });

  test("who unpublishes by an old list of versions takes none away that came meanwhile", async () => {
    const where = project("moving", "1.0.0");
    await npm(["publish"], where);
    project("moving", "1.1.0");
    await npm(["publish"], where);
    const { body: seen } = await fetchJson("moving");
    project("moving", "1.2.0");
    await npm(["publish"], where);
    delete seen.versions?.["1.0.0"];
    const answer = await fetchJson(`moving/-rev/${seen._rev}`, { method: "PUT", body: JSON.stringify(seen) });
    expect(answer.status).toBe(409);
    expect(JSON.parse(await npm(["view", "moving", "versions", "--json"]))).toEqual([
      "1.0.0",
      "1.1.0",
      "1.2.0",
    ]);
  });

  test("ping, whoami, search, audit, token list and login answer", async () => {
    await npm(["ping"]);
    expect(await npm(["whoami"])).toContain(":root");
    const where = project("@acme/findable", "3.2.1", { description: "Findable things" });
    await npm(["publish"], where);
    const found = JSON.parse(await npm(["search", "--json", "findable"]));
    expect(found).toMatchObject([
      { name: "@acme/findable", version: "3.2.1", description: "Findable things" },
    ]);
    expect(await npm(["audit"], "app")).toContain("found 0 vulnerabilities");
    expect(await npm(["token", "list", "--json"])).toContain(token.slice(0, 6));
    const login = await fetchJson("-/user/org.couchdb.user:me", {
      method: "PUT",
      body: JSON.stringify({ name: "me", password: token }),
      headers: { authorization: "" },
    });
    expect(login).toMatchObject({ status: 201, body: { ok: true, token } });
  });

  test("a provenance bundle of the package's own bytes is kept and given out; one of other bytes is refused", async () => {
    const where = project("@acme/proven", "1.0.0");
    const [{ filename }] = JSON.parse(await npm(["pack", "--json"], where));
    const tarball = Buffer.from(await Bun.file(join(home.path, where, filename)).bytes());
    const provenance = (digest: string): object => ({
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      dsseEnvelope: {
        payload: Buffer.from(
          JSON.stringify({
            predicateType: "https://slsa.dev/provenance/v1",
            subject: [{ name: "pkg:npm/%40acme/proven@1.0.0", digest: { sha512: digest } }],
          }),
        ).toString("base64"),
      },
    });
    const publish = (digest: string) =>
      fetchJson("@acme/proven", {
        method: "PUT",
        body: publishDocument("@acme/proven", "1.0.0", tarball, {}, JSON.stringify(provenance(digest))),
      });
    expect(await publish("0".repeat(128))).toMatchObject({ status: 400 });
    expect((await fetchJson("@acme/proven")).status).toBe(404);
    const digest = createHash("sha512").update(tarball).digest("hex");
    expect((await publish(digest)).status).toBe(201);
    const { body } = await fetchJson("@acme/proven/1.0.0");
    const attestations = body.dist?.attestations;
    expect(attestations?.provenance).toEqual({ predicateType: "https://slsa.dev/provenance/v1" });
    expect(attestations?.url).toBe(`${endpoint}-/npm/v1/attestations/@acme/proven@1.0.0`);
    // npm appends the whole path of that address to the registry's.
    for (const path of ["", new URL(endpoint).pathname.slice(1)]) {
      const answer = await fetchJson(`${path}-/npm/v1/attestations/@acme/proven@1.0.0`);
      expect(answer.body).toEqual({
        attestations: [{ predicateType: "https://slsa.dev/provenance/v1", bundle: provenance(digest) }],
      });
    }
  });

  test("pnpm installs, publishes and installs what it published", async () => {
    home.write("pnpm-app/package.json", { name: "pnpm-app", version: "1.0.0" });
    await home.run("pnpm", ["add", "chalk@4.1.2", "@acme/findable"], { folder: "pnpm-app" });
    expect(await home.run("node", ["-p", "require('@acme/findable')"], { folder: "pnpm-app" })).toBe("3.2.1");
    const where = project("by-pnpm", "1.0.0");
    await home.run("pnpm", ["publish", "--no-git-checks"], { folder: where });
    await home.run("pnpm", ["add", "by-pnpm"], { folder: "pnpm-app" });
    expect(await home.run("node", ["-p", "require('by-pnpm')"], { folder: "pnpm-app" })).toBe("1.0.0");
  });

  test("yarn 1 installs, publishes and installs what it published", async () => {
    home.write("yarn1-app/package.json", { name: "yarn1-app", version: "1.0.0" });
    // What `login` tried to set and npm does not know any more.
    home.write("yarn1-app/.npmrc", "always-auth=true\n");
    await home.run("yarn1", ["add", "chalk@4.1.2", "@acme/widget"], { folder: "yarn1-app" });
    const where = project("by-yarn1", "1.0.0");
    await home.run("yarn1", ["publish", "--new-version", "1.0.0", "--non-interactive"], { folder: where });
    await home.run("yarn1", ["add", "by-yarn1"], { folder: "yarn1-app" });
    expect(await home.run("node", ["-p", "require('by-yarn1')"], { folder: "yarn1-app" })).toBe("1.0.0");
  });

  test("yarn 4 installs, publishes and installs what it published", async () => {
    const settings = [
      `npmRegistryServer: "${endpoint}"`,
      `npmAuthToken: "${token}"`,
      "npmAlwaysAuth: true",
      "unsafeHttpWhitelist: ['127.0.0.1', 'localhost']",
      "nodeLinker: node-modules",
      "enableGlobalCache: false",
      "enableImmutableInstalls: false",
      "enableScripts: false",
      // What was published a moment ago is wanted at once.
      "npmMinimalAgeGate: 0",
    ].join("\n");
    home.write("yarn4-app/package.json", { name: "yarn4-app", version: "1.0.0" });
    home.write("yarn4-app/.yarnrc.yml", settings);
    home.write("yarn4-app/yarn.lock", "");
    await home.run("yarn4", ["add", "chalk@4.1.2", "@acme/widget"], { folder: "yarn4-app" });
    const where = project("by-yarn4", "1.0.0");
    home.write(`${where}/.yarnrc.yml`, settings);
    home.write(`${where}/yarn.lock`, "");
    await home.run("yarn4", ["install"], { folder: where });
    await home.run("yarn4", ["npm", "publish"], { folder: where });
    await home.run("yarn4", ["add", "by-yarn4"], { folder: "yarn4-app" });
    expect(await home.run("node", ["-p", "require('by-yarn4')"], { folder: "yarn4-app" })).toBe("1.0.0");
  });

  test("npm says whether a token is missing, invalid, revoked or expired", async () => {
    const config = (value: string | undefined): string =>
      `registry=${endpoint}\n${value === undefined ? "" : `${endpoint.replace(/^http:/, "")}:_authToken=${value}\n`}`;
    const ping = async (value: string | undefined): Promise<string> => {
      const file = home.write(`npmrc-${Math.random()}`, config(value));
      const { code, stderr } = await tryNpm(["ping", "--userconfig", file], "nobody");
      expect(code).toBe(1);
      return stderr;
    };
    expect(await ping(undefined)).toContain("token is needed");
    expect(await ping("nonsense")).toContain("token is invalid");
    const revoked = await tokenOf(server);
    const file = home.write("npmrc-logout", config(revoked));
    await npm(["ping", "--userconfig", file], "nobody");
    await npm(["logout", "--userconfig", file], "nobody");
    expect(await ping(revoked)).toContain("was revoked");
    expect(await ping(await expiredPackageToken(server, DOMAIN))).toContain("has expired");
  });
});

/** What of the registry's documents the tests look at. */
interface Answer {
  readonly status: number;
  readonly body: {
    readonly _rev?: string;
    readonly versions?: Record<string, unknown>;
    readonly dist?: { readonly attestations: { readonly url: string; readonly provenance: unknown } };
    readonly attestations?: readonly unknown[];
  };
}

function publishDocument(
  name: string,
  version: string,
  tarball: Buffer,
  fields: object,
  bundle?: string,
): string {
  const manifest = { name, version, license: "MIT", ...fields };
  return JSON.stringify({
    _id: name,
    name,
    "dist-tags": { latest: version },
    versions: { [version]: manifest },
    _attachments: {
      [`${name}-${version}.tgz`]: { data: tarball.toString("base64"), length: tarball.length },
      ...(bundle !== undefined && {
        [`${name}-${version}.sigstore`]: { data: bundle, length: bundle.length },
      }),
    },
  });
}
