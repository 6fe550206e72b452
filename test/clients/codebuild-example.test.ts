/** examples/codebuild: its README's blocks as they stand there, in a copy of the folder. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, readFileSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { describeWithClients, findClient } from "../client.ts";
import { type CommandResult, tryCommand } from "../command.ts";
import { documentedBlock } from "../documented-blocks.ts";
import { projectRoot, RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(300_000);

const README = readFileSync(join(projectRoot, "examples/codebuild/README.md"), "utf8");
const FOREIGN = /^(?:npm_|node_options|ci$|aws_|codeartifact_)/i;

describeWithClients("the CodeBuild example", ["aws", "npm", "node"], () => {
  const started = new Started();
  const folder = temporaryFolder("codebuild-example");
  let server: RunningServer;

  beforeAll(async () => {
    server = await started.add(RunningServer.start(), (running) => running.stop());
    // The project as the reader has it, so that nothing is written into the tree.
    for (const name of ["package.json", "node_modules", "src"])
      symlinkSync(join(projectRoot, name), join(folder.path, name));
    cpSync(join(projectRoot, "examples/codebuild"), join(folder.path, "examples/codebuild"), {
      recursive: true,
      filter: (source) => !/\/(?:node_modules|dist|phases\.sh)$/.test(source),
    });
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  /** One after another in one shell, as a reader types them. */
  function run(...names: readonly string[]): Promise<CommandResult> {
    const foreign = Object.keys(process.env).filter((name) => FOREIGN.test(name));
    const programs = ["aws", "npm", "node"].map((name) => dirname(findClient(name) ?? ""));
    const env = {
      ...Object.fromEntries(foreign.map((name) => [name, undefined])),
      HOME: folder.path,
      PATH: [...programs, process.env["PATH"] ?? ""].join(delimiter),
      SHOSOIN_DATA: server.data,
      SHOSOIN_ROOT_ACCESS_KEY_ID: server.rootKey.accessKeyId,
      SHOSOIN_ROOT_SECRET_ACCESS_KEY: server.rootKey.secretAccessKey,
      AWS_PAGER: "",
    };
    const script = names.map((name) => documentedBlock(README, `run: ${name}`)).join("\n");
    return tryCommand("bash", ["-euo", "pipefail", "-c", script], { cwd: folder.path, env, timeout: 280 });
  }

  test("the phases of the buildspec log in, install, build and publish", async () => {
    const result = await run("environment", "repositories", "phases", "published");
    expect(result.code, `${result.stdout}\n${result.stderr}`).toBe(0);
    for (const command of ["export CODEARTIFACT_AUTH_TOKEN=", "npm ci", "npm run build", "npm publish"])
      expect(result.stderr).toContain(`+ ${command}`);
    expect(result.stdout).toContain("+ @my-organization/greeting@1.0.0");
    expect(result.stdout).toMatch(/^1\.0\.0$/m);
    expect(result.stdout).toContain('"status": "Published"');
  });

  test("what npm ci installed came through the repository and is kept", async () => {
    const kept = await server.aws([
      ...["codeartifact", "list-packages", "--domain", "my-organization", "--repository", "npm-store"],
      ...["--query", "packages[].package", "--output", "text"],
    ]);
    expect(kept.split(/\s+/)).toEqual(expect.arrayContaining(["ms", "terser", "acorn"]));
  });

  test("a second run is refused, for the version is there", async () => {
    const again = await run("environment", "phases");
    expect(again.code).not.toBe(0);
    expect(`${again.stdout}${again.stderr}`).toContain("cannot publish over");
  });
});
