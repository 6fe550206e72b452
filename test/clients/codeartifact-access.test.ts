/** Who gets into a domain and its repositories: policies, other accounts, and package managers with their tokens. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as sdk from "@aws-sdk/client-codeartifact";
import { createAccount } from "../another-account.ts";
import { describeWithClients } from "../client.ts";
import { failure, OWNER, serveDomains } from "./domains-by-sdk.ts";
import { optionsFor } from "./served-client.ts";

const OTHER = "210987654321";

describeWithClients("the CodeArtifact API on domains and repositories", ["aws"], () => {
  const { owner, domainWith } = serveDomains();
  let other: sdk.CodeartifactClient;
  beforeAll(async () => {
    const credentials = await createAccount(owner.server, OTHER);
    other = new sdk.CodeartifactClient({ ...optionsFor(owner.server), credentials });
  }, 60_000);
  afterAll(() => other?.destroy());

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
            owner.client.send(
              new sdk.PutDomainPermissionsPolicyCommand({ ...domain, ...more, policyDocument }),
            ),
          get: () => owner.client.send(new sdk.GetDomainPermissionsPolicyCommand(domain)),
          delete: () =>
            owner.client.send(new sdk.DeleteDomainPermissionsPolicyCommand({ ...domain, ...more })),
        })[verb]();
      const ofRepository: Send = (verb, { policyDocument, ...more } = {}) =>
        ({
          put: () =>
            owner.client.send(
              new sdk.PutRepositoryPermissionsPolicyCommand({ ...repository, ...more, policyDocument }),
            ),
          get: () => owner.client.send(new sdk.GetRepositoryPermissionsPolicyCommand(repository)),
          delete: () =>
            owner.client.send(new sdk.DeleteRepositoryPermissionsPolicyCommand({ ...repository, ...more })),
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
        owner.client.send(new sdk.PutRepositoryPermissionsPolicyCommand({ ...target, policyDocument }));
      await put(deny);
      expect(await failure(owner.client.send(new sdk.DescribeRepositoryCommand(target)))).toMatchObject({
        name: "AccessDeniedException",
        status: 403,
        message: expect.stringContaining("codeartifact:DescribeRepository"),
      });
      await put(allow("codeartifact:ReadFromRepository"));
      await owner.client.send(new sdk.DescribeRepositoryCommand(target));
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

      await owner.client.send(
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
      await owner.client.send(
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
      const administered = await owner.client.send(
        new sdk.ListRepositoriesInDomainCommand({ domain: "foreign", administratorAccount: OTHER }),
      );
      expect(administered.repositories?.map((each) => each.name)).toEqual(["theirs"]);
    });
  });

  describe("package managers", () => {
    test("a token lasts as long as was asked for, within CodeArtifact's limits", async () => {
      await domainWith("tokens");
      const issue = (durationSeconds?: number) =>
        owner.client.send(new sdk.GetAuthorizationTokenCommand({ domain: "tokens", durationSeconds }));
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
        await failure(owner.client.send(new sdk.GetAuthorizationTokenCommand({ domain: "absent" }))),
      ).toMatchObject({ name: "ResourceNotFoundException" });
    });

    test("aws codeartifact login points each tool at this server", async () => {
      await domainWith("login", "app");
      const login = (tool: string) =>
        owner.server.aws([
          ...["codeartifact", "login", "--dry-run", "--tool", tool],
          ...["--domain", "login", "--repository", "app"],
        ]);
      const host = new URL(owner.server.url).host;
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
          await owner.server.aws([
            ...["codeartifact", "get-repository-endpoint", "--format", format, "--output", "text"],
            ...["--domain", "login", "--repository", "app"],
          ]),
        ).toBe(`${owner.server.url}${path}/${format}/app/`);
      const cargo = owner.client.send(
        new sdk.GetRepositoryEndpointCommand({ domain: "login", repository: "app", format: "cargo" }),
      );
      expect(await failure(cargo)).toMatchObject({ name: "ValidationException" });
    }, 60_000);
  });
});
