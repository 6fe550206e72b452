import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { imageManifest, RegistryClient, sha256 } from "../registry-client.ts";
import { RunningServer } from "../running-server.ts";

/** What the server said it has: a 201 for it was read by a client before the crash. */
interface Ledger {
  readonly layers: Map<string, Buffer>;
  readonly manifests: Map<string, Buffer>;
}

const ROUNDS = 4;
const PUSHERS = 200;

/** Pushes images of two layers until the connection breaks, and writes down each acknowledgement. */
async function pushUntilCut(client: RegistryClient, prefix: string, ledger: Ledger): Promise<void> {
  for (let image = 0; ; image++) {
    try {
      const layers = [randomBytes(300), randomBytes(20_000 + Math.floor(Math.random() * 200_000))];
      for (const layer of layers) ledger.layers.set(await client.pushLayer("crash", layer), layer);
      const contents = layers.map((layer) => ({ digest: sha256(layer), size: layer.length }));
      const config = contents[0] ?? { digest: "", size: 0 };
      const manifest = imageManifest(config, contents.slice(1));
      const tag = `${prefix}-${image}`;
      const answer = await client.putManifest("crash", tag, manifest);
      expect(answer.status).toBe(201);
      ledger.manifests.set(tag, manifest);
    } catch (error) {
      if (error instanceof Error && /ECONN|socket|hang up|EPIPE/i.test(`${error.name} ${error.message}`))
        return;
      throw error;
    }
  }
}

async function expectAllThere(client: RegistryClient, ledger: Ledger): Promise<void> {
  const missing: string[] = [];
  for (const [tag, manifest] of ledger.manifests) {
    const answer = await client.send("GET", `/v2/crash/manifests/${tag}`);
    if (answer.status !== 200 || !answer.body.equals(manifest)) missing.push(`${tag}: ${answer.status}`);
  }
  for (const [digest, layer] of ledger.layers) {
    const answer = await client.send("GET", `/v2/crash/blobs/${digest}`);
    if (answer.status !== 200 || !answer.body.equals(layer)) missing.push(`${digest}: ${answer.status}`);
  }
  expect(missing).toEqual([]);
}

describe("kill -9 during 200 concurrent pushes", () => {
  test("loses nothing that was acknowledged, and the restarted server serves it all", async () => {
    const server = await RunningServer.start();
    const ledger: Ledger = { layers: new Map(), manifests: new Map() };
    try {
      await server.aws(["ecr", "create-repository", "--repository-name", "crash"]);
      const password = await server.registryPassword();
      for (let round = 0; round < ROUNDS; round++) {
        const clients = Array.from({ length: PUSHERS }, () => new RegistryClient(server.url, password));
        const before = ledger.manifests.size;
        const pushing = clients.map((client, index) => pushUntilCut(client, `r${round}-p${index}`, ledger));
        // Not before the first image is complete, then at a random moment.
        while (ledger.manifests.size === before) await sleep(10);
        await sleep(Math.random() * 1500);
        await server.kill("SIGKILL");
        await Promise.all(pushing);
        for (const client of clients) client.close();
        expect(ledger.manifests.size).toBeGreaterThan(before);
        await server.restart();
        const reader = new RegistryClient(server.url, password);
        await expectAllThere(reader, ledger);
        reader.close();
      }
      console.log(
        `${ledger.manifests.size} manifests and ${ledger.layers.size} layers acknowledged over ${ROUNDS} crashes, all served`,
      );
    } finally {
      await server.stop();
    }
  });

  test("an upload that was acknowledged in part goes on after the restart where it stood", async () => {
    const server = await RunningServer.start();
    try {
      await server.aws(["ecr", "create-repository", "--repository-name", "resume"]);
      const client = new RegistryClient(server.url, await server.registryPassword());
      const layer = randomBytes(3_000_000);
      const location = await client.startUpload("resume");
      expect((await client.patch(location, layer.subarray(0, 2_000_000))).status).toBe(202);
      await server.kill("SIGKILL");
      client.close();
      await server.restart();
      const again = new RegistryClient(server.url, await server.registryPassword());
      const status = await again.send("GET", location);
      expect(status.status).toBe(204);
      expect(status.headers.range).toBe("0-1999999");
      expect((await again.patch(location, layer.subarray(2_000_000))).status).toBe(202);
      expect((await again.finish(location, sha256(layer))).status).toBe(201);
      const read = await again.send("GET", `/v2/resume/blobs/${sha256(layer)}`);
      expect(read.body.equals(layer)).toBe(true);
      again.close();
    } finally {
      await server.stop();
    }
  });
});
