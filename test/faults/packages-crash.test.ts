/** kill -9 while package managers' files come in from both sides: nothing is there by half, and the same again succeeds. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-codeartifact";
import { describeWithClients } from "../client.ts";
import { NodeHome } from "../clients/node-home.ts";
import { DOMAIN, MY_PACKAGES, makeRepositories, tokenOf } from "../clients/package-repositories.ts";
import { digest, publication, randomText, tarballOf } from "../local-packages.ts";
import { LocalUpstream } from "../local-upstream.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(120_000);

const ROUNDS = 2;
const DOWNLOADS = 30;
const PUBLISHERS = 20;

interface Tried {
  readonly name: string;
  readonly version: string;
  readonly tarball: Buffer;
  acknowledged: boolean;
}

describeWithClients("kill -9 during cold downloads and npm publishes", ["aws", "npm"], () => {
  const started = new Started();
  const folder = temporaryFolder("packages-crash");
  let upstream: LocalUpstream;
  let server: RunningServer;
  let token: string;
  let api: sdk.CodeartifactClient;

  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.url}/-/codeartifact/us-east-1/${DOMAIN}-123456789012/npm/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
  /** Undefined when the server dies, or says that it cannot. */
  const download = async (path: string): Promise<Buffer | undefined> => {
    try {
      const response = await ask(path);
      const bytes = Buffer.from(await response.arrayBuffer());
      return response.status === 200 ? bytes : undefined;
    } catch {
      return undefined;
    }
  };
  const versionsOf = async (repository: string, name: string): Promise<readonly string[]> => {
    const response = await ask(`${repository}/${name}`);
    if (response.status === 404) return [];
    expect(response.status).toBe(200);
    return Object.keys(((await response.json()) as { versions: object }).versions);
  };

  beforeAll(async () => {
    upstream = await started.add(LocalUpstream.start(), (each) => each.goAway());
    server = await started.add(RunningServer.start({ args: upstream.args }), (each) => each.stop());
    await makeRepositories(server, "store", "public:npmjs");
    token = await tokenOf(server);
    const settings = { endpoint: server.url, region: "us-east-1", credentials: server.rootKey };
    api = await started.add(new sdk.CodeartifactClient(settings), (each) => each.destroy());
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  test("leaves no half versions, and after the restart the same downloads and installs succeed", async () => {
    const tried: Tried[] = [];
    let acknowledged = 0;
    let cut = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const outside = new Map<string, Buffer>();
      for (let index = 0; index < DOWNLOADS; index++) {
        const name = `outside-${round}-${index}`;
        outside.set(name, await tarballOf(name, "1.0.0", randomText(50_000 + index * 40_000)));
        upstream.addNpm(name, "1.0.0", outside.get(name) ?? Buffer.alloc(0));
      }
      const file = (name: string) => `my-packages/${name}/-/${name}-1.0.0.tgz`;
      upstream.pause = 15;
      const before = acknowledged;
      let whole = 0;
      const downloads = [...outside.keys()].map(async (name) => {
        const bytes = await download(file(name));
        if (bytes) whole += 1;
        return bytes;
      });
      const publishing = Array.from({ length: PUBLISHERS }, async (_, index) => {
        for (let number = 0; ; number++) {
          const [name, version] = [`ours-${index % 5}`, `${round}.${index}.${number}`];
          const tarball = await tarballOf(name, version, randomText(50_000));
          const attempt: Tried = { name, version, tarball, acknowledged: false };
          tried.push(attempt);
          try {
            const response = await ask(`my-packages/${name}`, {
              method: "PUT",
              body: publication(name, version, tarball),
            });
            expect(response.ok).toBe(true);
          } catch (error) {
            if (error instanceof TypeError || /ECONN|socket|closed|connect/i.test(String(error))) return;
            throw error;
          }
          attempt.acknowledged = true;
          acknowledged += 1;
        }
      });
      // Some files are whole, others on their way.
      while (acknowledged === before || whole === 0) await sleep(5);
      await sleep(Math.random() * 200);
      await server.kill("SIGKILL");
      const came = await Promise.all(downloads);
      await Promise.all(publishing);
      cut += came.filter((bytes) => bytes === undefined).length;
      upstream.pause = 0;
      await server.restart();

      // Whatever a repository lists as its own is there.
      for (const attempt of tried) {
        const listed = (await versionsOf("my-packages", attempt.name)).includes(attempt.version);
        const bytes = await download(`my-packages/${attempt.name}/-/${attempt.name}-${attempt.version}.tgz`);
        if (attempt.acknowledged) expect(listed).toBe(true);
        expect(listed).toBe(bytes !== undefined);
        if (bytes) expect(bytes.equals(attempt.tarball)).toBe(true);
      }
      const names = [...outside.keys()];
      const retained = await Promise.all(names.map((name) => retainedHash(name)));
      for (const [index, hashes] of retained.entries()) {
        const tarball = outside.get(names[index] ?? "") ?? Buffer.alloc(0);
        if (hashes !== undefined) expect(hashes).toBe(digest("sha256", tarball).toString("hex"));
        // Who had all of it has it retained.
        if (came[index]) expect(hashes).toBeDefined();
      }
      const again = await Promise.all(names.map((name) => download(file(name))));
      for (const [index, bytes] of again.entries())
        expect(bytes?.equals(outside.get(names[index] ?? "") ?? Buffer.alloc(0))).toBe(true);
    }
    const home = new NodeHome(join(folder.path, "home"), server);
    await home.run("aws", ["codeartifact", "login", "--tool", "npm", ...MY_PACKAGES]);
    home.write("app/package.json", { name: "app", version: "1.0.0" });
    const names = [...upstream.npm.keys(), ...Array.from({ length: 5 }, (_, index) => `ours-${index}`)];
    await home.run("npm", ["install", "--no-audit", "--no-fund", ...names], { folder: "app" });
    console.log(`${acknowledged} publishes acknowledged, ${cut} of ${ROUNDS * DOWNLOADS} downloads cut`);
  });

  /** The sha256 of the tarball that the repository keeps, if it keeps one. */
  async function retainedHash(name: string): Promise<string | undefined> {
    const asked = { domain: DOMAIN, repository: "my-packages", format: "npm", package: name } as const;
    const { assets } = await api
      .send(new sdk.ListPackageVersionAssetsCommand({ ...asked, packageVersion: "1.0.0" }))
      .catch((error: unknown) => {
        if (error instanceof sdk.ResourceNotFoundException) return { assets: [] };
        throw error;
      });
    return assets?.[0]?.hashes?.["SHA-256"];
  }
});
