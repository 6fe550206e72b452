/**
 * Every shell block of docs/packages.md, run as it stands there, in a folder with the project that its reader would have.
 * Other than for a reader: `yarn` is yarn 1 or 4 by a link, HOME is empty, and port 7560 is a free one.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { nupkg } from "../../src/formats/nuget/testing/nupkg.ts";
import { client, describeWithClients, findClient } from "../client.ts";
import { type CommandResult, runCommand, tryCommand } from "../command.ts";
import { documentedBlock, documentedMarks } from "../documented-blocks.ts";
import { projectRoot, RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(480_000);

const PAGE = readFileSync(join(projectRoot, "docs/packages.md"), "utf8");
const NODE = ["aws", "npm", "node", "pnpm", "yarn1", "yarn4", "curl"];
const PYTHON = ["pip", "twine", "uv", "poetry"];
const OTHERS = ["javac", "keytool", "mvn", "gradle", "mono", "nuget"];
/** Settings of the machine's own clients. */
const FOREIGN =
  /^(?:npm_|pnpm_|yarn_|node_options|ci$|pip_|uv_|poetry_|twine_|maven_|aws_|ssl_|requests_|curl_)/i;

describeWithClients("the commands of docs/packages.md", [...NODE, ...PYTHON, ...OTHERS], () => {
  const started = new Started();
  const folder = temporaryFolder("packages-page");
  let server: RunningServer;
  let environment: Record<string, string | undefined>;

  beforeAll(async () => {
    server = await started.add(RunningServer.start(), (running) => running.stop());
    for (const [name, program] of [
      ["yarn-1", "yarn1"],
      ["yarn-4", "yarn4"],
    ] as const) {
      mkdirSync(join(folder.path, name), { recursive: true });
      symlinkSync(client(program), join(folder.path, name, "yarn"));
    }
    const foreign = Object.keys(process.env).filter((name) => FOREIGN.test(name));
    const programs = [...NODE, ...PYTHON, ...OTHERS].map((name) => dirname(findClient(name) ?? ""));
    environment = {
      ...Object.fromEntries(foreign.map((name) => [name, undefined])),
      HOME: folder.path,
      PATH: [...new Set(programs), process.env["PATH"] ?? ""].join(delimiter),
      AWS_PAGER: "",
      // The machine's own may name a cafile, which goes before what Node.js is told.
      npm_config_globalconfig: "/dev/null",
      NUGET_PACKAGES: join(folder.path, "nuget-packages"),
      POETRY_KEYRING_ENABLED: "false",
      POETRY_NO_INTERACTION: "1",
      MAVEN_OPTS: `-Xmx512m -Duser.home=${folder.path}`,
      JAVA_OPTS: `-Xmx512m -Duser.home=${folder.path}`,
      GRADLE_USER_HOME: join(folder.path, "gradle"),
    };
    await run("repositories", {}, { after: [] });
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  const done = new Set<string>(["run: environment"]);
  const documented = (mark: string, { url, port } = server) =>
    documentedBlock(PAGE, mark).replaceAll("http://127.0.0.1:7560", url).replaceAll("7560", String(port));

  function write(where: string, files: Readonly<Record<string, string | Uint8Array>>): string {
    const path = join(folder.path, where);
    mkdirSync(path, { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), content);
    }
    return path;
  }

  /** In a project with these files, after the blocks that its reader has run in the same shell. */
  async function run(
    name: string,
    files: Readonly<Record<string, string | Uint8Array>>,
    { at = server, after = ["token"], path = "" }: RunOptions = {},
  ): Promise<CommandResult> {
    const project = write(`${at.port}-${name.replaceAll(" ", "-")}`, files);
    const script = [
      `cd ${projectRoot}`,
      documented("run: environment", at),
      `cd ${project}`,
      ...[...after, name].map((each) => documented(`run: ${each}`, at)),
    ].join("\n");
    const env = { ...environment, ...keyOf(at), PATH: `${path}${environment["PATH"]}` };
    const result = await tryCommand("bash", ["-euo", "pipefail", "-c", script], { env, timeout: 450 });
    expect(result.code, `${result.stdout}\n${result.stderr}`).toBe(0);
    for (const each of [...after, name]) done.add(`run: ${each}`);
    return result;
  }

  const shosoinAws = (...args: string[]) =>
    server.aws(["codeartifact", ...args, "--domain", "my-organization", "--output", "text"]);
  const versions = async (format: string, name: string, namespace = ""): Promise<string> => {
    const named = ["--format", format, "--package", name, ...(namespace ? ["--namespace", namespace] : [])];
    return shosoinAws(
      ...["list-package-versions", "--repository", "my-packages", ...named],
      ...["--query", "versions[].[version,status]"],
    );
  };

  const node = (name: string) => ({
    "package.json": JSON.stringify({ name: `@shosoin-example/${name}`, version: "1.0.0", license: "MIT" }),
    "index.js": "module.exports = 1;\n",
  });
  const yarn4Files = { ...node("by-yarn4"), "yarn.lock": "" };

  test("npm, pnpm and both yarns install and publish", async () => {
    await run("npm", node("by-npm"));
    await run("pnpm", node("by-pnpm"));
    await run("yarn 1", node("by-yarn1"), { path: join(folder.path, "yarn-1") + delimiter });
    await run("yarn 4", yarn4Files, { path: join(folder.path, "yarn-4") + delimiter });
    for (const name of ["by-npm", "by-pnpm", "by-yarn1", "by-yarn4"])
      expect(await versions("npm", name, "shosoin-example")).toBe("1.0.0\tPublished");
    expect(await versions("npm", "ms")).toContain("Published");
  });

  async function distributions(name: string): Promise<Record<string, Uint8Array>> {
    const module = name.replaceAll("-", "_");
    const source = write(`source-${name}`, {
      "pyproject.toml": `[project]\nname = "${name}"\nversion = "1.0"\nrequires-python = ">=3.8"\n[build-system]\nrequires = ["uv_build>=0.13,<0.14"]\nbuild-backend = "uv_build"\n`,
    });
    write(`source-${name}/src/${module}`, { "__init__.py": "" });
    await runCommand(client("uv"), ["build", "--offline", source], { env: environment });
    return Object.fromEntries(
      [`${module}-1.0-py3-none-any.whl`, `${module}-1.0.tar.gz`].map((file) => [
        `dist/${file}`,
        readFileSync(join(source, "dist", file)),
      ]),
    );
  }

  test("pip, twine, uv and poetry install and publish; a version is yanked and back", async () => {
    await run("pip and twine", await distributions("by-twine"));
    await run("uv", await distributions("by-uv"));
    await run("poetry", {
      "pyproject.toml": `[project]\nname = "by-poetry"\nversion = "1.0"\nrequires-python = ">=3.10"\ndependencies = []\n[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n`,
      "by_poetry/__init__.py": "",
    });
    await run("yank", {});
    for (const name of ["by-twine", "by-uv", "by-poetry"])
      expect(await versions("pypi", name)).toBe("1.0\tPublished");
  });

  const mavenProject = (at: RunningServer) => ({
    "settings.xml": documented("file: settings.xml", at),
    "pom.xml": `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>lib</artifactId><version>1.0</version><packaging>pom</packaging>${documented("file: distributionManagement", at)}</project>`,
  });

  test("Maven deploys and Gradle resolves", async () => {
    await run("maven", mavenProject(server));
    expect(await versions("maven", "lib", "com.example")).toBe("1.0\tPublished");
    const files = { "build.gradle": documented("file: build.gradle"), "settings.gradle": "" };
    const { stdout } = await run("gradle", files);
    expect(stdout).toContain("commons-text-1.12.0.jar");
  });

  test("nuget.exe pushes and installs", async () => {
    const files = { "Acme.Core.1.2.0.nupkg": nupkg({ id: "Acme.Core", version: "1.2.0" }) };
    await run("nuget", files);
    expect(await versions("nuget", "acme.core")).toBe("1.2.0\tPublished");
  });

  test("a generic package is published and got", async () => {
    await run("generic", {});
    expect(readFileSync(join(folder.path, `${server.port}-generic/copy.txt`), "utf8")).toBe("hello\n");
  });

  test("names are reserved", async () => {
    await run("origin controls", {});
    const group = ["--package-group", "/npm/acme/*", "--query"];
    expect(
      await shosoinAws(
        "describe-package-group",
        ...group,
        "packageGroup.originConfiguration.restrictions.EXTERNAL_UPSTREAM.effectiveMode",
      ),
    ).toBe("BLOCK");
  });

  test("npm, pip, twine and Maven do the same with TLS", async () => {
    const at = await started.add(RunningServer.start({ args: ["--tls", "auto"] }), (tls) => tls.stop());
    expect(at.url).toStartWith("https:");
    await run("repositories", {}, { at, after: [] });
    await run("npm", node("by-npm"), { at });
    await run("pip and twine", await distributions("by-twine"), { at, after: ["token", "tls"] });
    rmSync(join(folder.path, ".m2"), { recursive: true, force: true });
    await run("maven", mavenProject(at), { at, after: ["token", "tls"] });
  });

  test("no block of the page is left out", () => {
    expect(documentedMarks(PAGE, "run").filter((mark) => !done.has(mark))).toEqual([]);
    const shell = [...PAGE.matchAll(/^```sh$/gm)].length;
    expect(documentedMarks(PAGE, "run").length).toBe(shell);
  });
});

interface RunOptions {
  readonly at?: RunningServer;
  readonly after?: readonly string[];
  readonly path?: string;
}

function keyOf({ data, rootKey }: RunningServer): Record<string, string> {
  return {
    SHOSOIN_DATA: data,
    SHOSOIN_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId,
    SHOSOIN_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
  };
}
