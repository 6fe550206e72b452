/** Domains and repositories through the CodeArtifact API: the AWS SDK on a running server. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import * as sdk from "@aws-sdk/client-codeartifact";
import { describeWithClients } from "../client.ts";
import { failure, OWNER, serveDomains } from "./domains-by-sdk.ts";

describeWithClients("the CodeArtifact API on domains and repositories", ["aws"], () => {
  const { owner, domainWith } = serveDomains();

  describe("domains", () => {
    test("are created, described, listed and deleted", async () => {
      const created = await owner.client.send(new sdk.CreateDomainCommand({ domain: "first" }));
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
      await owner.client.send(new sdk.CreateRepositoryCommand({ domain: "first", repository: "app" }));
      const described = await owner.client.send(new sdk.DescribeDomainCommand({ domain: "first" }));
      expect(described.domain).toEqual({ ...created.domain, repositoryCount: 1 });

      const names = [];
      const pages = sdk.paginateListDomains({ client: owner.client, pageSize: 1 }, {});
      await owner.client.send(new sdk.CreateDomainCommand({ domain: "second" }));
      for await (const page of pages) names.push(page.domains?.map((domain) => domain.name));
      expect(names).toEqual([["first"], ["second"]]);

      expect(
        await failure(owner.client.send(new sdk.DeleteDomainCommand({ domain: "first" }))),
      ).toMatchObject({
        name: "ConflictException",
        status: 409,
        resourceId: "first",
        resourceType: "domain",
      });
      await owner.client.send(new sdk.DeleteRepositoryCommand({ domain: "first", repository: "app" }));
      const deleted = await owner.client.send(new sdk.DeleteDomainCommand({ domain: "first" }));
      expect(deleted.domain?.status).toBe("Deleted");
      expect(await owner.client.send(new sdk.DeleteDomainCommand({ domain: "first" }))).not.toHaveProperty(
        "domain",
      );
    });

    test("say what is wrong with CodeArtifact's exceptions", async () => {
      await domainWith("taken");
      const refusals: [command: () => Promise<unknown>, expected: object][] = [
        [
          () => owner.client.send(new sdk.CreateDomainCommand({ domain: "taken" })),
          { name: "ConflictException", status: 409, resourceId: "taken", resourceType: "domain" },
        ],
        [
          () => owner.client.send(new sdk.CreateDomainCommand({ domain: "Upper" })),
          { name: "ValidationException", status: 400, reason: "FIELD_VALIDATION_FAILED" },
        ],
        [
          () =>
            owner.client.send(new sdk.CreateDomainCommand({ domain: "keyed", encryptionKey: "alias/mine" })),
          { name: "ValidationException", status: 400, reason: "ENCRYPTION_KEY_ERROR" },
        ],
        [
          () => owner.client.send(new sdk.DescribeDomainCommand({ domain: "absent" })),
          {
            name: "ResourceNotFoundException",
            status: 404,
            resourceId: "absent",
            resourceType: "domain",
            message: `Domain not found. Domain 'absent' owned by account '${OWNER}' does not exist.`,
          },
        ],
        [
          () => owner.client.send(new sdk.ListDomainsCommand({ nextToken: "made-up" })),
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
        await owner.client.send(
          new sdk.PublishPackageVersionCommand({
            ...{ domain: "sized", repository, format: "generic", namespace: "n", package: "p" },
            ...{ packageVersion: "1", assetName: "a", assetContent, assetSHA256 },
          }),
        );
      const { domain } = await owner.client.send(new sdk.DescribeDomainCommand({ domain: "sized" }));
      expect(domain).toMatchObject({ repositoryCount: 2, assetSizeBytes: 12 });
    });
  });

  describe("repositories", () => {
    test("are created under upstreams, described, updated, listed and deleted", async () => {
      await domainWith("repos", "store", "shared");
      const created = await owner.client.send(
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
      const reordered = await owner.client.send(
        new sdk.UpdateRepositoryCommand({
          ...named,
          upstreams: [{ repositoryName: "shared" }, { repositoryName: "store" }],
        }),
      );
      expect(reordered.repository?.description).toBe("What we ship");
      const described = await owner.client.send(new sdk.DescribeRepositoryCommand(named));
      expect(described.repository?.upstreams?.map((each) => each.repositoryName)).toEqual([
        "shared",
        "store",
      ]);

      const inDomain = await owner.client.send(
        new sdk.ListRepositoriesInDomainCommand({ domain: "repos", repositoryPrefix: "s".repeat(2) }),
      );
      expect(inDomain.repositories).toEqual([]);
      const prefixed = await owner.client.send(
        new sdk.ListRepositoriesInDomainCommand({ domain: "repos", repositoryPrefix: "sh" }),
      );
      expect(prefixed.repositories?.map((each) => each.name)).toEqual(["shared"]);
      const listed = [];
      const pages = sdk.paginateListRepositories(
        { client: owner.client, pageSize: 1 },
        { repositoryPrefix: "st" },
      );
      for await (const page of pages) listed.push(...(page.repositories ?? []));
      expect(listed.map((each) => `${each.domainName}/${each.name}`)).toEqual(["repos/store"]);

      await owner.client.send(new sdk.DeleteRepositoryCommand({ domain: "repos", repository: "store" }));
      const left = await owner.client.send(new sdk.DescribeRepositoryCommand(named));
      expect(left.repository?.upstreams).toEqual([{ repositoryName: "shared" }]);
    });

    test("refuse upstreams that lead in a circle, are absent, twice there or too many", async () => {
      const names = Array.from({ length: 11 }, (_, index) => `r${index}x`);
      await domainWith("circle", ...names);
      const put = (repository: string, ...upstreams: string[]) =>
        owner.client.send(
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
      const unchanged = await owner.client.send(
        new sdk.DescribeRepositoryCommand({ domain: "circle", repository: "r2x" }),
      );
      expect(unchanged.repository?.upstreams).toEqual([]);
    });

    test("have at most one public external connection, by its name", async () => {
      await domainWith("outside", "npm-store");
      const named = { domain: "outside", repository: "npm-store" };
      const connect = (externalConnection: string) =>
        owner.client.send(new sdk.AssociateExternalConnectionCommand({ ...named, externalConnection }));
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
        owner.client.send(
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
      await owner.client.send(
        new sdk.CreatePackageGroupCommand({ domain: "tagged", packageGroup: "/npm/acme/*" }),
      );
      for (const resource of ["domain/tagged", "repository/tagged/app", "package-group/tagged/npm/acme/*"]) {
        const resourceArn = `arn:aws:codeartifact:us-east-1:${OWNER}:${resource}`;
        const tags = [
          { key: "team", value: "a" },
          { key: "stage", value: "b" },
        ];
        await owner.client.send(new sdk.TagResourceCommand({ resourceArn, tags }));
        await owner.client.send(new sdk.UntagResourceCommand({ resourceArn, tagKeys: ["stage", "absent"] }));
        const listed = await owner.client.send(new sdk.ListTagsForResourceCommand({ resourceArn }));
        expect(listed.tags).toEqual([{ key: "team", value: "a" }]);
      }
      const tag = (resourceArn: string, key = "k") =>
        failure(owner.client.send(new sdk.TagResourceCommand({ resourceArn, tags: [{ key, value: "" }] })));
      const arn = (resource: string) => `arn:aws:codeartifact:us-east-1:${OWNER}:${resource}`;
      expect(await tag("arn:aws:s3:::bucket")).toMatchObject({ name: "ValidationException" });
      expect(await tag(arn("package/tagged/app/npm//x"))).toMatchObject({ name: "ValidationException" });
      expect(await tag(arn("repository/tagged/absent"))).toMatchObject({ name: "ResourceNotFoundException" });
      expect(await tag(arn("domain/tagged"), "aws:mine")).toMatchObject({ name: "ValidationException" });
    });
  });
});
