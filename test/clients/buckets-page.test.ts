/** Every shell block of docs/buckets.md, run as it stands there, one after the other in one shell. Port 7560 is a free one. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { describeWithClients, findClient } from "../client.ts";
import { tryCommand } from "../command.ts";
import { documentedBlock, documentedMarks } from "../documented-blocks.ts";
import { projectRoot, RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(180_000);

const PAGE = readFileSync(join(projectRoot, "docs/buckets.md"), "utf8");

/** What a reader sees, by block. */
const SEEN: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  bucket: [/ releases\/v1\.0\.0\/app\.jar$/m, / releases\/v1\.0\.0\/checksums\.txt$/m],
  once: ["v1.1.0 is there already"],
  key: ['"aws:kms"'],
  preview: ["DeleteOldVersions", "releases/v1.0.0/app.jar"],
  presign: [/^[0-9a-f]{64} {2}app\.jar$/m],
};

describeWithClients("the commands of docs/buckets.md", ["aws", "curl"], () => {
  const started = new Started();
  const folder = temporaryFolder("buckets-page");
  let server: RunningServer;

  beforeAll(async () => {
    server = await started.add(RunningServer.start(), (running) => running.stop());
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  test("do what the page says", async () => {
    const blocks = documentedMarks(PAGE, "run").map((mark) => mark.replace("run: ", ""));
    const script = blocks.flatMap((name) => {
      const block = documentedBlock(PAGE, `run: ${name}`).replaceAll("7560", String(server.port));
      // These two are run in the project's folder, all others where the reader works.
      const where = /^npm |"\$\(npm /m.test(block) ? projectRoot : folder.path;
      return [`echo "=== ${name}"`, `cd ${where}`, block];
    });
    const programs = ["aws", "curl"].map((name) => dirname(findClient(name) ?? ""));
    const result = await tryCommand("bash", ["-euo", "pipefail", "-c", script.join("\n")], {
      env: {
        SHOSOIN_DATA: server.data,
        SHOSOIN_ROOT_ACCESS_KEY_ID: server.rootKey.accessKeyId,
        SHOSOIN_ROOT_SECRET_ACCESS_KEY: server.rootKey.secretAccessKey,
        HOME: folder.path,
        AWS_PAGER: "",
        PATH: [...programs, process.env["PATH"] ?? ""].join(delimiter),
      },
      timeout: 170,
    });
    expect(result.code, `${result.stdout}\n${result.stderr}`).toBe(0);
    for (const [name, seen] of Object.entries(SEEN)) {
      const output = result.stdout.split(`=== ${name}\n`)[1]?.split("\n=== ")[0] ?? "";
      for (const text of seen) {
        if (typeof text === "string") expect(output).toContain(text);
        else expect(output).toMatch(text);
      }
    }
  });
});
