import { afterAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { RegistryClient, sha256 } from "../registry-client.ts";
import { RunningServer } from "../running-server.ts";
import { describeWithSmallDisks, fileOfSize, fill, freeBytes, MIB, smallDisk } from "../small-disk.ts";

describeWithSmallDisks("a full disk", () => {
  const disks: { remove(): Promise<void> }[] = [];
  afterAll(async () => {
    for (const disk of disks) await disk.remove();
  });

  for (const [situation, reserve] of [
    ["the reserve of free space is reached", `${16 * MIB}`],
    ["the file system has no byte left", "0"],
  ] as const) {
    test(`refuses writes with a clear error when ${situation}; reads and deletes go on, and room made is used`, async () => {
      const disk = await smallDisk(96);
      disks.push(disk);
      const server = await RunningServer.start({
        data: `${disk.path}/data`,
        args: ["--min-free-disk", reserve],
      });
      try {
        await server.aws(["ecr", "create-repository", "--repository-name", "full"]);
        const client = new RegistryClient(server.url, await server.registryPassword());
        const kept = randomBytes(MIB);
        await client.pushImage("full", "kept", [kept]);

        const refusal = await pushUntilRefused(client);
        expect(refusal.status).toBeGreaterThanOrEqual(500);
        expect(refusal.body).toMatch(/disk|storage|space|room/i);
        expect(refusal.body).toMatch(/full|space|room/i);

        const read = await client.send("GET", `/v2/full/blobs/${sha256(kept)}`);
        expect(read.body.equals(kept)).toBe(true);
        expect((await client.send("GET", "/v2/full/manifests/kept")).status).toBe(200);
        expect((await client.send("GET", "/v2/full/tags/list")).status).toBe(200);

        if (reserve !== "0") {
          // With the reserve the database keeps room to write: what makes room may be deleted through the API.
          const deleted = await server.aws([
            "ecr",
            "batch-delete-image",
            "--repository-name",
            "full",
            "--image-ids",
            "imageTag=fill-0",
          ]);
          expect(JSON.parse(deleted).failures).toEqual([]);
          expect((await client.send("GET", "/v2/full/manifests/fill-0")).status).toBe(404);
        }
        client.close();
      } finally {
        await server.stop();
        rmSync(`${disk.path}/data`, { recursive: true, force: true });
      }
    });
  }

  test("that another program filled to the last byte: deletes go on, also after a restart, and room made is used", async () => {
    const disk = await smallDisk(128);
    disks.push(disk);
    const server = await RunningServer.start({
      data: `${disk.path}/data`,
      args: ["--min-free-disk", `${16 * MIB}`],
    });
    try {
      await server.aws(["ecr", "create-repository", "--repository-name", "full"]);
      const password = await server.registryPassword();
      let client = new RegistryClient(server.url, password);
      const kept = randomBytes(MIB);
      await client.pushImage("full", "kept", [kept]);
      for (const tag of ["a", "b", "c"]) await client.pushImage("full", tag, [randomBytes(1000)]);

      // What the server keeps for such a day is there soon after its start; then nothing is free any more.
      await fileOfSize(`${disk.path}/data/metadata.db-reserve`, 16 * MIB);
      await fill(disk.path);
      expect(freeBytes(disk.path)).toBe(0);

      const refused = await client.send("POST", "/v2/full/blobs/uploads/", {
        headers: { "content-length": "0" },
      });
      expect(refused.status).toBe(507);
      expect(refused.body.toString()).toContain("disk of this server is full");
      const push = ["ecr", "initiate-layer-upload", "--repository-name", "full"];
      expect((await server.tryAws(push)).stderr).toContain("The storage of this server is full");
      expect((await client.send("GET", `/v2/full/blobs/${sha256(kept)}`)).body.equals(kept)).toBe(true);
      expect((await client.send("DELETE", "/v2/full/manifests/a")).status).toBe(202);

      // The other program takes what was given up, too.
      await fill(disk.path);
      expect((await client.send("DELETE", "/v2/full/manifests/b")).status).toBe(202);
      client.close();
      await server.restart();
      client = new RegistryClient(server.url, password);
      expect((await client.send("GET", "/v2/full/manifests/kept")).status).toBe(200);
      expect((await client.send("GET", "/v2/full/manifests/b")).status).toBe(404);

      rmSync(`${disk.path}/filler`);
      expect((await client.send("DELETE", "/v2/full/manifests/c")).status).toBe(202);
      await client.pushImage("full", "again", [randomBytes(MIB)]);
      client.close();
    } finally {
      await server.stop();
      rmSync(`${disk.path}/data`, { recursive: true, force: true });
    }
  });
});

async function pushUntilRefused(client: RegistryClient): Promise<{ status: number; body: string }> {
  for (let image = 0; image < 40; image++) {
    const layer = randomBytes(4 * MIB);
    const start = await client.send("POST", "/v2/full/blobs/uploads/", {
      headers: { "content-length": "0" },
    });
    if (start.status !== 202) return { status: start.status, body: start.body.toString() };
    const location = String(start.headers.location);
    const patched = await client.patch(location, layer);
    if (patched.status !== 202) return { status: patched.status, body: patched.body.toString() };
    const finished = await client.finish(location, sha256(layer));
    if (finished.status !== 201) return { status: finished.status, body: finished.body.toString() };
    if (image === 0) await client.pushImage("full", "fill-0", [layer]);
  }
  throw new Error("160 MiB went onto a disk of 96 MiB");
}
