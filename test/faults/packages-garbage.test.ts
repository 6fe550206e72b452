/** Packages that are deleted or disposed of leave no bytes and no rows behind; what others have stays. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-codeartifact";
import { migrations } from "../../src/migrations.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { describeWithClients } from "../client.ts";
import { DOMAIN, makeRepositories, tokenOf } from "../clients/package-repositories.ts";
import { digest, publication, randomText, tarballOf } from "../local-packages.ts";
import { LocalUpstream } from "../local-upstream.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(120_000);

/** Random text shrinks to three quarters. */
const FILE_BYTES = 250_000;

describeWithClients("garbage of packages", ["aws"], () => {
  const started = new Started();
  let upstream: LocalUpstream;
  let data: string;
  let server: RunningServer;
  let api: sdk.CodeartifactClient;
  let token: string;
  const where = { domain: DOMAIN, repository: "my-packages" } as const;

  /** Of the data folder: as large as the files here, and none of the database's. */
  const files = (): number =>
    readdirSync(data, { recursive: true, encoding: "utf8" })
      .filter((name) => !name.startsWith("metadata.db"))
      .map((name) => statSync(join(data, name), { throwIfNoEntry: false })?.size ?? 0)
      .filter((size) => size >= FILE_BYTES).length;
  const filesBecome = async (count: number): Promise<void> => {
    for (let tries = 0; tries < 300 && files() !== count; tries++) await sleep(100);
    expect(files()).toBe(count);
  };
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.url}/-/codeartifact/us-east-1/${DOMAIN}-123456789012/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
  const publishNpm = async (name: string, version: string): Promise<void> => {
    const tarball = await tarballOf(name, version, randomText(400_000));
    const body = publication(name, version, tarball);
    expect((await ask(`npm/my-packages/${name}`, { method: "PUT", body })).status).toBe(201);
  };
  const publishGeneric = (packageVersion: string, content: Buffer) =>
    api.send(
      new sdk.PublishPackageVersionCommand({
        ...{ ...where, format: "generic", namespace: "team", package: "tool", packageVersion },
        ...{
          assetName: "tool.bin",
          assetContent: content,
          assetSHA256: digest("sha256", content).toString("hex"),
        },
      }),
    );
  const generic = { ...where, format: "generic", namespace: "team", package: "tool" } as const;

  beforeAll(async () => {
    data = (await started.add(temporaryFolder("garbage"), (each) => each.remove())).path;
    upstream = await started.add(LocalUpstream.start(), (each) => each.goAway());
    const options = { data, args: upstream.args, env: { SHOSOIN_DAY_SECONDS: "1" } };
    server = await started.add(RunningServer.start(options), (each) => each.stop());
    await makeRepositories(server, "store", "public:npmjs");
    const settings = { endpoint: server.url, region: "us-east-1", credentials: server.rootKey };
    api = await started.add(new sdk.CodeartifactClient(settings), (each) => each.destroy());
    await api.send(new sdk.CreateRepositoryCommand({ domain: DOMAIN, repository: "other" }));
    token = await tokenOf(server);
  });
  afterAll(() => started.end());

  test("bytes leave the disk with the last version that has them, and their rows with them", async () => {
    await publishNpm("ours", "1.0.0");
    await publishNpm("ours", "2.0.0");
    const shared = Buffer.from(randomText(400_000));
    await publishGeneric("1", shared);
    await publishGeneric("2", shared);
    await api.send(
      new sdk.CopyPackageVersionsCommand({
        ...{ domain: DOMAIN, sourceRepository: "my-packages", destinationRepository: "other" },
        ...{ format: "generic", namespace: "team", package: "tool", versions: ["1"] },
      }),
    );
    upstream.addNpm("outside", "1.0.0", await tarballOf("outside", "1.0.0", randomText(400_000)));
    await (await ask("npm/my-packages/outside/-/outside-1.0.0.tgz")).arrayBuffer();
    await filesBecome(4);

    const npm = { ...where, format: "npm", package: "ours" } as const;
    await api.send(new sdk.DeletePackageVersionsCommand({ ...npm, versions: ["1.0.0"] }));
    await filesBecome(3);
    await api.send(new sdk.DisposePackageVersionsCommand({ ...npm, versions: ["2.0.0"] }));
    await filesBecome(2);
    await api.send(new sdk.DeletePackageVersionsCommand({ ...generic, versions: ["1", "2"] }));
    // The copy has them still, and so has the store what came through it.
    await api.send(new sdk.DeletePackageCommand({ ...where, format: "npm", package: "outside" }));
    await sleep(4000);
    expect(files()).toBe(2);
    const copy = { ...generic, repository: "other", packageVersion: "1", asset: "tool.bin" };
    const { asset } = await api.send(new sdk.GetPackageVersionAssetCommand(copy));
    expect(shared.equals((await asset?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);

    await api.send(new sdk.DeletePackageCommand({ ...generic, repository: "other" }));
    await api.send(
      new sdk.DeletePackageCommand({
        domain: DOMAIN,
        repository: "store",
        format: "npm",
        package: "outside",
      }),
    );
    await api.send(new sdk.DeletePackageCommand({ ...where, format: "npm", package: "ours" }));
    await filesBecome(0);
    await server.kill("SIGTERM");
    const metadata = await openMetadata(`sqlite://${join(data, "metadata.db")}`, migrations);
    const tables = [
      ...["codeartifact_versions", "codeartifact_assets", "codeartifact_readmes"],
      ...["codeartifact_dist_tags", "codeartifact_package_documents", "blob_references", "blobs"],
    ] as const;
    const left = [];
    for (const table of tables) {
      const rows = await metadata.reader.selectFrom(table).selectAll().execute();
      if (rows.length > 0) left.push([table, rows.length]);
    }
    await metadata.close();
    expect(left).toEqual([]);
  });
});
