/**
 * Each of CodeArtifact's 48 operations once by the AWS SDK and once by `aws codeartifact`, in an order in which each has
 * something to work on. What the operations mean in detail is in the other codeartifact-*.test.ts.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { createGzip } from "node:zlib";
import * as sdk from "@aws-sdk/client-codeartifact";
import { pack } from "tar-stream";
import { describeWithClients } from "../client.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";
import { kebab, serveClient } from "./served-client.ts";

const ACCOUNT = "123456789012";
const CONTENT = Buffer.from("the content of a tool");

interface Step {
  readonly operation: string;
  readonly input: object;
  /** A text that the answer (as JSON) must contain. */
  readonly says: string;
}

function steps(domain: string): readonly Step[] {
  const repository = { domain, repository: "app" };
  const named = { ...repository, format: "generic", namespace: "tools" };
  const tool = { ...named, package: "tool" };
  const first = { ...tool, packageVersion: "1.0.0" };
  const readable = { ...repository, format: "npm", package: "readable", packageVersion: "1.0.0" };
  const group = { domain, packageGroup: "/generic/tools/*" };
  const resourceArn = `arn:aws:codeartifact:us-east-1:${ACCOUNT}:repository/${domain}/app`;
  const policyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: { AWS: "210987654321" }, Action: "codeartifact:*", Resource: "*" },
    ],
  });
  const publish = (packageVersion: string, unfinished = false) => ({
    ...{ ...tool, packageVersion, assetName: "tool.bin", assetContent: CONTENT, unfinished },
    assetSHA256: createHash("sha256").update(CONTENT).digest("hex"),
  });
  const step = (operation: string, input: object, says: string): Step => ({ operation, input, says });
  return [
    step("CreateDomain", { domain }, domain),
    step("DescribeDomain", { domain }, '"repositoryCount":0'),
    step("ListDomains", { maxResults: 10 }, domain),
    step("PutDomainPermissionsPolicy", { domain, policyDocument }, "210987654321"),
    step("GetDomainPermissionsPolicy", { domain }, "210987654321"),
    step("DeleteDomainPermissionsPolicy", { domain }, "210987654321"),
    step("GetAuthorizationToken", { domain, durationSeconds: 900 }, "authorizationToken"),
    step("CreateRepository", { ...repository, description: "of the team" }, "of the team"),
    step("CreateRepository", { domain, repository: "store" }, "store"),
    step("DescribeRepository", repository, "administratorAccount"),
    step("UpdateRepository", { ...repository, upstreams: [{ repositoryName: "store" }] }, "store"),
    step("ListRepositories", { repositoryPrefix: "ap" }, "app"),
    step("ListRepositoriesInDomain", { domain }, "store"),
    step("GetRepositoryEndpoint", { ...repository, format: "npm" }, "/npm/app/"),
    step("PutRepositoryPermissionsPolicy", { ...repository, policyDocument }, "210987654321"),
    step("GetRepositoryPermissionsPolicy", repository, "210987654321"),
    step("DeleteRepositoryPermissionsPolicy", repository, "210987654321"),
    step(
      "AssociateExternalConnection",
      { domain, repository: "store", externalConnection: "public:pypi" },
      "Available",
    ),
    step(
      "DisassociateExternalConnection",
      { domain, repository: "store", externalConnection: "public:pypi" },
      '"externalConnections":[]',
    ),
    step("TagResource", { resourceArn, tags: [{ key: "team", value: "build" }] }, ""),
    step("ListTagsForResource", { resourceArn }, "build"),
    step("UntagResource", { resourceArn, tagKeys: ["team"] }, ""),

    step("PublishPackageVersion", publish("1.0.0", true), "Unfinished"),
    step("PublishPackageVersion", publish("2.0.0"), "Published"),
    step("DescribePackage", tool, '"name":"tool"'),
    step("ListPackages", { ...repository, format: "generic" }, "tool"),
    step("DescribePackageVersion", first, "Unfinished"),
    step(
      "UpdatePackageVersionsStatus",
      { ...tool, versions: ["1.0.0"], targetStatus: "Published", expectedStatus: "Unfinished" },
      '"status":"Published"',
    ),
    step("ListPackageVersions", { ...tool, sortBy: "PUBLISHED_TIME" }, "2.0.0"),
    step("ListPackageVersionAssets", first, "SHA-512"),
    step("GetPackageVersionAsset", { ...first, asset: "tool.bin" }, "tool.bin"),
    step("ListPackageVersionDependencies", readable, "left-pad"),
    step("GetPackageVersionReadme", readable, "How to read it"),
    step(
      "CopyPackageVersions",
      {
        ...{ domain, sourceRepository: "app", destinationRepository: "store", format: "generic" },
        ...{ namespace: "tools", package: "tool", versions: ["1.0.0"] },
      },
      "1.0.0",
    ),
    step(
      "PutPackageOriginConfiguration",
      { ...tool, restrictions: { publish: "ALLOW", upstream: "BLOCK" } },
      "BLOCK",
    ),
    step("DisposePackageVersions", { ...tool, versions: ["1.0.0"] }, "Disposed"),
    step("DeletePackageVersions", { ...tool, versions: ["1.0.0"] }, "Deleted"),

    step("CreatePackageGroup", { ...group, contactInfo: "the build team" }, "the build team"),
    step("DescribePackageGroup", group, "INHERIT"),
    step("UpdatePackageGroup", { ...group, description: "our tools" }, "our tools"),
    step("ListPackageGroups", { domain }, "/generic/tools/*"),
    step("ListSubPackageGroups", { domain, packageGroup: "/*" }, "/generic/tools/*"),
    step("ListAssociatedPackages", group, "tool"),
    step(
      "GetAssociatedPackageGroup",
      { domain, format: "generic", namespace: "tools", package: "tool" },
      "STRONG",
    ),
    step(
      "UpdatePackageGroupOriginConfiguration",
      {
        ...group,
        restrictions: { PUBLISH: "ALLOW_SPECIFIC_REPOSITORIES" },
        addAllowedRepositories: [{ repositoryName: "app", originRestrictionType: "PUBLISH" }],
      },
      "ALLOW_SPECIFIC_REPOSITORIES",
    ),
    step("ListAllowedRepositoriesForGroup", { ...group, originRestrictionType: "PUBLISH" }, "app"),
    step("DeletePackageGroup", group, "/generic/tools/*"),

    step("DeletePackage", tool, "tool"),
    step("DeleteRepository", repository, "app"),
    step("DeleteRepository", { domain, repository: "store" }, "store"),
    step("DeleteDomain", { domain }, "Deleted"),
  ];
}

describeWithClients("every operation of CodeArtifact", ["aws"], () => {
  const codeartifact = serveClient((options) => new sdk.CodeartifactClient({ ...options }));
  let folder: TemporaryFolder;
  beforeAll(() => {
    folder = temporaryFolder("every-operation");
  });
  afterAll(() => folder?.remove());

  test("the steps below are all of AWS's operations", () => {
    const offered = Object.keys(sdk).flatMap((name) => /^(\w+)Command$/.exec(name)?.[1] ?? []);
    const driven = new Set(steps("any").map(({ operation }) => operation));
    expect([...driven].toSorted()).toEqual(offered.filter((name) => !name.startsWith("$")).toSorted());
    expect(driven.size).toBe(48);
  });

  test("the AWS SDK drives each", async () => {
    await drive("by-sdk", async ({ operation, input }) => {
      const Command = Reflect.get(sdk, `${operation}Command`);
      const output = await codeartifact.client.send(new Command(input));
      if (!("asset" in output) || operation !== "GetPackageVersionAsset") return JSON.stringify(output);
      const { asset, ...rest } = output as sdk.GetPackageVersionAssetCommandOutput;
      expect(Buffer.from((await asset?.transformToByteArray()) ?? [])).toEqual(CONTENT);
      return JSON.stringify(rest);
    });
  });

  test("aws codeartifact drives each", async () => {
    const file = join(folder.path, "content");
    const target = join(folder.path, "downloaded");
    await drive("by-cli", async ({ operation, input }) => {
      const { assetContent, ...json } = input as { assetContent?: Buffer };
      if (assetContent) writeFileSync(file, assetContent);
      const verb = kebab(operation);
      const text = await codeartifact.server.aws([
        ...["codeartifact", verb, "--output", "json"],
        // Where the CLI writes a file it wants its options one by one.
        ...(operation === "GetPackageVersionAsset"
          ? [...Object.entries(json).flatMap(([name, value]) => [`--${kebab(name)}`, String(value)]), target]
          : ["--cli-input-json", JSON.stringify(json)]),
        ...(assetContent ? ["--asset-content", file] : []),
      ]);
      if (operation === "GetPackageVersionAsset") expect(readFileSync(target)).toEqual(CONTENT);
      return text === "" ? "" : JSON.stringify(JSON.parse(text));
    });
  }, 600_000);

  async function drive(domain: string, run: (step: Step) => Promise<string>): Promise<void> {
    for (const step of steps(domain)) {
      // Readme and dependencies are read from a package that npm's door took.
      if (step.operation === "ListPackageVersionDependencies") await publishReadable(domain);
      const said = await run(step).catch((error: unknown) => {
        throw new Error(`${step.operation}: ${error instanceof Error ? error.message : String(error)}`);
      });
      expect(`${step.operation}: ${said}`).toContain(step.says);
    }
  }

  async function publishReadable(domain: string): Promise<void> {
    const manifest = { name: "readable", version: "1.0.0", dependencies: { "left-pad": "^1.3.0" } };
    const archive = pack();
    archive.entry({ name: "package/package.json" }, JSON.stringify(manifest));
    archive.entry({ name: "package/README.md" }, "# How to read it");
    archive.finalize();
    const tarball = await buffer(archive.pipe(createGzip()));
    const { authorizationToken } = await codeartifact.client.send(
      new sdk.GetAuthorizationTokenCommand({ domain }),
    );
    const endpoint = await codeartifact.client.send(
      new sdk.GetRepositoryEndpointCommand({ domain, repository: "app", format: "npm" }),
    );
    const answer = await fetch(`${endpoint.repositoryEndpoint}readable`, {
      method: "PUT",
      headers: { authorization: `Bearer ${authorizationToken}`, "content-type": "application/json" },
      body: JSON.stringify({
        ...{ _id: "readable", name: "readable", "dist-tags": { latest: "1.0.0" } },
        versions: { "1.0.0": { ...manifest, readme: "# How to read it" } },
        _attachments: {
          "readable-1.0.0.tgz": {
            ...{ content_type: "application/octet-stream", data: tarball.toString("base64") },
            length: tarball.length,
          },
        },
      }),
    });
    expect(await answer.text()).not.toContain("error");
    expect(answer.status).toBeLessThan(300);
  }
});
