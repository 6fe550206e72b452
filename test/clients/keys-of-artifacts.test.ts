/** Repositories and package domains under keys of their own, as clients see them and as they lie on the disk. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as packages from "@aws-sdk/client-codeartifact";
import * as registry from "@aws-sdk/client-ecr";
import * as kms from "@aws-sdk/client-kms";
import * as npm from "../local-packages.ts";
import { LocalUpstream } from "../local-upstream.ts";
import { imageManifest, RegistryClient, sha256 } from "../registry-client.ts";
import { RunningServer } from "../running-server.ts";

let server: RunningServer;
let upstream: LocalUpstream;
let keys: kms.KMSClient;
let ecr: registry.ECRClient;
let codeartifact: packages.CodeartifactClient;
beforeAll(async () => {
  upstream = await LocalUpstream.start();
  server = await RunningServer.start({ args: upstream.args });
  const settings = {
    ...{ endpoint: server.url, region: "us-east-1", maxAttempts: 1, credentials: server.rootKey },
  };
  keys = new kms.KMSClient(settings);
  ecr = new registry.ECRClient(settings);
  codeartifact = new packages.CodeartifactClient(settings);
}, 60_000);
afterAll(async () => {
  for (const client of [keys, ecr, codeartifact]) client?.destroy();
  await server?.stop();
  await upstream?.goAway();
});

async function createKey(input: kms.CreateKeyCommandInput = {}): Promise<{ id: string; arn: string }> {
  const { KeyMetadata } = await keys.send(new kms.CreateKeyCommand(input));
  return { id: KeyMetadata?.KeyId ?? "", arn: KeyMetadata?.Arn ?? "" };
}

async function refusalOf(call: Promise<unknown>): Promise<Error & { readonly [member: string]: unknown }> {
  const refusal = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(refusal instanceof Error)) throw new Error("it was not refused");
  return refusal as never;
}

/** Whether a text lies anywhere in the data folder: files, database, write-ahead log. */
function liesOnDisk(text: string, encoding: BufferEncoding = "utf8"): boolean {
  const bytes = Buffer.from(text, encoding);
  return readdirSync(server.data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(bytes));
}

/** Some kilobytes or megabytes, all of them of one marker. */
function contentOf(marker: string, size: number): Buffer<ArrayBuffer> {
  return Buffer.alloc(size, marker);
}

describe("an image repository under a key", () => {
  test("its layers lie encrypted, small and large; a disabled key stops pulls and pushes until it is enabled", async () => {
    const key = await createKey();
    const encryptionConfiguration = { encryptionType: "KMS" as const, kmsKey: key.arn };
    await ecr.send(
      new registry.CreateRepositoryCommand({ repositoryName: "secret", encryptionConfiguration }),
    );
    const described = await ecr.send(
      new registry.DescribeRepositoriesCommand({ repositoryNames: ["secret"] }),
    );
    expect(described.repositories?.[0]?.encryptionConfiguration).toEqual(encryptionConfiguration);

    const client = new RegistryClient(server.url, await server.registryPassword());
    const layers = [
      contentOf("marker-of-a-small-layer!", 3_000),
      contentOf("marker-of-a-large-layer!", 3_000_000),
    ];
    const manifest = await client.pushImage("secret", "latest", layers);
    for (const layer of layers) expect(await pull(client, "secret", layer)).toEqual(layer);
    for (const marker of ["marker-of-a-small-layer!", "marker-of-a-large-layer!"])
      expect(liesOnDisk(marker)).toBe(false);

    await keys.send(new kms.DisableKeyCommand({ KeyId: key.id }));
    const disabled = `${key.arn} is disabled.`;
    for (const target of [
      `manifests/latest`,
      `manifests/${manifest}`,
      `blobs/${sha256(layers[1] ?? Buffer.alloc(0))}`,
    ]) {
      const answer = await client.send("GET", `/v2/secret/${target}`);
      expect([answer.status, JSON.parse(answer.body.toString()).errors[0]]).toEqual([
        403,
        { code: "DENIED", message: disabled },
      ]);
    }
    const batch = await ecr.send(
      new registry.BatchGetImageCommand({ repositoryName: "secret", imageIds: [{ imageTag: "latest" }] }),
    );
    expect(batch.failures).toMatchObject([{ failureCode: "KmsError", failureReason: disabled }]);
    const upload = new registry.InitiateLayerUploadCommand({ repositoryName: "secret" });
    expect(await refusalOf(ecr.send(upload))).toMatchObject({
      ...{ name: "KmsException", message: disabled, kmsError: "DisabledException" },
    });

    await keys.send(new kms.EnableKeyCommand({ KeyId: key.id }));
    for (const layer of layers) expect(await pull(client, "secret", layer)).toEqual(layer);
    expect((await client.send("GET", "/v2/secret/manifests/latest")).status).toBe(200);
    await server.restart();
    for (const layer of layers) expect(await pull(client, "secret", layer)).toEqual(layer);
    client.close();
  }, 60_000);

  test("its manifests lie encrypted too, and come back byte for byte, converted or not", async () => {
    const key = await createKey();
    await createRepository("manifests", { encryptionType: "KMS", kmsKey: key.arn });
    const client = new RegistryClient(server.url, await server.registryPassword());
    const config = Buffer.from("{}");
    const digest = await client.pushLayer("manifests", config);
    const image = JSON.parse(imageManifest({ digest, size: config.length }, []).toString());
    const manifest = Buffer.from(
      JSON.stringify({ ...image, annotations: { note: "marker-of-a-manifest!" } }),
    );
    expect((await client.putManifest("manifests", "latest", manifest)).status).toBe(201);
    expect(liesOnDisk("marker-of-a-manifest!")).toBe(false);
    const read = async (reference: string, accept: string) => {
      const answer = await client.send("GET", `/v2/manifests/manifests/${reference}`, {
        headers: { accept },
      });
      expect(answer.status).toBe(200);
      return answer.body;
    };
    const oci = "application/vnd.oci.image.manifest.v1+json";
    const docker = "application/vnd.docker.distribution.manifest.v2+json";
    expect(await read("latest", oci)).toEqual(manifest);
    expect(await read(sha256(manifest), oci)).toEqual(manifest);
    const converted = await read("latest", docker);
    expect(JSON.parse(converted.toString()).mediaType).toBe(docker);
    expect(await read(sha256(converted), docker)).toEqual(converted);
    const { images } = await ecr.send(
      new registry.BatchGetImageCommand({ repositoryName: "manifests", imageIds: [{ imageTag: "latest" }] }),
    );
    expect(images?.[0]?.imageManifest).toBe(manifest.toString());
    client.close();
  });

  test("an alias names it, without a name it is AWS's managed key", async () => {
    const key = await createKey();
    await keys.send(new kms.CreateAliasCommand({ AliasName: "alias/images", TargetKeyId: key.id }));
    const byAlias = await createRepository("by-alias", { encryptionType: "KMS", kmsKey: "alias/images" });
    expect(byAlias).toEqual({ encryptionType: "KMS", kmsKey: key.arn });
    const managed = await createRepository("managed", { encryptionType: "KMS" });
    const { KeyMetadata } = await keys.send(new kms.DescribeKeyCommand({ KeyId: "alias/aws/ecr" }));
    expect(managed?.kmsKey).toBe(KeyMetadata?.Arn);
    expect(await createRepository("plain")).toEqual({ encryptionType: "AES256" });
  });

  test("what cannot be its key is refused with KMS's own error", async () => {
    const signing = await createKey({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
    const disabled = await createKey();
    await keys.send(new kms.DisableKeyCommand({ KeyId: disabled.id }));
    const refused: readonly [string, string][] = [
      ["alias/nobody", "NotFoundException"],
      ["nonsense", "NotFoundException"],
      [signing.arn, "InvalidKeyUsageException"],
      [disabled.arn, "DisabledException"],
    ];
    for (const [kmsKey, kmsError] of refused) {
      const refusal = await refusalOf(createRepository("refused", { encryptionType: "KMS", kmsKey }));
      expect([refusal.name, refusal["kmsError"]]).toEqual(["KmsException", kmsError]);
    }
  });

  test("a layer is mounted within a key, and has to come again under another one", async () => {
    const [one, other] = [await createKey(), await createKey()];
    for (const [name, kmsKey] of [
      ["from", one.arn],
      ["same-key", one.arn],
      ["other-key", other.arn],
    ] as const)
      await createRepository(name, { encryptionType: "KMS", kmsKey });
    const client = new RegistryClient(server.url, await server.registryPassword());
    const layer = randomBytes(10_000);
    await client.pushLayer("from", layer);
    const mount = async (name: string) =>
      (await client.send("POST", `/v2/${name}/blobs/uploads/?mount=${sha256(layer)}&from=from`)).status;
    expect(await mount("same-key")).toBe(201);
    expect(await mount("other-key")).toBe(202);
    expect((await client.send("HEAD", `/v2/other-key/blobs/${sha256(layer)}`)).status).toBe(404);
    await client.pushLayer("other-key", layer);
    expect(await pull(client, "other-key", layer)).toEqual(layer);
    client.close();
  });

  test("a repository without a key of its own lies encrypted too", async () => {
    await createRepository("usual");
    const client = new RegistryClient(server.url, await server.registryPassword());
    const layer = contentOf("marker-of-a-usual-layer!", 2_000_000);
    await client.pushLayer("usual", layer);
    expect(liesOnDisk("marker-of-a-usual-layer!")).toBe(false);
    // Names are no secret of a repository's key: the search above finds what is there.
    expect(liesOnDisk("usual")).toBe(true);
    expect(await pull(client, "usual", layer)).toEqual(layer);
    client.close();
  });
});

describe("a package domain under a key", () => {
  test("its files lie encrypted; a disabled key stops downloads until it is enabled", async () => {
    const key = await createKey();
    const { domain } = await codeartifact.send(
      new packages.CreateDomainCommand({ domain: "team", encryptionKey: key.id }),
    );
    expect(domain?.encryptionKey).toBe(key.arn);
    const repository = { domain: "team", repository: "tools" };
    await codeartifact.send(new packages.CreateRepositoryCommand(repository));
    for (const size of [3_000, 2_000_000]) {
      const content = contentOf("marker-of-a-package!", size);
      const version = { ...repository, ...tool(`${size}.0.0`) };
      await codeartifact.send(publication(version, content));
      expect(liesOnDisk("marker-of-a-package!")).toBe(false);
      expect(await download(version)).toEqual(content);
      await keys.send(new kms.DisableKeyCommand({ KeyId: key.id }));
      // What memory still holds is not given out either.
      expect(await refusalOf(download(version))).toMatchObject({
        name: "ValidationException",
        reason: "ENCRYPTION_KEY_ERROR",
        message: `DisabledException: ${key.arn} is disabled.`,
      });
      expect(await refusalOf(codeartifact.send(publication(version, content, "9.0.0")))).toMatchObject({
        reason: "ENCRYPTION_KEY_ERROR",
      });
      await keys.send(new kms.EnableKeyCommand({ KeyId: key.id }));
      expect(await download(version)).toEqual(content);
    }
  });

  test("a package manager hears KMS's words, also about what it had downloaded a moment ago", async () => {
    const key = await createKey();
    await codeartifact.send(new packages.CreateDomainCommand({ domain: "npms", encryptionKey: key.arn }));
    await codeartifact.send(new packages.CreateRepositoryCommand({ domain: "npms", repository: "app" }));
    const { authorizationToken = "" } = await codeartifact.send(
      new packages.GetAuthorizationTokenCommand({ domain: "npms" }),
    );
    const base = `${server.url}/-/codeartifact/us-east-1/npms-123456789012/npm/app/`;
    const headers = { authorization: `Bearer ${authorizationToken}`, "content-type": "application/json" };
    const tarball: Buffer = await npm.tarballOf("left", "1.0.0");
    const published = await fetch(`${base}left`, {
      method: "PUT",
      headers,
      body: npm.publication("left", "1.0.0", tarball),
    });
    expect(published.ok).toBe(true);
    const file = () => fetch(`${base}left/-/left-1.0.0.tgz`, { headers });
    expect(tarball.equals(Buffer.from(await (await file()).arrayBuffer()))).toBe(true);
    await keys.send(new kms.DisableKeyCommand({ KeyId: key.id }));
    const refused = await file();
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining(`${key.arn} is disabled.`),
    ]);
    await keys.send(new kms.EnableKeyCommand({ KeyId: key.id }));
    expect((await file()).status).toBe(200);
  });

  test("what two domains fetch from outside at once lies under each one's own key", async () => {
    const tarball = await npm.tarballOf("foreign", "1.0.0", npm.randomText(600_000));
    upstream.addNpm("foreign", "1.0.0", tarball);
    const clients = [];
    for (const domain of ["one", "other"]) {
      const key = await createKey();
      await codeartifact.send(new packages.CreateDomainCommand({ domain, encryptionKey: key.arn }));
      const repository = { domain, repository: "app" };
      await codeartifact.send(new packages.CreateRepositoryCommand(repository));
      await codeartifact.send(
        new packages.AssociateExternalConnectionCommand({
          ...{ ...repository, externalConnection: "public:npmjs" },
        }),
      );
      const { authorizationToken } = await codeartifact.send(
        new packages.GetAuthorizationTokenCommand({ domain }),
      );
      const url = `${server.url}/-/codeartifact/us-east-1/${domain}-123456789012/npm/app/foreign/-/foreign-1.0.0.tgz`;
      const headers = { authorization: `Bearer ${authorizationToken}` };
      clients.push({ key, get: () => fetch(url, { headers }) });
    }
    const same = async (answer: Response) => tarball.equals(Buffer.from(await answer.arrayBuffer()));
    const fetched = await Promise.all(clients.map(({ get }) => get()));
    expect(await Promise.all(fetched.map(same))).toEqual([true, true]);
    // Random text: a piece of it lies nowhere else.
    expect(liesOnDisk(tarball.toString("latin1", 300_000, 300_032), "latin1")).toBe(false);

    const [one, other] = clients;
    await keys.send(new kms.DisableKeyCommand({ KeyId: one?.key.id }));
    expect((await one?.get())?.status).toBe(400);
    const left = await other?.get();
    expect(left && (await same(left))).toBe(true);
    await keys.send(new kms.EnableKeyCommand({ KeyId: one?.key.id }));
    const back = await one?.get();
    expect(back && (await same(back))).toBe(true);
  });

  test("without a name it is AWS's managed key", async () => {
    const { domain } = await codeartifact.send(new packages.CreateDomainCommand({ domain: "unnamed" }));
    const { KeyMetadata } = await keys.send(new kms.DescribeKeyCommand({ KeyId: "alias/aws/codeartifact" }));
    expect(domain?.encryptionKey).toBe(KeyMetadata?.Arn ?? "none");
  });
});

async function createRepository(
  repositoryName: string,
  encryptionConfiguration?: registry.EncryptionConfiguration,
): Promise<registry.EncryptionConfiguration | undefined> {
  const { repository } = await ecr.send(
    new registry.CreateRepositoryCommand({
      repositoryName,
      ...(encryptionConfiguration && { encryptionConfiguration }),
    }),
  );
  return repository?.encryptionConfiguration;
}

async function pull(client: RegistryClient, repository: string, layer: Buffer): Promise<Buffer> {
  const answer = await client.send("GET", `/v2/${repository}/blobs/${sha256(layer)}`);
  expect(answer.status).toBe(200);
  return answer.body;
}

function tool(packageVersion: string) {
  return { format: "generic", namespace: "tools", package: "tool", packageVersion } as const;
}

function publication(
  version: ReturnType<typeof tool> & { domain: string; repository: string },
  assetContent: Buffer,
  packageVersion = version.packageVersion,
): packages.PublishPackageVersionCommand {
  const assetSHA256 = createHash("sha256").update(assetContent).digest("hex");
  return new packages.PublishPackageVersionCommand({
    ...{ ...version, packageVersion, assetName: "tool.bin", assetContent, assetSHA256 },
  });
}

async function download(version: ReturnType<typeof tool> & { domain: string; repository: string }) {
  const { asset } = await codeartifact.send(
    new packages.GetPackageVersionAssetCommand({ ...version, asset: "tool.bin" }),
  );
  return Buffer.from((await asset?.transformToByteArray()) ?? []);
}
