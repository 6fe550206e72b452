/** restic keeps backups in a bucket: what was saved comes back, and its own checks find every byte whole. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { client, describeWithClients } from "../client.ts";
import { runCommand } from "../command.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";
import {
  type BucketServer,
  readTree,
  SCHEMES,
  sampleFiles,
  startBucketServer,
  writeTree,
} from "./bucket-server.ts";

for (const scheme of SCHEMES) {
  describeWithClients(`restic over ${scheme}`, ["restic", "aws"], () => {
    let buckets: BucketServer;
    let folder: TemporaryFolder;
    let environment: Record<string, string | undefined>;
    let first: Record<string, string>;
    const local = (name: string) => join(folder.path, name);
    beforeAll(async () => {
      folder = temporaryFolder("restic");
      writeTree(local("tree"), sampleFiles());
      buckets = await startBucketServer(scheme);
      environment = {
        ...buckets.environment,
        RESTIC_REPOSITORY: `s3:${buckets.server.url}/backups/machine`,
        RESTIC_PASSWORD: "of the test",
        RESTIC_CACHE_DIR: local("cache"),
      };
      await restic("init");
    }, 60_000);
    afterAll(async () => {
      await buckets?.server.stop();
      folder?.remove();
    });

    function restic(...line: string[]): Promise<string> {
      const trust = buckets.authority === undefined ? [] : ["--cacert", buckets.authority];
      return runCommand(client("restic"), [...trust, ...line], { env: environment, cwd: local("tree") });
    }

    test("a first backup, and a second that adds only what changed", async () => {
      first = readTree(local("tree"));
      expect(await restic("backup", ".")).toContain("saved");
      writeFileSync(local("tree/app.jar"), randomBytes(100_000));
      rmSync(local("tree/empty"));
      expect(await restic("backup", ".")).toMatch(/Files: +0 new, +1 changed, +4 unmodified/);
      expect(JSON.parse(await restic("snapshots", "--json"))).toHaveLength(2);
    }, 60_000);

    test("both states are restored byte by byte", async () => {
      const [old] = JSON.parse(await restic("snapshots", "--json")) as { id: string }[];
      await restic("restore", old?.id ?? "", "--target", local("old"));
      await restic("restore", "latest", "--target", local("new"));
      expect(readTree(local("old"))).toEqual(first);
      expect(readTree(local("new"))).toEqual(readTree(local("tree")));
    }, 60_000);

    test("check reads all data and finds it whole", async () => {
      expect(await restic("check", "--read-data")).toContain("no errors were found");
    }, 60_000);

    test("forget and prune remove what only the old state had", async () => {
      const size = async () =>
        Number(
          /Total Size: (\d+)/.exec(
            await buckets.s3(["ls", "--recursive", "--summarize", "s3://backups"]),
          )?.[1],
        );
      const before = await size();
      await restic("forget", "--keep-last", "1", "--prune", "--max-unused", "0");
      expect(await size()).toBeLessThan(before - 90_000);
      expect(await restic("check", "--read-data")).toContain("no errors were found");
    }, 60_000);
  });
}
