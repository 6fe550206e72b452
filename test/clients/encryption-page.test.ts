/** The shell blocks of docs/encryption.md, run in one shell from top to bottom as a reader would. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { describeWithClients, findClient } from "../client.ts";
import { tryCommand } from "../command.ts";
import { documentedBlock, documentedMarks } from "../documented-blocks.ts";
import { projectRoot, RunningServer } from "../running-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(180_000);
const page = readFileSync(join(projectRoot, "docs", "encryption.md"), "utf8");

describeWithClients("docs/encryption.md", ["aws", "openssl", "bash"], () => {
  const folder = temporaryFolder("encryption-page");
  let server: RunningServer;
  beforeAll(async () => {
    server = await RunningServer.start();
  });
  afterAll(async () => {
    await server?.stop();
    folder.remove();
  });

  test("works as it is written", async () => {
    const marks = documentedMarks(page, "run");
    expect(marks.length).toBeGreaterThan(8);
    const blocks = marks.map((mark) => `echo "== ${mark}"\n${documentedBlock(page, mark)}`);
    // The address of the server is what its reader has of `shosoin env`, which stands in the project's folder.
    const enter = `cd ${projectRoot}\n${blocks[0]}\ncd ${folder.path}`;
    const { code, stdout, stderr } = await tryCommand(
      "bash",
      ["-ec", ["set -o pipefail", enter, ...blocks.slice(1)].join("\n")],
      {
        cwd: folder.path,
        timeout: 170,
        env: {
          ...server.awsEnvironment,
          SHOSOIN_DATA: server.data,
          SHOSOIN_ROOT_ACCESS_KEY_ID: server.rootKey.accessKeyId,
          SHOSOIN_ROOT_SECRET_ACCESS_KEY: server.rootKey.secretAccessKey,
          PATH: [dirname(findClient("aws") ?? ""), process.env["PATH"] ?? ""].join(delimiter),
          HOME: folder.path,
        },
      },
    );
    expect([stderr, code]).toEqual([expect.any(String), 0]);
    const said = (mark: string) => stdout.split(`== run: ${mark}\n`)[1]?.split("\n== ")[0] ?? "";
    expect(said("secret").trim()).toBe("the password");
    expect(said("sign")).toContain("Verified OK");
    const key = /arn:aws:kms:[\w:-]+key\/[\w-]+/.exec(said("use"))?.[0];
    expect(said("use")).toContain(`"encryptionKey": "${key}"`);
    expect(said("use")).toContain(`"kmsKey": "${key}"`);
    expect(said("rotate").match(/"KeyMaterialState"/g)).toHaveLength(2);
    expect(said("delete")).toContain("PendingDeletion");
    const kept = join(folder.path, "my-safe-place.key");
    expect(readFileSync(kept, "utf8")).toBe(readFileSync(join(server.data, "root.key"), "utf8"));
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder.path, "root.key"), "utf8")).toMatch(/^[\w+/]{43}=\n$/);
  });
});
