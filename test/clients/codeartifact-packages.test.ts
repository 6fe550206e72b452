/** Packages and their versions through the CodeArtifact API: the AWS SDK and `aws codeartifact` on a running server. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import * as sdk from "@aws-sdk/client-codeartifact";
import { describeWithClients } from "../client.ts";
import { RunningServer } from "../running-server.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";

const ACCOUNT = "123456789012";

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

describeWithClients("the CodeArtifact API on packages", ["aws"], () => {
  let server: RunningServer;
  let client: sdk.CodeartifactClient;
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = temporaryFolder("codeartifact-packages");
    server = await RunningServer.start();
    client = new sdk.CodeartifactClient({
      endpoint: server.url,
      region: "us-east-1",
      maxAttempts: 1,
      credentials: server.rootKey,
    });
    await client.send(new sdk.CreateDomainCommand({ domain: "things" }));
    for (const repository of ["app", "prod", "races"])
      await client.send(new sdk.CreateRepositoryCommand({ domain: "things", repository }));
  }, 60_000);
  afterAll(async () => {
    client?.destroy();
    await server?.stop();
    folder?.remove();
  });

  const generic = (name: string, repository = "app") =>
    ({ domain: "things", repository, format: "generic", namespace: "tools", package: name }) as const;
  const publish = (name: string, packageVersion: string, content: string, change: object = {}) =>
    client.send(
      new sdk.PublishPackageVersionCommand({
        ...generic(name),
        packageVersion,
        assetName: "tool.bin",
        assetContent: Buffer.from(content),
        assetSHA256: sha256(content),
        ...change,
      }),
    );
  /** What the SDK throws: name, status and the members of the exception. */
  const failure = async (sent: Promise<unknown>) => {
    const error = (await sent.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )) as (sdk.CodeartifactServiceException & Record<string, unknown>) | undefined;
    return (
      error && { ...error, name: error.name, message: error.message, status: error.$metadata?.httpStatusCode }
    );
  };
  const aws = async (...args: string[]) => {
    const text = await server.aws(["codeartifact", ...args, "--output", "json"]);
    return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
  const names = (name: string, repository = "app") => [
    ...["--domain", "things", "--repository", repository, "--format", "generic"],
    ...["--namespace", "tools", "--package", name],
  ];

  test("a generic package is published, described, listed and read back by the SDK", async () => {
    const published = await publish("sdk", "1.0", "content", { unfinished: true });
    expect(published).toMatchObject({
      format: "generic",
      namespace: "tools",
      package: "sdk",
      version: "1.0",
      status: "Unfinished",
      asset: { name: "tool.bin", size: 7, hashes: { "SHA-256": sha256("content") } },
    });
    const second = await publish("sdk", "1.0", "more", { assetName: "other file (2).txt" });
    expect(second.status).toBe("Published");
    expect(second.versionRevision).not.toBe(published.versionRevision);

    const described = await client.send(
      new sdk.DescribePackageVersionCommand({ ...generic("sdk"), packageVersion: "1.0" }),
    );
    expect(described.packageVersion).toMatchObject({
      format: "generic",
      namespace: "tools",
      packageName: "sdk",
      version: "1.0",
      status: "Published",
      revision: second.versionRevision,
      licenses: [],
      publishedTime: expect.any(Date),
      origin: { originType: "INTERNAL", domainEntryPoint: { repositoryName: "app" } },
    });
    const assets = await client.send(
      new sdk.ListPackageVersionAssetsCommand({ ...generic("sdk"), packageVersion: "1.0" }),
    );
    expect(assets.assets?.map(({ name, size }) => [name, size])).toEqual([
      ["other file (2).txt", 4],
      ["tool.bin", 7],
    ]);
    const asset = { ...generic("sdk"), packageVersion: "1.0", asset: "other file (2).txt" };
    const read = await client.send(new sdk.GetPackageVersionAssetCommand(asset));
    expect(await read.asset?.transformToString()).toBe("more");
    expect(read).toMatchObject({
      assetName: "other file (2).txt",
      packageVersion: "1.0",
      packageVersionRevision: second.versionRevision,
    });
    const listed = await client.send(new sdk.ListPackageVersionsCommand(generic("sdk")));
    expect(listed).toMatchObject({
      defaultDisplayVersion: "1.0",
      package: "sdk",
      versions: [{ version: "1.0", status: "Published", revision: second.versionRevision }],
    });
    const packages = await client.send(
      new sdk.ListPackagesCommand({ domain: "things", repository: "app", packagePrefix: "sd" }),
    );
    expect(packages.packages).toEqual([
      {
        format: "generic",
        namespace: "tools",
        package: "sdk",
        originConfiguration: { restrictions: { publish: "ALLOW", upstream: "BLOCK" } },
      },
    ]);
    const dependencies = await client.send(
      new sdk.ListPackageVersionDependenciesCommand({ ...generic("sdk"), packageVersion: "1.0" }),
    );
    expect(dependencies).toMatchObject({ package: "sdk", version: "1.0", dependencies: [] });
  });

  test("what is refused says so with CodeArtifact's names, statuses and members", async () => {
    await publish("refused", "1.0", "content");
    expect(await failure(publish("refused", "1.0", "other"))).toMatchObject({
      name: "ConflictException",
      status: 409,
      resourceType: "package-version",
      resourceId: "1.0",
    });
    expect(await failure(publish("refused", "1.0", "x", { assetName: "second" }))).toMatchObject({
      name: "ConflictException",
    });
    expect(await failure(publish("refused", "2.0", "x", { format: "npm" }))).toMatchObject({
      name: "ValidationException",
      status: 400,
    });
    const missing = { ...generic("refused"), packageVersion: "9.9" };
    expect(await failure(client.send(new sdk.DescribePackageVersionCommand(missing)))).toMatchObject({
      name: "ResourceNotFoundException",
      status: 404,
      resourceType: "package-version",
    });
    expect(await failure(client.send(new sdk.DescribePackageCommand(generic("nobody"))))).toMatchObject({
      name: "ResourceNotFoundException",
      resourceType: "package",
    });
    const nowhere = { ...generic("refused"), repository: "nowhere" };
    expect(await failure(client.send(new sdk.ListPackageVersionsCommand(nowhere)))).toMatchObject({
      name: "ResourceNotFoundException",
      resourceType: "repository",
    });
    const asset = { ...generic("refused"), packageVersion: "1.0", asset: "nothing" };
    expect(await failure(client.send(new sdk.GetPackageVersionAssetCommand(asset)))).toMatchObject({
      name: "ResourceNotFoundException",
      resourceType: "asset",
    });
    const readme = { ...generic("refused"), packageVersion: "1.0" };
    expect(await failure(client.send(new sdk.GetPackageVersionReadmeCommand(readme)))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    const foreign = { ...generic("refused"), nextToken: "bm9uc2Vuc2U" };
    expect(await failure(client.send(new sdk.ListPackageVersionsCommand(foreign)))).toMatchObject({
      name: "ValidationException",
    });
  });

  test("content that does not hash to what was said is refused, and nothing of it stays", async () => {
    expect(await failure(publish("wrong", "1.0", "content", { assetSHA256: sha256("other") }))).toMatchObject(
      {
        status: expect.any(Number),
      },
    );
    expect(await failure(client.send(new sdk.DescribePackageCommand(generic("wrong"))))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    expect((await publish("wrong", "1.0", "content")).status).toBe("Published");
  });

  test("a client that goes away in the middle leaves nothing", async () => {
    // The request is signed by the SDK and cut off on its way.
    const cutting = createServer((incoming) => {
      const onward = connect(server.port, "127.0.0.1");
      let left = 200_000;
      incoming.on("data", (chunk: Buffer) => {
        onward.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left > 0) return;
        incoming.destroy();
        onward.end(() => onward.destroy());
      });
      for (const socket of [incoming, onward]) socket.on("error", () => socket.destroy());
    });
    await new Promise<void>((resolve) => cutting.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(cutting.address() as AddressInfo).port}`;
    const cut = new sdk.CodeartifactClient({
      endpoint,
      region: "us-east-1",
      maxAttempts: 1,
      credentials: server.rootKey,
    });
    const content = randomBytes(500_000);
    const command = new sdk.PublishPackageVersionCommand({
      ...generic("cut"),
      packageVersion: "1.0",
      assetName: "tool.bin",
      assetContent: content,
      assetSHA256: sha256(content),
    });
    expect(await failure(cut.send(command))).toBeDefined();
    cut.destroy();
    cutting.close();
    expect(await failure(client.send(new sdk.DescribePackageCommand(generic("cut"))))).toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  test("of 50 publishers of one version exactly one wins, and its bytes are what is read", async () => {
    const contents = Array.from({ length: 50 }, (_, index) => `content ${index}`);
    const results = await Promise.all(
      contents.map((content) => failure(publish("race", "1.0", content, { repository: "races" }))),
    );
    const winners = contents.filter((_, index) => results[index] === undefined);
    expect(winners).toHaveLength(1);
    for (const result of results) if (result) expect(result).toMatchObject({ name: "ConflictException" });
    const asset = { ...generic("race", "races"), packageVersion: "1.0", asset: "tool.bin" };
    const read = await client.send(new sdk.GetPackageVersionAssetCommand(asset));
    expect(await read.asset?.transformToString()).toBe(winners[0] ?? "");
  }, 60_000);

  test("aws codeartifact publishes a file and reads it back", async () => {
    const file = join(folder.path, "tool.bin");
    const content = randomBytes(3_000_000);
    writeFileSync(file, content);
    const asset = ["--asset-content", file, "--asset-name", "tool.bin", "--asset-sha256", sha256(content)];
    const published = await aws(
      "publish-package-version",
      ...names("cli"),
      "--package-version",
      "1.0",
      ...asset,
    );
    expect(published).toMatchObject({ package: "cli", status: "Published", asset: { size: 3_000_000 } });
    const copy = join(folder.path, "copy.bin");
    const version = ["--package-version", "1.0"];
    const read = await aws(
      "get-package-version-asset",
      ...names("cli"),
      ...version,
      "--asset",
      "tool.bin",
      copy,
    );
    expect(read).toMatchObject({ assetName: "tool.bin", packageVersion: "1.0" });
    expect(readFileSync(copy).equals(content)).toBe(true);
    expect(await aws("describe-package", ...names("cli"))).toEqual({
      package: {
        format: "generic",
        namespace: "tools",
        name: "cli",
        originConfiguration: { restrictions: { publish: "ALLOW", upstream: "BLOCK" } },
      },
    });
    expect(await aws("describe-package-version", ...names("cli"), ...version)).toMatchObject({
      packageVersion: { packageName: "cli", version: "1.0", status: "Published" },
    });
    expect(await aws("list-package-version-assets", ...names("cli"), ...version)).toMatchObject({
      assets: [{ name: "tool.bin", size: 3_000_000 }],
    });
    expect(await aws("list-package-version-dependencies", ...names("cli"), ...version)).toMatchObject({
      dependencies: [],
    });
    const readme = await server.tryAws([
      "codeartifact",
      "get-package-version-readme",
      ...names("cli"),
      ...version,
    ]);
    expect(readme.stderr).toContain("ResourceNotFoundException");
  }, 60_000);

  test("aws codeartifact copies, archives, disposes of and deletes versions", async () => {
    for (const version of ["1.0", "2.0"]) await publish("life", version, `life ${version}`);
    const where = ["--domain", "things", "--format", "generic", "--namespace", "tools", "--package", "life"];
    const route = ["--source-repository", "app", "--destination-repository", "prod"];
    const copied = await aws("copy-package-versions", ...where, ...route, "--versions", "1.0", "2.0");
    expect(copied).toMatchObject({
      successfulVersions: { "1.0": { status: "Published" }, "2.0": { status: "Published" } },
      failedVersions: {},
    });
    const again = await aws("copy-package-versions", ...where, ...route, "--versions", "1.0", "9.0");
    expect(again).toEqual({
      successfulVersions: {},
      failedVersions: {
        "1.0": { errorCode: "SKIPPED", errorMessage: "Version 1.0 was skipped" },
        "9.0": { errorCode: "NOT_FOUND", errorMessage: "Could not find version 9.0" },
      },
    });
    const update = (...args: string[]) =>
      aws("update-package-versions-status", ...names("life", "prod"), ...args);
    expect(
      await update("--versions", "1.0", "--target-status", "Archived", "--expected-status", "Unlisted"),
    ).toEqual({
      successfulVersions: {},
      failedVersions: {
        "1.0": {
          errorCode: "MISMATCHED_STATUS",
          errorMessage: "current status: Published, expected status: Unlisted",
        },
      },
    });
    expect(await update("--versions", "1.0", "--target-status", "Archived")).toMatchObject({
      successfulVersions: { "1.0": { status: "Archived" } },
    });
    const disposed = await aws("dispose-package-versions", ...names("life", "prod"), "--versions", "1.0");
    expect(disposed).toMatchObject({ successfulVersions: { "1.0": { status: "Disposed" } } });
    const listed = await aws(
      "list-package-versions",
      ...names("life", "prod"),
      "--sort-by",
      "PUBLISHED_TIME",
    );
    expect(listed).toMatchObject({
      defaultDisplayVersion: "2.0",
      versions: [
        { version: "2.0", status: "Published" },
        { version: "1.0", status: "Disposed" },
      ],
    });
    const deleted = await aws("delete-package-versions", ...names("life", "prod"), "--versions", "1.0");
    expect(deleted).toMatchObject({ successfulVersions: { "1.0": { status: "Deleted" } } });
    const restrictions = ["--restrictions", "publish=BLOCK,upstream=ALLOW"];
    expect(await aws("put-package-origin-configuration", ...names("life", "prod"), ...restrictions)).toEqual({
      originConfiguration: { restrictions: { publish: "BLOCK", upstream: "ALLOW" } },
    });
    expect(await failure(publish("life", "3.0", "blocked", { repository: "prod" }))).toMatchObject({
      name: "AccessDeniedException",
      status: 403,
    });
    const packages = await aws(
      "list-packages",
      "--domain",
      "things",
      "--repository",
      "prod",
      "--publish",
      "BLOCK",
    );
    expect(packages).toMatchObject({ packages: [{ package: "life", namespace: "tools" }] });
    expect(await aws("delete-package", ...names("life", "prod"))).toMatchObject({
      deletedPackage: { package: "life", format: "generic" },
    });
    const gone = await server.tryAws(["codeartifact", "describe-package", ...names("life", "prod")]);
    expect(gone.stderr).toContain("ResourceNotFoundException");
  }, 60_000);

  test("the names that a package's ARN has are what another account's policy speaks about", async () => {
    const arn = `arn:aws:codeartifact:us-east-1:${ACCOUNT}:package/things/races/generic/tools/secret`;
    const policyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: "*",
          Action: ["codeartifact:PublishPackageVersion", "codeartifact:DescribePackage"],
          Resource: arn,
        },
      ],
    });
    await client.send(
      new sdk.PutRepositoryPermissionsPolicyCommand({
        domain: "things",
        repository: "races",
        policyDocument,
      }),
    );
    expect(await failure(publish("secret", "1.0", "x", { repository: "races" }))).toMatchObject({
      name: "AccessDeniedException",
      status: 403,
      message: expect.stringContaining(arn),
    });
    expect((await publish("public", "1.0", "x", { repository: "races" })).status).toBe("Published");
  });
});
