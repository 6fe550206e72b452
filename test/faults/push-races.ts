import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { imageManifest, RegistryClient, sha256 } from "../registry-client.ts";
import type { RunningServer } from "../running-server.ts";

const CLIENTS = 30;

/** Many clients at the same thing at once, spread over the servers of one installation. */
export function testPushRaces(servers: () => readonly RunningServer[]): void {
  const first = (): RunningServer => {
    const [server] = servers();
    if (server === undefined) throw new Error("no server runs");
    return server;
  };

  async function withClients(
    repository: string,
    mutability: string,
    use: (clients: readonly RegistryClient[]) => Promise<void>,
  ): Promise<void> {
    const name = ["--repository-name", repository];
    await first().aws(["ecr", "create-repository", ...name, "--image-tag-mutability", mutability]);
    const password = await first().registryPassword();
    const all = servers();
    const clients = Array.from(
      { length: CLIENTS },
      (_, index) => new RegistryClient((all[index % all.length] ?? first()).url, password),
    );
    await use(clients);
    for (const client of clients) client.close();
  }

  test("the same layer pushed by many at once is taken from each, and is there", async () => {
    await withClients("same-layer", "MUTABLE", async (clients) => {
      const layer = randomBytes(300_000);
      await Promise.all(clients.map((client) => client.pushLayer("same-layer", layer)));
      for (const client of clients.slice(0, 2)) {
        const read = await client.send("GET", `/v2/same-layer/blobs/${sha256(layer)}`);
        expect(read.body.equals(layer)).toBe(true);
      }
    });
  });

  for (const [mutability, taken] of [
    ["MUTABLE", CLIENTS],
    ["IMMUTABLE", 1],
  ] as const) {
    test(`of many different images for one ${mutability} tag at once ${taken} are taken, and all see one tag`, async () => {
      const repository = `one-tag-${mutability.toLowerCase()}`;
      await withClients(repository, mutability, async (clients) => {
        const pushes = await Promise.all(
          clients.map(async (client, index) => {
            const layer = Buffer.from(`layer ${index}`);
            await client.pushLayer(repository, layer);
            const content = { digest: sha256(layer), size: layer.length };
            return { client, manifest: imageManifest(content, [content]) };
          }),
        );
        const answers = await Promise.all(
          pushes.map(({ client, manifest }) => client.putManifest(repository, "tag", manifest)),
        );
        expect(answers.filter(({ status }) => status === 201)).toHaveLength(taken);
        for (const answer of answers.filter(({ status }) => status !== 201)) {
          expect(answer.body.toString()).toContain("TAG_INVALID");
        }
        const seen = await Promise.all(
          clients.slice(0, 4).map((client) => client.send("GET", `/v2/${repository}/manifests/tag`)),
        );
        expect(new Set(seen.map(({ body }) => sha256(body))).size).toBe(1);
        const winner = answers.find(
          ({ headers }) => headers["docker-content-digest"] === sha256(seen[0]?.body ?? Buffer.alloc(0)),
        );
        expect(winner?.status).toBe(201);
        const tagged = ["--filter", "tagStatus=TAGGED", "--query", "imageIds[].imageTag"];
        const list = await first().aws(["ecr", "list-images", "--repository-name", repository, ...tagged]);
        expect(JSON.parse(list)).toEqual(["tag"]);
      });
    });
  }

  test("a repository deleted under pushes is gone for each of them, and made anew it is empty", async () => {
    await withClients("deleted", "MUTABLE", async (clients) => {
      const pushes = Promise.allSettled(
        clients.map((client, index) => client.pushImage("deleted", `tag-${index}`, [randomBytes(200_000)])),
      );
      await sleep(100);
      await first().aws(["ecr", "delete-repository", "--repository-name", "deleted", "--force"]);
      for (const push of await pushes) {
        if (push.status === "rejected") expect(String(push.reason)).toMatch(/: 404 .*(NAME|UPLOAD)_UNKNOWN/);
      }
      await first().aws(["ecr", "create-repository", "--repository-name", "deleted"]);
      const list = await first().aws(["ecr", "list-images", "--repository-name", "deleted"]);
      expect(JSON.parse(list).imageIds).toEqual([]);
    });
  });
}
