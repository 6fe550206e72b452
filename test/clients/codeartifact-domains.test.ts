/** Domains and repositories through the CodeArtifact API: the AWS SDK and `aws codeartifact` on a running server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import * as sdk from "@aws-sdk/client-codeartifact";
import { describeWithClients } from "../client.ts";
import { runCommand } from "../command.ts";
import { projectRoot, type RootKey, RunningServer } from "../running-server.ts";

const OWNER = "123456789012";
const OTHER = "210987654321";

describeWithClients("the CodeArtifact API on domains and repositories", ["aws"], () => {
  let server: RunningServer;
  let owner: sdk.CodeartifactClient;
  let other: sdk.CodeartifactClient;
  beforeAll(async () => {
    server = await RunningServer.start();
    owner = clientOf(server.rootKey);
    other = clientOf(await createAccount(OTHER));
  }, 60_000);
  afterAll(async () => {
    owner?.destroy();
    other?.destroy();
    await server?.stop();
  });

  function clientOf(credentials: RootKey): sdk.CodeartifactClient {
    return new sdk.CodeartifactClient({
      endpoint: server.url,
      region: "us-east-1",
      maxAttempts: 1,
      credentials,
    });
  }

  async function createAccount(id: string): Promise<RootKey> {
    const command = [join(projectRoot, "src", "main.ts"), "account", "create", id, "--data", server.data];
    const text = await runCommand(process.execPath, command);
    const value = (label: string) => new RegExp(`^${label}\\s+(\\S+)$`, "m").exec(text)?.[1] ?? "";
    return { accessKeyId: value("Access key id"), secretAccessKey: value("Secret access key") };
  }

  /** Name, status and members of what the SDK throws. */
  async function failure(sent: Promise<unknown>): Promise<Record<string, unknown>> {
    const error = (await sent.then(
      () => ({}),
      (thrown: unknown) => thrown,
    )) as Partial<sdk.CodeartifactServiceException> & Record<string, unknown>;
    const { name, message, $metadata, resourceId, resourceType, reason } = error;
    const status = $metadata?.httpStatusCode;
    return JSON.parse(JSON.stringify({ name, message, status, resourceId, resourceType, reason }));
  }

  async function domainWith(domain: string, ...repositories: string[]): Promise<void> {
    await owner.send(new sdk.CreateDomainCommand({ domain }));
    for (const repository of repositories)
      await owner.send(new sdk.CreateRepositoryCommand({ domain, repository }));
  }

  const allow = (action: string | string[], account = OTHER) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: action,
          Resource: "*",
        },
      ],
    });

  describe("domains", () => {
    test("are created, described, listed and deleted", async () => {
      const created = await owner.send(new sdk.CreateDomainCommand({ domain: "first" }));
      expect(created.domain).toEqual({
        name: "first",
        owner: OWNER,
        arn: `arn:aws:codeartifact:us-east-1:${OWNER}:domain/first`,
        status: "Active",
        createdTime: expect.any(Date),
        encryptionKey: expect.stringMatching(/^arn:aws:kms:us-east-1:123456789012:key\/[0-9a-f-]{36}$/),
        repositoryCount: 0,
        assetSizeBytes: 0,
        s3BucketArn: `arn:aws:s3:::assets-${OWNER}-us-east-1`,
      });
      await owner.send(new sdk.CreateRepositoryCommand({ domain: "first", repository: "app" }));
      const described = await owner.send(new sdk.DescribeDomainCommand({ domain: "first" }));
      expect(described.domain).toEqual({ ...created.domain, repositoryCount: 1 });

      const names = [];
      const pages = sdk.paginateListDomains({ client: owner, pageSize: 1 }, {});
      await owner.send(new sdk.CreateDomainCommand({ domain: "second" }));
      for await (const page of pages) names.push(page.domains?.map((domain) => domain.name));
      expect(names).toEqual([["first"], ["second"]]);

      expect(await failure(owner.send(new sdk.DeleteDomainCommand({ domain: "first" })))).toMatchObject({
        name: "ConflictException",
        status: 409,
        resourceId: "first",
        resourceType: "domain",
      });
      await owner.send(new sdk.DeleteRepositoryCommand({ domain: "first", repository: "app" }));
      const deleted = await owner.send(new sdk.DeleteDomainCommand({ domain: "first" }));
      expect(deleted.domain?.status).toBe("Deleted");
      expect(await owner.send(new sdk.DeleteDomainCommand({ domain: "first" }))).not.toHaveProperty("domain");
    });

    test("say what is wrong with CodeArtifact's exceptions", async () => {
      await domainWith("taken");
      const refusals: [command: () => Promise<unknown>, expected: object][] = [
        [
          () => owner.send(new sdk.CreateDomainCommand({ domain: "taken" })),
          { name: "ConflictException", status: 409, resourceId: "taken", resourceType: "domain" },
        ],
        [
          () => owner.send(new sdk.CreateDomainCommand({ domain: "Upper" })),
          { name: "ValidationException", status: 400, reason: "FIELD_VALIDATION_FAILED" },
        ],
        [
          () => owner.send(new sdk.CreateDomainCommand({ domain: "keyed", encryptionKey: "alias/mine" })),
          { name: "ValidationException", status: 400, reason: "ENCRYPTION_KEY_ERROR" },
        ],
        [
          () => owner.send(new sdk.DescribeDomainCommand({ domain: "absent" })),
          {
            name: "ResourceNotFoundException",
            status: 404,
            resourceId: "absent",
            resourceType: "domain",
            message: `Domain not found. Domain 'absent' owned by account '${OWNER}' does not exist.`,
          },
        ],
        [
          () => owner.send(new sdk.ListDomainsCommand({ nextToken: "made-up" })),
          { name: "ValidationException", status: 400 },
        ],
      ];
      for (const [command, expected] of refusals) expect(await failure(command())).toMatchObject(expected);
    });

    test("show the bytes of their assets, each once, however many repositories have them", async () => {
      await domainWith("sized", "one", "two");
      const assetContent = Buffer.from("twelve bytes");
      const assetSHA256 = createHash("sha256").update(assetContent).digest("hex");
      for (const repository of ["one", "two"])
        await owner.send(
          new sdk.PublishPackageVersionCommand({
            ...{ domain: "sized", repository, format: "generic", namespace: "n", package: "p" },
            ...{ packageVersion: "1", assetName: "a", assetContent, assetSHA256 },
          }),
        );
      const { domain } = await owner.send(new sdk.DescribeDomainCommand({ domain: "sized" }));
      expect(domain).toMatchObject({ repositoryCount: 2, assetSizeBytes: 12 });
    });
  });

  describe("repositories", () => {
    test("are created under upstreams, described, updated, listed and deleted", async () => {
      await domainWith("repos", "store", "shared");
      const created = await owner.send(
        new sdk.CreateRepositoryCommand({
          domain: "repos",
          repository: "app",
          description: "What we ship",
          upstreams: [{ repositoryName: "store" }, { repositoryName: "shared" }],
        }),
      );
      expect(created.repository).toEqual({
        name: "app",
        administratorAccount: OWNER,
        domainName: "repos",
        domainOwner: OWNER,
        arn: `arn:aws:codeartifact:us-east-1:${OWNER}:repository/repos/app`,
        description: "What we ship",
        upstreams: [{ repositoryName: "store" }, { repositoryName: "shared" }],
        externalConnections: [],
        createdTime: expect.any(Date),
      });
      const named = { domain: "repos", repository: "app" };
      const reordered = await owner.send(
        new sdk.UpdateRepositoryCommand({
          ...named,
          upstreams: [{ repositoryName: "shared" }, { repositoryName: "store" }],
        }),
      );
      expect(reordered.repository?.description).toBe("What we ship");
      const described = await owner.send(new sdk.DescribeRepositoryCommand(named));
      expect(described.repository?.upstreams?.map((each) => each.repositoryName)).toEqual([
        "shared",
        "store",
      ]);

      const inDomain = await owner.send(
        new sdk.ListRepositoriesInDomainCommand({ domain: "repos", repositoryPrefix: "s".repeat(2) }),
      );
      expect(inDomain.repositories).toEqual([]);
      const prefixed = await owner.send(
        new sdk.ListRepositoriesInDomainCommand({ domain: "repos", repositoryPrefix: "sh" }),
      );
      expect(prefixed.repositories?.map((each) => each.name)).toEqual(["shared"]);
      const listed = [];
      const pages = sdk.paginateListRepositories({ client: owner, pageSize: 1 }, { repositoryPrefix: "st" });
      for await (const page of pages) listed.push(...(page.repositories ?? []));
      expect(listed.map((each) => `${each.domainName}/${each.name}`)).toEqual(["repos/store"]);

      await owner.send(new sdk.DeleteRepositoryCommand({ domain: "repos", repository: "store" }));
      const left = await owner.send(new sdk.DescribeRepositoryCommand(named));
      expect(left.repository?.upstreams).toEqual([{ repositoryName: "shared" }]);
    });

    test("refuse upstreams that lead in a circle, are absent, twice there or too many", async () => {
      const names = Array.from({ length: 11 }, (_, index) => `r${index}x`);
      await domainWith("circle", ...names);
      const put = (repository: string, ...upstreams: string[]) =>
        owner.send(
          new sdk.UpdateRepositoryCommand({
            domain: "circle",
            repository,
            upstreams: upstreams.map((repositoryName) => ({ repositoryName })),
          }),
        );
      await put("r0x", "r1x");
      await put("r1x", "r2x");
      expect(await failure(put("r2x", "r0x"))).toMatchObject({ name: "ValidationException", status: 400 });
      expect(await failure(put("r2x", "r2x"))).toMatchObject({ name: "ValidationException", status: 400 });
      expect(await failure(put("r5x", "r6x", "r6x"))).toMatchObject({ name: "ValidationException" });
      expect(await failure(put("r5x", "absent"))).toMatchObject({
        name: "ResourceNotFoundException",
        resourceId: "absent",
        resourceType: "repository",
      });
      const eleven = await failure(put("r0x", ...names.slice(1), "absent"));
      expect(eleven).toMatchObject({ name: "ServiceQuotaExceededException", status: 402 });
      await put("r0x", ...names.slice(1));
      const unchanged = await owner.send(
        new sdk.DescribeRepositoryCommand({ domain: "circle", repository: "r2x" }),
      );
      expect(unchanged.repository?.upstreams).toEqual([]);
    });

    test("have at most one public external connection, by its name", async () => {
      await domainWith("outside", "npm-store");
      const named = { domain: "outside", repository: "npm-store" };
      const connect = (externalConnection: string) =>
        owner.send(new sdk.AssociateExternalConnectionCommand({ ...named, externalConnection }));
      const { repository } = await connect("public:npmjs");
      expect(repository?.externalConnections).toEqual([
        { externalConnectionName: "public:npmjs", packageFormat: "npm", status: "Available" },
      ]);
      expect(await failure(connect("public:npmjs"))).toMatchObject({ name: "ConflictException" });
      expect(await failure(connect("public:pypi"))).toMatchObject({
        name: "ServiceQuotaExceededException",
        status: 402,
      });
      expect(await failure(connect("public:nowhere"))).toMatchObject({ name: "ResourceNotFoundException" });
      const disconnect = () =>
        owner.send(
          new sdk.DisassociateExternalConnectionCommand({ ...named, externalConnection: "public:npmjs" }),
        );
      expect((await disconnect()).repository?.externalConnections).toEqual([]);
      expect(await failure(disconnect())).toMatchObject({ name: "ResourceNotFoundException", status: 404 });
      await connect("public:pypi");
    });
  });

  describe("tags", () => {
    test("are given to domains, repositories and package groups, and taken away", async () => {
      await domainWith("tagged", "app");
      await owner.send(new sdk.CreatePackageGroupCommand({ domain: "tagged", packageGroup: "/npm/acme/*" }));
      for (const resource of ["domain/tagged", "repository/tagged/app", "package-group/tagged/npm/acme/*"]) {
        const resourceArn = `arn:aws:codeartifact:us-east-1:${OWNER}:${resource}`;
        const tags = [
          { key: "team", value: "a" },
          { key: "stage", value: "b" },
        ];
        await owner.send(new sdk.TagResourceCommand({ resourceArn, tags }));
        await owner.send(new sdk.UntagResourceCommand({ resourceArn, tagKeys: ["stage", "absent"] }));
        const listed = await owner.send(new sdk.ListTagsForResourceCommand({ resourceArn }));
        expect(listed.tags).toEqual([{ key: "team", value: "a" }]);
      }
      const tag = (resourceArn: string, key = "k") =>
        failure(owner.send(new sdk.TagResourceCommand({ resourceArn, tags: [{ key, value: "" }] })));
      const arn = (resource: string) => `arn:aws:codeartifact:us-east-1:${OWNER}:${resource}`;
      expect(await tag("arn:aws:s3:::bucket")).toMatchObject({ name: "ValidationException" });
      expect(await tag(arn("package/tagged/app/npm//x"))).toMatchObject({ name: "ValidationException" });
      expect(await tag(arn("repository/tagged/absent"))).toMatchObject({ name: "ResourceNotFoundException" });
      expect(await tag(arn("domain/tagged"), "aws:mine")).toMatchObject({ name: "ValidationException" });
    });
  });

  describe("permissions", () => {
    test("policies are put, read and deleted under their revision", async () => {
      await domainWith("policies", "app");
      const domain = { domain: "policies" };
      const repository = { ...domain, repository: "app" };
      type Send = (
        verb: "put" | "get" | "delete",
        more?: { policyDocument?: string; policyRevision?: string | undefined },
      ) => Promise<{ policy?: sdk.ResourcePolicy | undefined }>;
      const ofDomain: Send = (verb, { policyDocument, ...more } = {}) =>
        ({
          put: () =>
            owner.send(new sdk.PutDomainPermissionsPolicyCommand({ ...domain, ...more, policyDocument })),
          get: () => owner.send(new sdk.GetDomainPermissionsPolicyCommand(domain)),
          delete: () => owner.send(new sdk.DeleteDomainPermissionsPolicyCommand({ ...domain, ...more })),
        })[verb]();
      const ofRepository: Send = (verb, { policyDocument, ...more } = {}) =>
        ({
          put: () =>
            owner.send(
              new sdk.PutRepositoryPermissionsPolicyCommand({ ...repository, ...more, policyDocument }),
            ),
          get: () => owner.send(new sdk.GetRepositoryPermissionsPolicyCommand(repository)),
          delete: () =>
            owner.send(new sdk.DeleteRepositoryPermissionsPolicyCommand({ ...repository, ...more })),
        })[verb]();
      for (const send of [ofDomain, ofRepository]) {
        expect(await failure(send("get"))).toMatchObject({ name: "ResourceNotFoundException", status: 404 });
        const document = allow("codeartifact:ReadFromRepository");
        const { policy: first } = await send("put", { policyDocument: document });
        expect(first).toMatchObject({ document, resourceArn: expect.stringContaining("policies") });
        expect((await send("get")).policy).toEqual(first);
        const { policy: second } = await send("put", {
          policyDocument: document,
          policyRevision: first?.revision,
        });
        expect(second?.revision).not.toBe(first?.revision);
        const stale = { policyDocument: document, policyRevision: first?.revision };
        expect(await failure(send("put", stale))).toMatchObject({ name: "ConflictException", status: 409 });
        expect(await failure(send("delete", { policyRevision: first?.revision }))).toMatchObject({
          name: "ConflictException",
        });
        for (const policyDocument of ["{}", "no policy", "x".repeat(7_169)])
          expect(await failure(send("put", { policyDocument }))).toMatchObject({
            name: "ValidationException",
            status: 400,
          });
        expect((await send("delete", { policyRevision: second?.revision })).policy).toEqual(second);
        expect(await failure(send("get"))).toMatchObject({ name: "ResourceNotFoundException" });
      }
    });

    test("a policy that denies everything can be replaced by the owner, who is denied all else", async () => {
      await domainWith("locked", "app");
      const target = { domain: "locked", repository: "app" };
      const deny = allow("codeartifact:*", OWNER).replace('"Allow"', '"Deny"');
      const put = (policyDocument: string) =>
        owner.send(new sdk.PutRepositoryPermissionsPolicyCommand({ ...target, policyDocument }));
      await put(deny);
      expect(await failure(owner.send(new sdk.DescribeRepositoryCommand(target)))).toMatchObject({
        name: "AccessDeniedException",
        status: 403,
        message: expect.stringContaining("codeartifact:DescribeRepository"),
      });
      await put(allow("codeartifact:ReadFromRepository"));
      await owner.send(new sdk.DescribeRepositoryCommand(target));
    });

    test("another account gets in by policies alone, and learns nothing of what is there without them", async () => {
      await domainWith("foreign", "app");
      const target = { domain: "foreign", domainOwner: OWNER, repository: "app" };
      const describeApp = () => other.send(new sdk.DescribeRepositoryCommand(target));
      const denied = { name: "AccessDeniedException", status: 403 };
      expect(await failure(describeApp())).toMatchObject(denied);
      const absent = other.send(new sdk.DescribeRepositoryCommand({ ...target, repository: "absent" }));
      expect(await failure(absent)).toMatchObject(denied);
      const noDomain = other.send(new sdk.DescribeDomainCommand({ domain: "absent", domainOwner: OWNER }));
      expect(await failure(noDomain)).toMatchObject(denied);
      expect(
        await failure(other.send(new sdk.DescribeRepositoryCommand({ ...target, domainOwner: undefined }))),
      ).toMatchObject({ name: "ResourceNotFoundException", resourceType: "domain" });

      await owner.send(
        new sdk.PutRepositoryPermissionsPolicyCommand({
          ...target,
          policyDocument: allow("codeartifact:DescribeRepository"),
        }),
      );
      expect((await describeApp()).repository?.name).toBe("app");
      const endpoint = { ...target, format: "generic" as const };
      expect(await failure(other.send(new sdk.GetRepositoryEndpointCommand(endpoint)))).toMatchObject(denied);

      // The domain's policy speaks about what lies in it too.
      const grants = ["codeartifact:GetRepositoryEndpoint", "codeartifact:CreateRepository"];
      await owner.send(
        new sdk.PutDomainPermissionsPolicyCommand({ domain: "foreign", policyDocument: allow(grants) }),
      );
      await other.send(new sdk.GetRepositoryEndpointCommand(endpoint));
      expect(
        await failure(
          other.send(new sdk.GetAuthorizationTokenCommand({ domain: "foreign", domainOwner: OWNER })),
        ),
      ).toMatchObject(denied);

      const theirs = { domain: "foreign", domainOwner: OWNER, repository: "theirs" };
      const beneath = { ...theirs, upstreams: [{ repositoryName: "app" }] };
      expect(await failure(other.send(new sdk.CreateRepositoryCommand(beneath)))).toMatchObject({
        ...denied,
        message: expect.stringContaining("codeartifact:AssociateWithDownstreamRepository"),
      });
      const { repository } = await other.send(new sdk.CreateRepositoryCommand(theirs));
      expect(repository).toMatchObject({ administratorAccount: OTHER, domainOwner: OWNER });
      // Who made a repository administers it, and lists it as its own.
      await other.send(new sdk.UpdateRepositoryCommand({ ...theirs, description: "ours" }));
      const listed = await other.send(new sdk.ListRepositoriesCommand({}));
      expect(listed.repositories?.map((each) => each.name)).toEqual(["theirs"]);
      const administered = await owner.send(
        new sdk.ListRepositoriesInDomainCommand({ domain: "foreign", administratorAccount: OTHER }),
      );
      expect(administered.repositories?.map((each) => each.name)).toEqual(["theirs"]);
    });
  });

  describe("package managers", () => {
    test("a token lasts as long as was asked for, within CodeArtifact's limits", async () => {
      await domainWith("tokens");
      const issue = (durationSeconds?: number) =>
        owner.send(new sdk.GetAuthorizationTokenCommand({ domain: "tokens", durationSeconds }));
      const lifeOf = async (durationSeconds?: number) => {
        const { expiration } = await issue(durationSeconds);
        return Math.round(((expiration?.getTime() ?? 0) - Date.now()) / 100_000);
      };
      expect(await lifeOf()).toBe(432);
      expect(await lifeOf(0)).toBe(432);
      expect(await lifeOf(900)).toBe(9);
      for (const wrong of [1, 899, 43_201])
        expect(await failure(issue(wrong))).toMatchObject({ name: "ValidationException", status: 400 });
      expect(
        await failure(owner.send(new sdk.GetAuthorizationTokenCommand({ domain: "absent" }))),
      ).toMatchObject({ name: "ResourceNotFoundException" });
    });

    test("aws codeartifact login points each tool at this server", async () => {
      await domainWith("login", "app");
      const login = (tool: string) =>
        server.aws([
          ...["codeartifact", "login", "--dry-run", "--tool", tool],
          ...["--domain", "login", "--repository", "app"],
        ]);
      const host = new URL(server.url).host;
      const path = `/-/codeartifact/us-east-1/login-${OWNER}`;
      const npm = await login("npm");
      expect(npm).toContain(`npm config set registry http://${host}${path}/npm/app/`);
      expect(npm).toContain(`npm config set //${host}${path}/npm/app/:always-auth true`);
      expect(await login("pip")).toMatch(
        new RegExp(`global.index-url http://aws:[\\w.-]+@${host}${path}/pypi/app/simple/$`),
      );
      expect(await login("twine")).toContain(`repository = http://${host}${path}/pypi/app/\n`);
      for (const format of ["maven", "nuget", "generic", "swift"])
        expect(
          await server.aws([
            ...["codeartifact", "get-repository-endpoint", "--format", format, "--output", "text"],
            ...["--domain", "login", "--repository", "app"],
          ]),
        ).toBe(`${server.url}${path}/${format}/app/`);
      const cargo = owner.send(
        new sdk.GetRepositoryEndpointCommand({ domain: "login", repository: "app", format: "cargo" }),
      );
      expect(await failure(cargo)).toMatchObject({ name: "ValidationException" });
    }, 60_000);
  });
});
