/** What each request asks the policies: the actions of the ECR service authorization reference, on the repository's ARN. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Readable } from "node:stream";
import type { Digest } from "../../storage/blobs/digest.ts";
import {
  ACCOUNT,
  digestOfText,
  type TestImage,
  type TestRegistry,
  testImage,
  testRegistry,
} from "./testing/test-registry.ts";

const ARN = `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/app`;
const REPOSITORY = { repositoryName: "app" };
const NO_UPLOAD = "00000000-0000-0000-0000-000000000000";

let registry: TestRegistry;
let image: TestImage;
let layer: Digest;

beforeAll(async () => {
  registry = await testRegistry();
  await registry.createRepository("app");
  await registry.createRepository("source");
  image = await registry.pushImage("app", "content", "v1");
  layer = digestOfText("content");
  await registry.pushLayer("source", "other");
});
afterAll(() => registry[Symbol.asyncDispose]());

/** Asks of the native registry and of the API; whether they succeed does not matter here. */
const REQUESTS: Readonly<Record<string, readonly [run: () => Promise<unknown>, actions: readonly string[]]>> =
  {
    "GET manifest": [
      () => native().getManifest(registry.call(), "app", { tag: "v1" }, true),
      ["BatchGetImage"],
    ],
    "PUT manifest": [() => registry.push("app", image, "v2"), ["PutImage"]],
    "DELETE manifest": [
      () => native().deleteManifest(registry.call(), "app", { tag: "v9" }),
      ["BatchDeleteImage"],
    ],
    "GET tags": [() => native().listTags(registry.call(), "app", { limit: 1 }), ["ListImages"]],
    "GET referrers": [
      () => native().listReferrers(registry.call(), "app", image.digest, { limit: 1 }),
      ["BatchGetImage"],
    ],
    "HEAD blob": [() => native().statLayer(registry.call(), "app", layer), ["BatchCheckLayerAvailability"]],
    "GET blob": [() => native().getLayer(registry.call(), "app", layer), ["GetDownloadUrlForLayer"]],
    "DELETE blob": [() => native().deleteLayer(registry.call(), "app", layer), ["BatchDeleteImage"]],
    "POST upload": [() => native().startLayerUpload(registry.call(), "app"), ["InitiateLayerUpload"]],
    "PATCH upload": [
      () => native().appendToLayerUpload(registry.call(), "app", NO_UPLOAD, Readable.from([])),
      ["UploadLayerPart"],
    ],
    "PUT upload": [
      () => native().finishLayerUpload(registry.call(), "app", NO_UPLOAD, layer),
      ["CompleteLayerUpload"],
    ],
    "POST upload with its bytes": [
      () => native().putLayer(registry.call(), "app", layer, Readable.from([Buffer.from("content")])),
      ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"],
    ],
    SetRepositoryPolicy: [
      () => registry.api.SetRepositoryPolicy(registry.call(), { ...REPOSITORY, policyText: "" }),
      ["SetRepositoryPolicy"],
    ],
    GetRepositoryPolicy: [
      () => registry.api.GetRepositoryPolicy(registry.call(), REPOSITORY),
      ["GetRepositoryPolicy"],
    ],
    PutImageTagMutability: [
      () =>
        registry.api.PutImageTagMutability(registry.call(), { ...REPOSITORY, imageTagMutability: "MUTABLE" }),
      ["PutImageTagMutability"],
    ],
    DescribeImages: [() => registry.api.DescribeImages(registry.call(), REPOSITORY), ["DescribeImages"]],
    ListImages: [() => registry.api.ListImages(registry.call(), REPOSITORY), ["ListImages"]],
    BatchGetImage: [
      () => registry.api.BatchGetImage(registry.call(), { ...REPOSITORY, imageIds: [] }),
      ["BatchGetImage"],
    ],
    BatchDeleteImage: [
      () => registry.api.BatchDeleteImage(registry.call(), { ...REPOSITORY, imageIds: [] }),
      ["BatchDeleteImage"],
    ],
    PutImage: [
      () => registry.api.PutImage(registry.call(), { ...REPOSITORY, imageManifest: testImage("none").text }),
      ["PutImage"],
    ],
    ListImageReferrers: [
      () =>
        registry.api.ListImageReferrers(registry.call(), {
          ...REPOSITORY,
          subjectId: { imageDigest: image.digest },
        }),
      ["BatchGetImage"],
    ],
    GetDownloadUrlForLayer: [
      () => registry.api.GetDownloadUrlForLayer(registry.call(), { ...REPOSITORY, layerDigest: layer }),
      ["GetDownloadUrlForLayer"],
    ],
  };

function native() {
  return registry.ecr.registry;
}

test.each(Object.entries(REQUESTS))("%s", async (_, [run, actions]) => {
  registry.asked.length = 0;
  await run().catch(() => undefined);
  expect(registry.asked.map(({ action }) => action)).toEqual(actions.map((action) => `ecr:${action}`));
  for (const request of registry.asked)
    expect(request).toMatchObject({ resource: ARN, resourceAccount: ACCOUNT });
});

test("a mount asks for the writing of one repository and the reading of the other", async () => {
  registry.asked.length = 0;
  await native().mountLayer(registry.call(), "app", digestOfText("other"), "source");
  expect(registry.asked.map(({ action, resource }) => [action, resource.split("/").at(-1)])).toEqual([
    ["ecr:InitiateLayerUpload", "app"],
    ["ecr:CompleteLayerUpload", "app"],
    ["ecr:BatchCheckLayerAvailability", "source"],
    ["ecr:GetDownloadUrlForLayer", "source"],
  ]);
});

test("the catalog asks what DescribeRepositories asks", async () => {
  registry.asked.length = 0;
  await native().listRepositoryNames(registry.call(), { limit: 1 });
  await registry.api.DescribeRepositories(registry.call(), {});
  const question = { action: "ecr:DescribeRepositories", resource: ARN.replace(/app$/, "*") };
  expect(registry.asked).toMatchObject([question, question]);
});

test("creating with tags asks for both actions, with the tags as conditions", async () => {
  registry.asked.length = 0;
  await registry.createRepository("tagged", { tags: [{ Key: "team", Value: "red" }] });
  const context = { "aws:TagKeys": ["team"], "aws:RequestTag/team": "red" };
  const resource = `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/tagged`;
  expect(registry.asked).toMatchObject([
    { action: "ecr:CreateRepository", resource, context },
    { action: "ecr:TagResource", resource, context },
  ]);
});
