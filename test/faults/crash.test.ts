import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { PushLedger } from "../push-ledger.ts";
import { RegistryClient, sha256 } from "../registry-client.ts";
import { RunningServer } from "../running-server.ts";

const ROUNDS = 4;
const PUSHERS = 200;

describe("kill -9 during 200 concurrent pushes", () => {
  test("loses nothing that was acknowledged, and the restarted server serves it all", async () => {
    const server = await RunningServer.start();
    const ledger = new PushLedger("crash");
    try {
      await server.aws(["ecr", "create-repository", "--repository-name", "crash"]);
      const password = await server.registryPassword();
      for (let round = 0; round < ROUNDS; round++) {
        const clients = Array.from({ length: PUSHERS }, () => new RegistryClient(server.url, password));
        const before = ledger.manifests.size;
        const pushing = clients.map((client, index) => ledger.push(client, `r${round}-p${index}`, "end"));
        // Not before the first image is complete, then at a random moment.
        while (ledger.manifests.size === before) await sleep(10);
        await sleep(Math.random() * 1500);
        await server.kill("SIGKILL");
        await Promise.all(pushing);
        for (const client of clients) client.close();
        expect(ledger.manifests.size).toBeGreaterThan(before);
        await server.restart();
        const reader = new RegistryClient(server.url, password);
        await ledger.expectAllServed(reader);
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
