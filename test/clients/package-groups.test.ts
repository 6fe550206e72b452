/** Package groups by the AWS SDK and by `aws codeartifact`, against the real server. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  CodeartifactClient,
  CreateDomainCommand,
  CreatePackageGroupCommand,
  CreateRepositoryCommand,
  DeletePackageGroupCommand,
  DeleteRepositoryCommand,
  DescribePackageGroupCommand,
  GetAssociatedPackageGroupCommand,
  ListAllowedRepositoriesForGroupCommand,
  ListAssociatedPackagesCommand,
  ListPackageGroupsCommand,
  ListSubPackageGroupsCommand,
  ListTagsForResourceCommand,
  PublishPackageVersionCommand,
  UpdatePackageGroupCommand,
  UpdatePackageGroupOriginConfigurationCommand,
} from "@aws-sdk/client-codeartifact";
import { describeWithClients } from "../client.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";

const domain = "my-organization";

describeWithClients("package groups", ["aws"], () => {
  const started = new Started();
  let server: RunningServer;
  let client: CodeartifactClient;

  beforeAll(async () => {
    server = await started.add(RunningServer.start(), (running) => running.stop());
    client = new CodeartifactClient({
      endpoint: server.url,
      region: "us-east-1",
      credentials: server.rootKey,
      maxAttempts: 1,
    });
    await client.send(new CreateDomainCommand({ domain }));
    for (const repository of ["app", "team"]) {
      await client.send(new CreateRepositoryCommand({ domain, repository }));
    }
  });
  afterAll(() => started.end());

  const create = (packageGroup: string) =>
    client.send(new CreatePackageGroupCommand({ domain, packageGroup }));
  const remove = (packageGroup: string) =>
    client.send(new DeletePackageGroupCommand({ domain, packageGroup }));
  const describe = async (packageGroup: string) =>
    (await client.send(new DescribePackageGroupCommand({ domain, packageGroup }))).packageGroup;

  function publish(namespace: string, name: string, repository = "app") {
    const assetContent = Buffer.from(`${namespace}/${name}`);
    return client.send(
      new PublishPackageVersionCommand({
        ...{ domain, repository, format: "generic", namespace, package: name, packageVersion: "1.0.0" },
        ...{
          assetName: "file",
          assetContent,
          assetSHA256: createHash("sha256").update(assetContent).digest("hex"),
        },
      }),
    );
  }

  test("the root group is always there, allows everything, and cannot be deleted or made", async () => {
    const root = await describe("/*");
    expect(root).toMatchObject({
      arn: "arn:aws:codeartifact:us-east-1:123456789012:package-group/my-organization/%2a",
      pattern: "/*",
      originConfiguration: {
        restrictions: {
          PUBLISH: { mode: "ALLOW", effectiveMode: "ALLOW", repositoriesCount: 0 },
          EXTERNAL_UPSTREAM: { mode: "ALLOW", effectiveMode: "ALLOW" },
          INTERNAL_UPSTREAM: { mode: "ALLOW", effectiveMode: "ALLOW" },
        },
      },
    });
    expect(root?.parent).toBeUndefined();
    await expect(remove("/*")).rejects.toMatchObject({ name: "ValidationException" });
    await expect(create("/*")).rejects.toMatchObject({ name: "ConflictException" });
  });

  test("a group is made with contact, description and tags, described, changed and deleted", async () => {
    const made = await client.send(
      new CreatePackageGroupCommand({
        ...{ domain, packageGroup: "/npm/acme/*", contactInfo: "build@acme.example", description: "ours" },
        tags: [{ key: "team", value: "build" }],
      }),
    );
    expect(made.packageGroup).toMatchObject({
      pattern: "/npm/acme/*",
      domainName: domain,
      domainOwner: "123456789012",
      contactInfo: "build@acme.example",
      description: "ours",
      parent: { pattern: "/*" },
      originConfiguration: {
        restrictions: {
          PUBLISH: { mode: "INHERIT", effectiveMode: "ALLOW", inheritedFrom: { pattern: "/*" } },
        },
      },
    });
    const resourceArn = made.packageGroup?.arn;
    expect((await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual([
      { key: "team", value: "build" },
    ]);
    await expect(create("/npm/acme/*")).rejects.toMatchObject({ name: "ConflictException" });
    const change = { domain, packageGroup: "/npm/acme/*", description: "still ours" };
    const changed = (await client.send(new UpdatePackageGroupCommand(change))).packageGroup;
    expect(changed).toMatchObject({ contactInfo: "build@acme.example", description: "still ours" });
    expect((await remove("/npm/acme/*")).packageGroup?.pattern).toBe("/npm/acme/*");
    await expect(describe("/npm/acme/*")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("groups lie in one another; those below go to the group above when one is deleted", async () => {
    for (const pattern of ["/npm/*", "/npm/space~", "/npm/space-ship/*", "/npm/space-ship/engine$"])
      await create(pattern);
    const children = async (packageGroup: string) =>
      (await client.send(new ListSubPackageGroupsCommand({ domain, packageGroup }))).packageGroups?.map(
        ({ pattern }) => pattern,
      );
    expect(await children("/npm/*")).toEqual(["/npm/space~"]);
    expect((await describe("/npm/space-ship/engine$"))?.parent?.pattern).toBe("/npm/space-ship/*");
    await remove("/npm/space~");
    expect(await children("/npm/*")).toEqual(["/npm/space-ship/*"]);
    const listed: (string | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const page = await client.send(new ListPackageGroupsCommand({ domain, maxResults: 2, nextToken }));
      expect(page.packageGroups?.length).toBeLessThanOrEqual(2);
      listed.push(...(page.packageGroups ?? []).map(({ pattern }) => pattern));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(listed).toEqual(["/*", "/npm/*", "/npm/space-ship/*", "/npm/space-ship/engine$"]);
    const prefixed = await client.send(new ListPackageGroupsCommand({ domain, prefix: "/npm/space" }));
    expect(prefixed.packageGroups?.length).toBe(2);
    for (const pattern of ["/npm/*", "/npm/space-ship/*", "/npm/space-ship/engine$"]) await remove(pattern);
  });

  test("packages belong to the most specific group, strongly or weakly; a preview says what a group would have", async () => {
    await publish("acme", "tool");
    await publish("acme", "tool", "team");
    await publish("acme", "tool-box");
    await publish("ACME", "Tool");
    await publish("other", "tool");
    const input = { domain, packageGroup: "/generic/acme/tool~", preview: true };
    const expected = [
      { format: "generic", namespace: "ACME", package: "Tool", associationType: "WEAK" },
      { format: "generic", namespace: "acme", package: "tool", associationType: "STRONG" },
      { format: "generic", namespace: "acme", package: "tool-box", associationType: "STRONG" },
    ];
    expect((await client.send(new ListAssociatedPackagesCommand(input))).packages as unknown[]).toEqual(
      expected,
    );
    await expect(
      client.send(new ListAssociatedPackagesCommand({ ...input, preview: false })),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await create("/generic/acme/tool~");
    const first = await client.send(new ListAssociatedPackagesCommand({ ...input, maxResults: 2 }));
    const second = await client.send(
      new ListAssociatedPackagesCommand({ ...input, nextToken: first.nextToken }),
    );
    expect([...(first.packages ?? []), ...(second.packages ?? [])] as unknown[]).toEqual(expected);
    const associated = await client.send(
      new GetAssociatedPackageGroupCommand({
        domain,
        format: "generic",
        namespace: "Acme",
        package: "TOOL-x",
      }),
    );
    expect(associated).toMatchObject({
      packageGroup: { pattern: "/generic/acme/tool~" },
      associationType: "WEAK",
    });
    await expect(publish("acme.", "tool")).resolves.toBeDefined();
    await expect(publish("Acme", "tool-kit")).rejects.toThrow("only a variation of the package group");
    await remove("/generic/acme/tool~");
  });

  test("origin configuration: modes, allowed repositories, what is inherited, and what then may be published", async () => {
    await create("/generic/closed~");
    await create("/generic/closed/*");
    const configure = (packageGroup: string, change: object) =>
      client.send(new UpdatePackageGroupOriginConfigurationCommand({ domain, packageGroup, ...change }));
    const result = await configure("/generic/closed~", {
      restrictions: { PUBLISH: "ALLOW_SPECIFIC_REPOSITORIES", EXTERNAL_UPSTREAM: "BLOCK" },
      addAllowedRepositories: [
        { originRestrictionType: "PUBLISH", repositoryName: "team" },
        { originRestrictionType: "PUBLISH", repositoryName: "app" },
      ],
      removeAllowedRepositories: [{ originRestrictionType: "PUBLISH", repositoryName: "app" }],
    });
    expect(result.allowedRepositoryUpdates as unknown).toEqual({
      PUBLISH: { ADDED: ["team", "app"], REMOVED: ["app"] },
    });
    expect((await describe("/generic/closed/*"))?.originConfiguration?.restrictions).toMatchObject({
      PUBLISH: {
        mode: "INHERIT",
        effectiveMode: "ALLOW_SPECIFIC_REPOSITORIES",
        inheritedFrom: { pattern: "/generic/closed~" },
      },
      EXTERNAL_UPSTREAM: { mode: "INHERIT", effectiveMode: "BLOCK" },
      INTERNAL_UPSTREAM: { mode: "INHERIT", effectiveMode: "ALLOW", inheritedFrom: { pattern: "/*" } },
    });
    const allowed = { domain, packageGroup: "/generic/closed~", originRestrictionType: "PUBLISH" } as const;
    const listAllowed = async () =>
      (await client.send(new ListAllowedRepositoriesForGroupCommand(allowed))).allowedRepositories;
    expect(await listAllowed()).toEqual(["team"]);
    await expect(publish("closed", "tool", "app")).rejects.toThrow("/generic/closed~");
    await expect(publish("closed", "tool", "team")).resolves.toBeDefined();
    await expect(
      configure("/generic/closed~", {
        addAllowedRepositories: [{ originRestrictionType: "PUBLISH", repositoryName: "nowhere" }],
      }),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await expect(configure("/*", { restrictions: { PUBLISH: "INHERIT" } })).rejects.toMatchObject({
      name: "ValidationException",
    });
    await configure("/*", { restrictions: { PUBLISH: "BLOCK" } });
    await expect(publish("open", "tool")).rejects.toThrow("'/*'");
    await configure("/*", { restrictions: { PUBLISH: "ALLOW" } });
    await expect(publish("open", "tool")).resolves.toBeDefined();
    await client.send(new DeleteRepositoryCommand({ domain, repository: "team" }));
    expect(await listAllowed()).toEqual([]);
  });

  test("what is no pattern is refused with the reason", async () => {
    await expect(create("/npm/foo*")).rejects.toMatchObject({
      name: "ValidationException",
      message: expect.stringContaining("whole component"),
    });
    await expect(create("/nuget//My.Company~")).rejects.toThrow("/nuget//my.company~");
  });

  test("the AWS CLI does the same", async () => {
    const aws = async (...args: string[]) =>
      JSON.parse(
        (await server.aws(["codeartifact", ...args, "--domain", domain, "--output", "json"])) || "{}",
      );
    await aws(
      "create-package-group",
      "--package-group",
      "/pypi//acme~",
      "--contact-info",
      "build@acme.example",
    );
    const updated = await aws(
      ...["update-package-group-origin-configuration", "--package-group", "/pypi//acme~"],
      ...["--restrictions", "PUBLISH=ALLOW,EXTERNAL_UPSTREAM=ALLOW_SPECIFIC_REPOSITORIES"],
      ...["--add-allowed-repositories", "originRestrictionType=EXTERNAL_UPSTREAM,repositoryName=app"],
    );
    expect(updated.packageGroup.originConfiguration.restrictions.EXTERNAL_UPSTREAM).toEqual({
      mode: "ALLOW_SPECIFIC_REPOSITORIES",
      effectiveMode: "ALLOW_SPECIFIC_REPOSITORIES",
      repositoriesCount: 1,
    });
    const associated = await aws(
      ...["get-associated-package-group", "--format", "pypi", "--package", "Acme_Tools"],
    );
    expect(associated).toMatchObject({
      associationType: "STRONG",
      packageGroup: { pattern: "/pypi//acme~" },
    });
    const groups = await aws("list-package-groups");
    expect(groups.packageGroups.map(({ pattern }: { pattern: string }) => pattern)).toContain("/pypi//acme~");
    expect(
      (await aws("delete-package-group", "--package-group", "/pypi//acme~")).packageGroup.contactInfo,
    ).toBe("build@acme.example");
  });
});
