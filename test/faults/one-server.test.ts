import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { RegistryClient, sha256 } from "../registry-client.ts";
import { RunningServer } from "../running-server.ts";
import { testPushRaces } from "./push-races.ts";

describe("many clients of one server", () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await RunningServer.start();
  });
  afterAll(() => server?.stop());
  testPushRaces(() => [server]);
});

describe("clients that break off", () => {
  let server: RunningServer;
  let authorization = "";
  let client: RegistryClient;
  beforeAll(async () => {
    server = await RunningServer.start();
    await server.aws(["ecr", "create-repository", "--repository-name", "broken"]);
    const password = await server.registryPassword();
    authorization = `Basic ${Buffer.from(`AWS:${password}`).toString("base64")}`;
    client = new RegistryClient(server.url, password);
  });
  afterAll(async () => {
    client.close();
    await server?.stop();
  });

  /** Sends the head and a piece of the body, then cuts the connection (RST) or closes it (FIN). */
  function breakOff(
    method: string,
    path: string,
    body: Uint8Array,
    sent: number,
    reset: boolean,
  ): Promise<void> {
    const head = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nContent-Length: ${body.length}\r\n\r\n`;
    return new Promise((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () => {
        socket.write(head);
        socket.write(body.subarray(0, sent));
        setTimeout(() => (reset ? socket.resetAndDestroy() : socket.destroy()), 20);
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve());
    });
  }

  /**
   * Asks where to go on and sends the rest. The server may still be taking in what came before the break: then it
   * refuses and says where it stands now.
   */
  async function resume(path: string, bytes: Uint8Array): Promise<number> {
    let { headers } = await client.send("GET", path);
    for (;;) {
      const there = Number(String(headers.range).split("-")[1]);
      const offset = there === 0 ? 0 : there + 1;
      const rest = await client.send("PATCH", path, {
        headers: { "content-range": `${offset}-${bytes.length - 1}` },
        body: bytes.subarray(offset),
      });
      if (rest.status !== 416 || rest.headers.range === headers.range) return rest.status;
      headers = rest.headers;
    }
  }

  /** Open files of blobs (not their folders, which stay open), as the system sees them. */
  function openBlobs(): string[] {
    const folder = `/proc/${server.pid}/fd`;
    return readdirSync(folder)
      .map((name) => {
        try {
          return readlinkSync(`${folder}/${name}`);
        } catch {
          return "";
        }
      })
      .filter((target) => /\/blobs\/..\/./.test(target));
  }

  const layer = randomBytes(4_000_000);

  for (const reset of [true, false]) {
    const how = reset ? "with a reset" : "by closing";
    test(`at every step ${how}: the upload goes on where the server says, and nothing stays open`, async () => {
      for (const [method, sent] of [
        ["PATCH", 0],
        ["PATCH", 100_000],
        ["PATCH", 3_999_999],
        ["PUT", 1_500_000],
      ] as const) {
        const path = new URL(await client.startUpload("broken"), server.url).pathname;
        const target = method === "PUT" ? `${path}?digest=${sha256(layer)}` : path;
        await breakOff(method, target, layer, sent, reset);
        expect(await resume(path, layer)).toBe(202);
        expect((await client.finish(path, sha256(layer))).status).toBe(201);
      }
      await breakOff("POST", `/v2/broken/blobs/uploads/?digest=${sha256(layer)}`, layer, 1_000_000, reset);
      await breakOff("PUT", "/v2/broken/manifests/tag", Buffer.alloc(1000), 10, reset);
      for (let pull = 0; pull < 20; pull++) {
        await breakOff("GET", `/v2/broken/blobs/${sha256(layer)}`, Buffer.alloc(0), 0, reset);
      }
      expect((await client.send("GET", "/v2/broken/manifests/tag")).status).toBe(404);
      expect((await client.send("GET", `/v2/broken/blobs/${sha256(layer)}`)).body.equals(layer)).toBe(true);
      while (openBlobs().length > 0) await sleep(50);
    });
  }
});

describe("SIGTERM", () => {
  test("lets a push that is under way end, takes no further connection, and exits with 0", async () => {
    const server = await RunningServer.start();
    try {
      await server.aws(["ecr", "create-repository", "--repository-name", "stopped"]);
      const client = new RegistryClient(server.url, await server.registryPassword());
      const layer = randomBytes(2_000_000);
      const location = await client.startUpload("stopped");
      const body = new Readable({ read() {} });
      body.push(layer.subarray(0, 1_000_000));
      const pushing = client.patch(location, body);
      await sleep(200);

      const ended = server.kill("SIGTERM");
      let refused = false;
      while (!refused) {
        refused = await fetch(`${server.url}/-/healthz`).then(
          () => false,
          () => true,
        );
        await sleep(20);
      }
      body.push(layer.subarray(1_000_000));
      body.push(null);
      expect((await pushing).status).toBe(202);
      client.close();
      expect(await ended).toBe(0);

      await server.restart();
      const again = new RegistryClient(server.url, await server.registryPassword());
      expect((await again.finish(location, sha256(layer))).status).toBe(201);
      again.close();
    } finally {
      await server.stop();
    }
  });
});
