/** What clients notice when files of the server are lost or altered, and how the same push again heals them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { filesIn, flip, sha256 } from "../blob-bytes.ts";
import { RegistryClient } from "../registry-client.ts";
import { RunningServer } from "../running-server.ts";

let server: RunningServer;
let registry: RegistryClient;
let s3: S3Client;
beforeAll(async () => {
  server = await RunningServer.start();
  registry = new RegistryClient(server.url, await server.registryPassword());
  s3 = new S3Client({
    ...{ endpoint: server.url, region: "us-east-1", maxAttempts: 1, forcePathStyle: true },
    credentials: server.rootKey,
  });
  await server.aws(["ecr", "create-repository", "--repository-name", "app"]);
  await server.aws(["ecr", "create-repository", "--repository-name", "other"]);
  await server.aws(["s3", "mb", "s3://artifacts"]);
}, 60_000);
afterAll(async () => {
  registry?.close();
  s3?.destroy();
  await server?.stop();
});

const files = () => filesIn(join(server.data, "blobs"));

/** What `make` put on the disk. */
async function fileOf(make: () => Promise<unknown>): Promise<string> {
  const before = files();
  await make();
  const [file, ...others] = files().filter((one) => !before.includes(one));
  if (file === undefined || others.length > 0) throw new Error(`${others.length} more files than one`);
  return file;
}

async function measure(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/-/metrics`)).text();
  return Number(new RegExp(`shosoin_storage{measure="${name}"} (\\d+)`).exec(text)?.[1]);
}

/** Metrics are counted now and then. */
async function measured(name: string, value: number): Promise<void> {
  for (let tries = 0; tries < 400 && (await measure(name)) !== value; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await measure(name)).toBe(value);
}

const damages = {
  lost: (file: string) => rmSync(file),
  "cut short": (file: string) => truncateSync(file, 100),
};

for (const [what, damage] of Object.entries(damages)) {
  test(`a layer whose file is ${what} is asked for again by the next push, and not mounted from where it is`, async () => {
    const layer = randomBytes(200_000);
    const path = `/v2/app/blobs/${sha256(layer)}`;
    damage(await fileOf(() => registry.pushLayer("app", layer)));
    // A client that asks whether it must send it is the first to notice.
    expect((await registry.send("HEAD", path)).status).toBe(404);
    const mount = `/v2/other/blobs/uploads/?mount=${sha256(layer)}&from=app`;
    expect((await registry.send("POST", mount, { headers: { "content-length": "0" } })).status).toBe(202);
    await registry.pushLayer("app", layer);
    expect((await registry.send("HEAD", path)).status).toBe(200);
    expect((await registry.send("GET", path)).body.equals(layer)).toBe(true);
    expect((await registry.send("POST", mount, { headers: { "content-length": "0" } })).status).toBe(201);
  });

  test(`a push that asks nothing heals a layer whose file is ${what}`, async () => {
    const layer = randomBytes(200_000);
    damage(await fileOf(() => registry.pushLayer("app", layer)));
    await registry.pushLayer("app", layer);
    expect((await registry.send("GET", `/v2/app/blobs/${sha256(layer)}`)).body.equals(layer)).toBe(true);
  });
}

test("an object whose bytes were altered is not given out, is counted, and is whole when it is put again", async () => {
  const content = randomBytes(500_000);
  const put = () => s3.send(new PutObjectCommand({ Bucket: "artifacts", Key: "app.bin", Body: content }));
  const get = async () => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: "artifacts", Key: "app.bin" }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  };
  flip(await fileOf(put), 300_000);
  await expect(get()).rejects.toThrow();
  // From now on at once, and not in the middle.
  await measured("damaged", 1);
  await expect(get()).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
  await put();
  expect((await get()).equals(content)).toBe(true);
  await measured("damaged", 0);
}, 60_000);
