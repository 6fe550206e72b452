/** Every shell block of docs/lifecycle.md, run as it stands there, one after the other in one shell. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { describeWithClients, findClient } from "../client.ts";
import { tryCommand } from "../command.ts";
import { documentedBlock, documentedMarks } from "../documented-blocks.ts";
import { projectRoot, RunningServer } from "../running-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(180_000);

const PAGE = readFileSync(join(projectRoot, "docs/lifecycle.md"), "utf8");

/** What a reader sees, by block. */
const SEEN: Readonly<Record<string, string>> = {
  rules: '"TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"',
  preview: "s3://my-artifacts",
  restore: "ongoing-request=",
};

describeWithClients("the commands of docs/lifecycle.md", ["aws"], () => {
  const folder = temporaryFolder("lifecycle-page");
  let server: RunningServer | undefined;

  beforeAll(async () => {
    server = await RunningServer.start();
    writeFileSync(join(folder.path, "image.tar.gz"), "layers\n".repeat(30_000));
  });
  afterAll(async () => {
    await server?.stop();
    folder.remove();
  });

  test("do what the page says", async () => {
    const blocks = documentedMarks(PAGE, "run").map((mark) => mark.replace("run: ", ""));
    expect(blocks).toEqual(Object.keys(SEEN));
    const command = process.env["SHOSOIN_TEST_COMMAND"] ?? `${process.execPath} ${projectRoot}/src/main.ts`;
    const script = [
      `shosoin() { ${command} "$@"; }`,
      ...blocks.flatMap((name) => [`echo "=== ${name}"`, documentedBlock(PAGE, `run: ${name}`)]),
    ];
    const result = await tryCommand("bash", ["-euo", "pipefail", "-c", script.join("\n")], {
      cwd: folder.path,
      env: {
        ...server?.awsEnvironment,
        SHOSOIN_DATA: server?.data,
        HOME: folder.path,
        PATH: [dirname(findClient("aws") ?? ""), process.env["PATH"] ?? ""].join(delimiter),
      },
      timeout: 170,
    });
    expect(result.code, `${result.stdout}\n${result.stderr}`).toBe(0);
    for (const [name, seen] of Object.entries(SEEN))
      expect(result.stdout.split(`=== ${name}\n`)[1]?.split("\n=== ")[0]).toContain(seen);
  });
});
