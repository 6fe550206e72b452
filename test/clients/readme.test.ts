import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { BackgroundProcess } from "../background-process.ts";
import { describeWithClients, findClient } from "../client.ts";
import { type CommandResult, tryCommand } from "../command.ts";
import { DockerEngine } from "../docker-engine.ts";
import { documentedBlock } from "../documented-blocks.ts";
import { projectRoot } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(120_000);

/**
 * The README's quick start, run as it is written: the shell blocks under its `<!-- quick start: NAME -->` marks.
 * Four things are other than a reader has them: `npm ci` is left out (its outcome runs this test), data
 * folder and address come from the environment, port 7560 is a free one, and the packages' example is a copy.
 */
const readme = readFileSync(join(projectRoot, "README.md"), "utf8");

const block = (name: string) => documentedBlock(readme, `quick start: ${name}`);

describeWithClients("the README's quick start", ["aws", "docker", "dockerd", "skopeo", "curl"], () => {
  const started = new Started();
  const folder = temporaryFolder("readme");
  let engine: DockerEngine;
  let server: BackgroundProcess;
  let environment: Record<string, string>;
  let port: string;

  beforeAll(async () => {
    engine = await started.add(DockerEngine.start(), (running) => running.stop());
    const commands = ["docker", "aws", "skopeo", "curl"].map((name) => dirname(findClient(name) ?? ""));
    environment = {
      ...engine.environment,
      SHOSOIN_DATA: join(folder.path, "data"),
      SHOSOIN_LISTEN: "127.0.0.1:0",
      PATH: [...commands, process.env["PATH"] ?? ""].join(delimiter),
      HOME: folder.path,
    };
    const command = block("the server").replace("npm ci && ", "exec ").trim();
    expect(command).toBe("exec npm start");
    server = await started.add(
      BackgroundProcess.start("bash", ["-c", command], { cwd: projectRoot, env: environment }),
      (running) => running.stop(),
    );
    const ready = await server.waitFor(/Shosoin is ready: http:\/\/127\.0\.0\.1:(\d+)/, 60);
    port = ready[1] ?? "";
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  function run(name: string): Promise<CommandResult> {
    const example = join(folder.path, "codebuild");
    const script = block(name).replaceAll("7560", port).replaceAll("cd examples/codebuild", `cd ${example}`);
    // What `npm test` tells its children would decide where npm keeps a login.
    const foreign = Object.keys(process.env).filter((variable) => /^npm_/i.test(variable));
    const env = { ...Object.fromEntries(foreign.map((variable) => [variable, undefined])), ...environment };
    return tryCommand("bash", ["-euo", "pipefail", "-c", script], { cwd: projectRoot, env });
  }

  test("docker and the AWS CLI push, pull and describe the image", async () => {
    const result = await run("docker");
    expect(result.stderr + result.stdout).toContain("Login Succeeded");
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toMatch(/v1\.0\.0: digest: sha256:[0-9a-f]{64}/);
    expect(result.stdout).toContain('"imageTags": [\n                "v1.0.0"');
  });

  test("other content under the immutable tag is refused in the words that the README shows", async () => {
    const result = await run("docker, refused");
    expect(result.code).not.toBe(0);
    const shown = /^ {4}(tag invalid: .*\n) {4}(because .*\.)\n/m.exec(readme);
    expect(shown).not.toBeNull();
    expect(result.stderr).toContain(`${shown?.[1]?.trim()} ${shown?.[2]}`);
  });

  test("npm, logged in by the AWS CLI, installs, builds and publishes", async () => {
    cpSync(join(projectRoot, "examples/codebuild"), join(folder.path, "codebuild"), {
      recursive: true,
      filter: (source) => !/\/(?:node_modules|dist)$/.test(source),
    });
    const result = await run("packages");
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toContain("+ @my-organization/greeting@1.0.0");
    expect(result.stdout).toMatch(/published .* by|\.tarball: http/);
  });

  test("files are kept in a bucket", async () => {
    const result = await run("files");
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toMatch(/ releases\/v1\.0\.0\/README\.md$/m);
  });

  test("curl and skopeo do the same without an engine", async () => {
    const result = await run("curl and skopeo");
    expect(result.code, result.stderr).toBe(0);
    const index = readFileSync(join(projectRoot, "examples/container-image/layout/index.json"), "utf8");
    const digest = JSON.parse(index).manifests[0].digest;
    expect(result.stdout).toContain(`"Digest": "${digest}"`);
    expect(result.stdout).toContain(`"imageDigest":"${digest}"`);
  });

  test("npm start -- --help lists every flag that the README names", async () => {
    const help = await tryCommand("npm", ["start", "--", "--help"], { cwd: projectRoot, env: environment });
    expect(help.code).toBe(0);
    for (const [flag] of readme.matchAll(
      /(?<=[`| ])--(?:data|listen|upstream|tls|tls-cert|tls-key|domain|database|blobs)\b/g,
    )) {
      expect(help.stdout).toContain(`${flag} `);
    }
  });

  test("every file that the README points to is there", () => {
    const links = [...readme.matchAll(/\]\((?!http)([^)]+)\)/g)].map((match) => match[1] ?? "");
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) expect(() => readFileSync(join(projectRoot, link))).not.toThrow();
  });

  test("SIGTERM to npm ends the server, too", async () => {
    expect(await server.stop("SIGTERM")).not.toBe(137);
    // A server that npm left behind would still answer.
    await expect(fetch(`http://127.0.0.1:${port}/-/healthz`)).rejects.toThrow();
  });
});
