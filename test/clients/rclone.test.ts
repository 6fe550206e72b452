/** rclone: copies, syncs and checks with its own comparison, and reads old versions of files. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { client, describeWithClients } from "../client.ts";
import { runCommand, tryCommand } from "../command.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";
import {
  type BucketServer,
  digests,
  readTree,
  SCHEMES,
  sampleFiles,
  startBucketServer,
  writeTree,
} from "./bucket-server.ts";

for (const scheme of SCHEMES) {
  describeWithClients(`rclone over ${scheme}`, ["rclone", "aws"], () => {
    let buckets: BucketServer;
    let folder: TemporaryFolder;
    let settings: Record<string, string | undefined>;
    const files = sampleFiles();
    const local = (name: string) => join(folder.path, name);
    beforeAll(async () => {
      folder = temporaryFolder("rclone");
      writeTree(local("tree"), files);
      buckets = await startBucketServer(scheme);
      const { server, authority } = buckets;
      settings = {
        ...{ RCLONE_CONFIG: local("rclone.conf"), RCLONE_CONFIG_STORE_TYPE: "s3" },
        ...{ RCLONE_CONFIG_STORE_PROVIDER: "Other", RCLONE_CONFIG_STORE_ENDPOINT: server.url },
        RCLONE_CONFIG_STORE_ACCESS_KEY_ID: server.rootKey.accessKeyId,
        RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY: server.rootKey.secretAccessKey,
        RCLONE_CA_CERT: authority,
        // One of the machine's would keep rclone from starting.
        AWS_CA_BUNDLE: undefined,
      };
      await rclone("mkdir", "store:artifacts");
    }, 60_000);
    afterAll(async () => {
      await buckets?.server.stop();
      folder?.remove();
    });

    function rclone(...line: string[]): Promise<string> {
      return runCommand(client("rclone"), ["--retries=1", "--low-level-retries=1", ...line], {
        env: settings,
      });
    }

    test("copy brings a tree in, in parts where it is large, and out again", async () => {
      await rclone(
        "copy",
        "--s3-upload-cutoff=5M",
        "--s3-chunk-size=5M",
        local("tree"),
        "store:artifacts/copied",
      );
      await rclone("copy", "store:artifacts/copied", local("back"));
      expect(readTree(local("back"))).toEqual(digests(files));
    }, 60_000);

    test("check compares sums, and bytes when told so", async () => {
      await rclone("check", local("tree"), "store:artifacts/copied");
      await rclone("check", "--download", local("tree"), "store:artifacts/copied");
      writeFileSync(local("back/app.jar"), Buffer.alloc(100_000));
      const differs = await tryCommand(client("rclone"), ["check", local("back"), "store:artifacts/copied"], {
        env: settings,
      });
      expect(differs.code).not.toBe(0);
      expect(differs.stderr).toContain("app.jar: md5 differ");
    }, 60_000);

    test("times of files survive the way through the store", async () => {
      expect(await rclone("lsl", "store:artifacts/copied/app.jar")).toBe(
        await rclone("lsl", local("tree/app.jar")),
      );
    });

    test("sync inside the store copies there, and removes what the source does not have", async () => {
      await rclone("copyto", local("tree/app.jar"), "store:artifacts/second/stale.jar");
      await rclone("sync", "store:artifacts/copied", "store:artifacts/second");
      await rclone("check", "store:artifacts/copied", "store:artifacts/second");
      expect(await rclone("lsf", "store:artifacts/second")).not.toContain("stale.jar");
    }, 60_000);

    test("old versions are listed by their time and copied back", async () => {
      await rclone("mkdir", "store:versions");
      expect(await rclone("backend", "versioning", "store:versions", "Enabled")).toBe("Enabled");
      writeFileSync(local("notes.txt"), "first");
      await rclone("copyto", local("notes.txt"), "store:versions/notes.txt");
      // rclone names a version by the second in which it was written.
      await sleep(1100);
      writeFileSync(local("notes.txt"), "second");
      await rclone("copyto", local("notes.txt"), "store:versions/notes.txt");
      await rclone("deletefile", "store:versions/notes.txt");
      expect(await rclone("lsf", "store:versions")).toBe("");

      const names = (await rclone("lsf", "--s3-versions", "store:versions")).split("\n");
      expect(names).toHaveLength(2);
      await rclone("copy", "--s3-versions", "store:versions", local("versions"));
      const contents = names.map((name) => readFileSync(local(`versions/${name}`), "utf8"));
      expect(contents.toSorted()).toEqual(["first", "second"]);

      await rclone("backend", "cleanup-hidden", "store:versions");
      expect(await rclone("lsf", "--s3-versions", "store:versions")).toBe("");
    }, 60_000);

    test("purge empties a bucket and removes it", async () => {
      rmSync(local("back"), { recursive: true, force: true });
      await rclone("purge", "store:artifacts");
      expect(await rclone("lsf", "store:")).not.toContain("artifacts");
    }, 60_000);
  });
}
