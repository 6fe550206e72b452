import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../test/contract/databases.ts";
import {
  ACCOUNT,
  named,
  OTHER_ACCOUNT,
  type TestRegistry,
  testImage,
  testRegistry,
} from "./testing/test-registry.ts";

const ALLOW_OTHER = policy({
  Effect: "Allow",
  Principal: { AWS: OTHER_ACCOUNT },
  Action: "ecr:BatchGetImage",
});
const DENY_ALL = policy({ Effect: "Deny", Principal: "*", Action: "ecr:*" });

function policy(...statements: object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

describeOnEachDatabase("repositories", (databases) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await testRegistry(await databases.fresh());
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  const arn = (name: string) => `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/${name}`;
  const describeNames = async (input: object) =>
    (await registry.api.DescribeRepositories(registry.call(), input)).repositories?.map(
      (one) => one.repositoryName,
    );

  describe("creating and describing", () => {
    test("a new repository is described with its defaults", async () => {
      const { repository } = await registry.api.CreateRepository(registry.call(), {
        repositoryName: "team/app",
      });
      expect(repository).toEqual({
        repositoryArn: arn("team/app"),
        registryId: ACCOUNT,
        repositoryName: "team/app",
        repositoryUri: "localhost:7560/team/app",
        createdAt: registry.now,
        imageTagMutability: "MUTABLE",
        imageTagMutabilityExclusionFilters: undefined,
        imageScanningConfiguration: { scanOnPush: false },
        encryptionConfiguration: { encryptionType: "AES256" },
      });
      const described = await registry.api.DescribeRepositories(registry.call(), {
        repositoryNames: ["team/app"],
      });
      expect(described.repositories).toEqual(repository && [repository]);
    });

    test("under an own domain the address is the account's host", async () => {
      const call = { ...registry.call(), baseUrl: "https://registry.example:8443" };
      const { repositories } = await registry.api.DescribeRepositories(call, {
        repositoryNames: ["team/app"],
      });
      expect(repositories?.[0]?.repositoryUri).toBe(
        `${ACCOUNT}.dkr.ecr.us-east-1.registry.example:8443/team/app`,
      );
      const { authorizationData } = await registry.api.GetAuthorizationToken(call, {});
      expect(authorizationData?.[0]?.proxyEndpoint).toBe(
        `https://${ACCOUNT}.dkr.ecr.us-east-1.registry.example:8443`,
      );
    });

    test("a name is taken once in each account and region", async () => {
      await expect(registry.createRepository("team/app")).rejects.toEqual(
        named(
          "RepositoryAlreadyExistsException",
          `The repository with name 'team/app' already exists in the registry with id '${ACCOUNT}'`,
        ),
      );
      await registry.api.CreateRepository(registry.call(OTHER_ACCOUNT), { repositoryName: "team/app" });
      const elsewhere = { ...registry.call(), region: "eu-west-1" as never };
      await registry.api.CreateRepository(elsewhere, { repositoryName: "team/app" });
    });

    const refused: readonly [name: string, input: object][] = [
      ["one letter", { repositoryName: "a" }],
      ["capitals", { repositoryName: "App" }],
      ["a path trick", { repositoryName: "a/../b" }],
      ["257 characters", { repositoryName: "a".repeat(257) }],
      ["a newline at the end", { repositoryName: "app\n" }],
      [
        "scan on push, which is not built",
        { repositoryName: "app", imageScanningConfiguration: { scanOnPush: true } },
      ],
      [
        "a key with AES256",
        {
          repositoryName: "app",
          encryptionConfiguration: { encryptionType: "AES256", kmsKey: "alias/mine" },
        },
      ],
      [
        "KMS_DSSE, which is not offered",
        { repositoryName: "app", encryptionConfiguration: { encryptionType: "KMS_DSSE" } },
      ],
      ["exclusion without filters", { repositoryName: "app", imageTagMutability: "MUTABLE_WITH_EXCLUSION" }],
    ];
    test.each(refused)("is refused: %s", async (_, input) => {
      await expect(registry.createRepository("unused", input)).rejects.toEqual(
        named("InvalidParameterException"),
      );
    });

    test("pages follow the order of names", async () => {
      const call = registry.call("333333333333" as never);
      for (const repositoryName of ["c3", "a-1", "b2", "a/1", "a1"]) {
        await registry.api.CreateRepository(call, { repositoryName });
      }
      const first = await registry.api.DescribeRepositories(call, { maxResults: 3 });
      const second = await registry.api.DescribeRepositories(call, {
        maxResults: 3,
        nextToken: first.nextToken,
      });
      const names = [first, second].map((page) => page.repositories?.map((one) => one.repositoryName));
      expect(names).toEqual([
        ["a-1", "a/1", "a1"],
        ["b2", "c3"],
      ]);
      expect(second.nextToken).toBeUndefined();
      const listed = await registry.ecr.registry.listRepositoryNames(call, { after: "a/1", limit: 2 });
      expect(listed).toEqual({ items: ["a1", "b2"], more: true });
    });

    test("a name that is missing is an error", async () => {
      await expect(describeNames({ repositoryNames: ["team/app", "none"] })).rejects.toEqual(
        named("RepositoryNotFoundException"),
      );
    });
  });

  test("a repository with images is deleted only by force", async () => {
    await registry.createRepository("full");
    await registry.pushImage("full", "content", "v1");
    await expect(registry.api.DeleteRepository(registry.call(), { repositoryName: "full" })).rejects.toEqual(
      named(
        "RepositoryNotEmptyException",
        `The repository with name 'full' in registry with id '${ACCOUNT}' cannot be deleted because it still contains images`,
      ),
    );
    const { repository } = await registry.api.DeleteRepository(registry.call(), {
      repositoryName: "full",
      force: true,
    });
    expect(repository?.repositoryArn).toBe(arn("full"));
    await expect(describeNames({ repositoryNames: ["full"] })).rejects.toEqual(
      named("RepositoryNotFoundException"),
    );
  });

  describe("resource tags", () => {
    const resourceTags = async () =>
      (await registry.api.ListTagsForResource(registry.call(), { resourceArn: arn("tagged") })).tags;

    test("are set at creation, added, changed and removed", async () => {
      await registry.createRepository("tagged", { tags: [{ Key: "team", Value: "a" }] });
      await registry.api.TagResource(registry.call(), {
        resourceArn: arn("tagged"),
        tags: [
          { Key: "team", Value: "b" },
          { Key: "__proto__", Value: "c" },
        ],
      });
      expect(await resourceTags()).toEqual([
        { Key: "team", Value: "b" },
        { Key: "__proto__", Value: "c" },
      ]);
      await registry.api.UntagResource(registry.call(), {
        resourceArn: arn("tagged"),
        tagKeys: ["__proto__"],
      });
      expect(await resourceTags()).toEqual([{ Key: "team", Value: "b" }]);
    });

    test("are offered to policies as conditions", async () => {
      registry.asked.length = 0;
      await resourceTags();
      expect(registry.asked).toMatchObject([
        {
          action: "ecr:ListTagsForResource",
          resource: arn("tagged"),
          context: { "aws:ResourceTag/team": "b", "ecr:ResourceTag/team": "b" },
        },
      ]);
    });

    const refused: readonly [name: string, tags: object[], error: string][] = [
      ["a reserved key", [{ Key: "AWS:x", Value: "" }], "InvalidTagParameterException"],
      ["an empty key", [{ Key: "", Value: "" }], "InvalidTagParameterException"],
      ["a long key", [{ Key: "k".repeat(129), Value: "" }], "InvalidTagParameterException"],
      ["a long value", [{ Key: "k", Value: "v".repeat(257) }], "InvalidTagParameterException"],
      [
        "the same key twice",
        [
          { Key: "k", Value: "1" },
          { Key: "k", Value: "2" },
        ],
        "InvalidTagParameterException",
      ],
      [
        "51 tags",
        Array.from({ length: 51 }, (_, number) => ({ Key: `k${number}`, Value: "" })),
        "TooManyTagsException",
      ],
    ];
    test.each(refused)("are refused: %s", async (_, tags, error) => {
      const tagging = registry.api.TagResource(registry.call(), {
        resourceArn: arn("tagged"),
        tags: tags as never,
      });
      await expect(tagging).rejects.toEqual(named(error));
    });
  });

  describe("policies", () => {
    const set = (name: string, policyText: string, force?: boolean) =>
      registry.api.SetRepositoryPolicy(registry.call(), { repositoryName: name, policyText, force });

    test("a repository's policy is kept as written, until it is deleted", async () => {
      await registry.createRepository("policy");
      const get = () => registry.api.GetRepositoryPolicy(registry.call(), { repositoryName: "policy" });
      const missing = `Repository policy does not exist for the repository with name 'policy' in the registry with id '${ACCOUNT}'`;
      await expect(get()).rejects.toEqual(named("RepositoryPolicyNotFoundException", missing));
      await set("policy", ALLOW_OTHER);
      expect(await get()).toEqual({ registryId: ACCOUNT, repositoryName: "policy", policyText: ALLOW_OTHER });
      const removed = await registry.api.DeleteRepositoryPolicy(registry.call(), {
        repositoryName: "policy",
      });
      expect(removed.policyText).toBe(ALLOW_OTHER);
      await expect(get()).rejects.toEqual(named("RepositoryPolicyNotFoundException"));
    });

    test("what is no policy is refused in ECR's words", async () => {
      for (const text of ["", "{}", "nonsense", policy({ Effect: "Maybe", Principal: "*", Action: "*" })]) {
        await expect(set("policy", text)).rejects.toMatchObject({
          name: "InvalidParameterException",
          message: expect.stringContaining(
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
          ),
        });
      }
    });

    test("one that names a resource is refused: a repository's policy is about its repository", async () => {
      const allowed = { Effect: "Allow", Principal: "*", Action: "ecr:BatchGetImage" };
      for (const statement of [
        { ...allowed, Resource: "*" },
        { ...allowed, NotResource: arn("policy") },
      ]) {
        await expect(set("policy", policy(statement))).rejects.toMatchObject({
          name: "InvalidParameterException",
          message: expect.stringContaining("'Invalid repository policy provided'"),
        });
      }
    });

    test("one that locks the caller out needs force", async () => {
      await registry.createRepository("locked");
      await expect(set("locked", DENY_ALL)).rejects.toEqual(named("InvalidParameterException"));
      await set("locked", DENY_ALL, true);
      await expect(describeNames({ repositoryNames: ["locked"] })).rejects.toEqual(
        named("AccessDeniedException"),
      );
    });

    test("the registry's policy speaks for all its repositories, and a repository's deny stands against it", async () => {
      const owner = registry.call("444444444444" as never);
      const visitor = { ...registry.call(OTHER_ACCOUNT), account: owner.account };
      const pull = () => registry.ecr.registry.getManifest(visitor, "app", { tag: "v1" }, true);
      await registry.api.CreateRepository(owner, { repositoryName: "app" });
      await expect(pull()).rejects.toEqual(named("AccessDeniedException"));
      await registry.api.PutRegistryPolicy(owner, {
        policyText: policy({
          Sid: "same",
          Effect: "Allow",
          Principal: { AWS: OTHER_ACCOUNT },
          Action: "ecr:BatchGetImage",
          Resource: "arn:aws:ecr:us-east-1:444444444444:repository/*",
        }),
      });
      await expect(pull()).rejects.toEqual(named("ImageNotFoundException"));
      const unrelated = { Sid: "same", Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "ecr:PutImage" };
      await registry.api.SetRepositoryPolicy(owner, { repositoryName: "app", policyText: policy(unrelated) });
      await expect(pull()).rejects.toEqual(named("ImageNotFoundException"));
      await registry.api.SetRepositoryPolicy(owner, {
        repositoryName: "app",
        policyText: policy({
          Sid: "same",
          Effect: "Deny",
          Principal: { AWS: OTHER_ACCOUNT },
          Action: "ecr:BatchGetImage",
        }),
      });
      await expect(pull()).rejects.toEqual(named("AccessDeniedException"));
      await registry.api.DeleteRegistryPolicy(owner, {});
      await expect(registry.api.GetRegistryPolicy(owner, {})).rejects.toEqual(
        named(
          "RegistryPolicyNotFoundException",
          "Registry policy does not exist in the registry with id '444444444444'",
        ),
      );
    });
  });

  describe("account settings", () => {
    const get = (name: string) => registry.api.GetAccountSetting(registry.call(), { name });
    const put = (name: string, value: string) =>
      registry.api.PutAccountSetting(registry.call(), { name, value });

    test("have defaults, keep what is put, and refuse the rest", async () => {
      expect(await get("BASIC_SCAN_TYPE_VERSION")).toEqual({
        name: "BASIC_SCAN_TYPE_VERSION",
        value: "AWS_NATIVE",
      });
      expect(await get("REGISTRY_POLICY_SCOPE")).toEqual({ name: "REGISTRY_POLICY_SCOPE", value: "V2" });
      expect(await get("BLOB_MOUNTING")).toEqual({ name: "BLOB_MOUNTING", value: "ENABLED" });
      await put("BLOB_MOUNTING", "DISABLED");
      expect(await get("BLOB_MOUNTING")).toEqual({ name: "BLOB_MOUNTING", value: "DISABLED" });
      for (const [name, value] of [
        ["BLOB_MOUNTING", "MAYBE"],
        ["REGISTRY_POLICY_SCOPE", "V1"],
        ["constructor", "x"],
      ] as const) {
        await expect(put(name, value)).rejects.toEqual(named("InvalidParameterException"));
      }
    });

    test("a registry without rules describes itself so", async () => {
      expect(await registry.api.DescribeRegistry(registry.call(), {})).toEqual({
        registryId: ACCOUNT,
        replicationConfiguration: { rules: [] },
      });
    });
  });

  test("an authorization token names the registries asked for and who logs in", async () => {
    const { authorizationData } = await registry.api.GetAuthorizationToken(registry.call(), {
      registryIds: [ACCOUNT, OTHER_ACCOUNT],
    });
    expect(authorizationData).toHaveLength(2);
    expect(authorizationData?.[0]).toEqual({
      authorizationToken: btoa("AWS:token"),
      expiresAt: new Date(registry.now.getTime() + 43_200_000),
      proxyEndpoint: "http://localhost:7560",
    });
  });

  describe("referrers", () => {
    test("of a subject are listed by artifact type, in pages, with their annotations", async () => {
      await registry.createRepository("referrers");
      const subject = testImage("subject that is not pushed");
      const refer = (content: string, artifactType: string) =>
        registry.pushImage("referrers", content, undefined, {
          artifactType,
          annotations: { of: content },
          subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.text.length },
        });
      const signature = await refer("signature", "application/x.signature");
      for (const content of ["a", "b", "c"]) await refer(content, "application/x.sbom");
      await registry.pushImage("referrers", "unrelated", "v1");
      const list = (input: object) =>
        registry.api.ListImageReferrers(registry.call(), {
          repositoryName: "referrers",
          subjectId: { imageDigest: subject.digest },
          ...input,
        });
      expect((await list({ filter: { artifactTypes: ["application/x.signature"] } })).referrers).toEqual([
        {
          digest: signature.digest,
          mediaType: signature.mediaType,
          artifactType: "application/x.signature",
          size: signature.text.length,
          annotations: { of: "signature" },
          artifactStatus: "ACTIVE",
        },
      ]);
      const first = await list({ maxResults: 3 });
      const rest = await list({ maxResults: 3, nextToken: first.nextToken });
      expect([first.referrers?.length, rest.referrers?.length, rest.nextToken]).toEqual([3, 1, undefined]);
      const native = await registry.ecr.registry.listReferrers(registry.call(), "referrers", subject.digest, {
        artifactType: "application/x.sbom",
        limit: 2,
      });
      expect([native.items.length, native.more]).toEqual([2, true]);
      expect(registry.events.at(-2)?.detailType).toBe("ECR Referrer Action");
    });
  });
});
