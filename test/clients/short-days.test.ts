/** SHOSOIN_DAY_SECONDS on the running server: what takes days to go is gone in seconds. */
import { expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describeWithClients } from "../client.ts";
import { RegistryClient, sha256 } from "../registry-client.ts";
import { RunningServer } from "../running-server.ts";

const LAYER_BYTES = 300_000;
/** Encrypted: five segments, each with a tag of 16 bytes. */
const STORED_BYTES = LAYER_BYTES + 5 * 16;

/** How many files of the data folder are as large as a layer of this test, and none of the database's. */
function layerFiles(data: string): number {
  const names = readdirSync(data, { recursive: true, encoding: "utf8" });
  return names.map((name) => statSync(join(data, name))).filter((file) => file.size === STORED_BYTES).length;
}

describeWithClients("on short days", ["aws"], () => {
  test("a deleted image's bytes leave the disk within a minute, the layers that others have stay", async () => {
    const server = await RunningServer.start({ env: { SHOSOIN_DAY_SECONDS: "2" } });
    try {
      await server.aws(["ecr", "create-repository", "--repository-name", "app"]);
      await server.aws(["ecr", "create-repository", "--repository-name", "other"]);
      const registry = new RegistryClient(server.url, (await server.registryPassword()).trim());
      const [own, sharedHere, sharedElsewhere] = ["a", "b", "c"].map((byte) =>
        Buffer.alloc(LAYER_BYTES, byte),
      );
      if (!own || !sharedHere || !sharedElsewhere) throw new TypeError("three layers");
      await registry.pushImage("app", "stays", [sharedHere]);
      await registry.pushImage("other", "stays", [sharedElsewhere]);
      await registry.pushImage("app", "goes", [own, sharedHere, sharedElsewhere]);
      expect(layerFiles(server.data)).toBe(3);
      const imageIds = ["--image-ids", "imageTag=goes"];
      await server.aws(["ecr", "batch-delete-image", "--repository-name", "app", ...imageIds]);
      for (let second = 0; second < 60 && layerFiles(server.data) > 2; second++) await pause(1000);
      expect(layerFiles(server.data)).toBe(2);

      const blob = async (repository: string, content: Buffer) => {
        const { status, body } = await registry.send("GET", `/v2/${repository}/blobs/${sha256(content)}`);
        return status === 200 && sha256(body) === sha256(content);
      };
      expect(await blob("app", sharedHere)).toBe(true);
      expect(await blob("other", sharedElsewhere)).toBe(true);
      expect(await blob("app", own)).toBe(false);
      expect(await blob("app", sharedElsewhere)).toBe(false);

      await server.aws([
        "ecr",
        "batch-delete-image",
        "--repository-name",
        "other",
        "--image-ids",
        "imageTag=stays",
      ]);
      for (let second = 0; second < 60 && layerFiles(server.data) > 1; second++) await pause(1000);
      expect(layerFiles(server.data)).toBe(1);
      registry.close();
    } finally {
      await server.stop();
    }
  }, 150_000);
});
