import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { RegistryClient, randomStream } from "../registry-client.ts";
import { RunningServer } from "../running-server.ts";

/** Bytes of the layer; the full 10 GB take a minute or two. */
const SIZE = Number(process.env["SHOSOIN_TEST_LARGE_LAYER_BYTES"] ?? 10_000_000_000);

const LIMIT_MEGABYTES = 200;

/** The most memory the process ever had resident, in MB (proc(5): VmHWM, in units of 1,024 bytes). */
function peakMemory(pid: number): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return (Number(line?.[1]) * 1024) / 1e6;
}

describe("a layer of 10 GB", () => {
  test("goes in and out under 200 MB resident", async () => {
    const server = await RunningServer.start();
    try {
      await server.aws(["ecr", "create-repository", "--repository-name", "large"]);
      const password = await server.registryPassword();
      const client = new RegistryClient(server.url, password);
      const { stream, digest } = randomStream(SIZE);
      const location = await client.startUpload("large");
      const patched = await client.patch(location, stream);
      expect(patched.status).toBe(202);
      expect((await client.finish(location, digest())).status).toBe(201);
      const pushed = peakMemory(server.pid);
      expect(await download(`${server.url}/v2/large/blobs/${digest()}`, password)).toBe(SIZE);
      const pulled = peakMemory(server.pid);
      console.log(
        `peak resident memory: ${pushed.toFixed(0)} MB after the push, ${pulled.toFixed(0)} MB after the pull`,
      );
      expect(pushed).toBeLessThan(LIMIT_MEGABYTES);
      expect(pulled).toBeLessThan(LIMIT_MEGABYTES);
      client.close();
    } finally {
      await server.stop();
    }
  });
});

/** Reads a blob to its end without keeping it; resolves to how many bytes came. */
async function download(url: string, password: string): Promise<number> {
  const authorization = `Basic ${Buffer.from(`AWS:${password}`).toString("base64")}`;
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { authorization } }, (response) => {
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
      });
      response.on("end", () => resolve(size));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end();
  });
}
