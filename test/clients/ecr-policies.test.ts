/** Policies, settings and tokens by the ECR API, called by boto3 on a running server. */
import { beforeAll, expect, test } from "bun:test";
import { createAccount } from "../another-account.ts";
import { describeWithClients } from "../client.ts";
import type { RootKey } from "../running-server.ts";
import { ACCOUNT, failure, serveEcr } from "./ecr-by-boto.ts";

const OTHER_ACCOUNT = "210987654321";

describeWithClients("policies and settings of the ECR API", ["python"], () => {
  const served = serveEcr();
  const { ecr, image } = served;
  let other: RootKey;
  beforeAll(async () => {
    other = await createAccount(served.server, OTHER_ACCOUNT);
    await ecr("create_repository", { repositoryName: "shared" });
    await ecr("put_image", {
      repositoryName: "shared",
      imageManifest: await image("shared", "x"),
      imageTag: "v1",
    });
  }, 60_000);

  const statement = (Effect: string, more: object = {}) => ({
    Effect,
    Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
    Action: ["ecr:BatchGetImage"],
    ...more,
  });
  const policy = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });

  test("a repository's policy lets another account in, and keeps it out again", async () => {
    const repositoryName = "shared";
    const pull = () =>
      ecr("batch_get_image", { registryId: ACCOUNT, repositoryName, imageIds: [{ imageTag: "v1" }] }, other);
    expect(await pull()).toEqual(
      failure(
        "AccessDeniedException",
        expect.stringContaining("is not authorized to perform: ecr:BatchGetImage"),
      ),
    );
    expect(await ecr("get_repository_policy", { repositoryName })).toEqual(
      failure("RepositoryPolicyNotFoundException"),
    );
    const policyText = policy(statement("Allow"));
    await ecr("set_repository_policy", { repositoryName, policyText });
    expect((await pull())["images"]).toHaveLength(1);
    expect(await ecr("get_repository_policy", { repositoryName })).toEqual({
      registryId: ACCOUNT,
      repositoryName,
      policyText,
    });
    await ecr("delete_repository_policy", { repositoryName });
    expect(await pull()).toEqual(failure("AccessDeniedException"));
    expect(await ecr("set_repository_policy", { repositoryName, policyText: "nonsense" })).toEqual(
      failure("InvalidParameterException", expect.stringContaining("Invalid repository policy provided")),
    );
  });

  test("a registry's policy speaks for every repository", async () => {
    const policyText = policy(
      statement("Allow", { Resource: `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/*` }),
    );
    expect(await ecr("get_registry_policy")).toEqual(failure("RegistryPolicyNotFoundException"));
    expect(await ecr("put_registry_policy", { policyText })).toEqual({ registryId: ACCOUNT, policyText });
    expect(await ecr("get_registry_policy")).toEqual({ registryId: ACCOUNT, policyText });
    const imageIds = [{ imageTag: "v1" }];
    const pull = { registryId: ACCOUNT, repositoryName: "shared", imageIds };
    expect((await ecr("batch_get_image", pull, other))["images"]).toHaveLength(1);
    await ecr("delete_registry_policy");
    expect(await ecr("batch_get_image", pull, other)).toEqual(failure("AccessDeniedException"));
  });

  test("the registry and its account settings are described", async () => {
    expect(await ecr("describe_registry")).toEqual({
      registryId: ACCOUNT,
      replicationConfiguration: { rules: [] },
    });
    const setting = { name: "BLOB_MOUNTING", value: "DISABLED" };
    expect(await ecr("put_account_setting", setting)).toEqual(setting);
    expect(await ecr("get_account_setting", { name: "BLOB_MOUNTING" })).toEqual(setting);
    expect(await ecr("put_account_setting", { ...setting, value: "MAYBE" })).toEqual(
      failure("InvalidParameterException"),
    );
  });

  test("an authorization token opens the registry, for twelve hours", async () => {
    const { authorizationData } = await ecr("get_authorization_token");
    const [data] = authorizationData as {
      authorizationToken: string;
      expiresAt: string;
      proxyEndpoint: string;
    }[];
    expect(data?.proxyEndpoint).toBe(served.server.url);
    const hours = (new Date(data?.expiresAt ?? 0).getTime() - Date.now()) / 3_600_000;
    expect(Math.round(hours)).toBe(12);
    const headers = { authorization: `Basic ${data?.authorizationToken}` };
    expect((await fetch(`${data?.proxyEndpoint}/v2/`, { headers })).status).toBe(200);
    expect((await fetch(`${data?.proxyEndpoint}/v2/shared/manifests/v1`, { headers })).status).toBe(200);
  });
});
