import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../test/contract/databases.ts";
import {
  ACCOUNT,
  digestOfText,
  named,
  OTHER_ACCOUNT,
  type TestRegistry,
  testImage,
  testIndex,
  testRegistry,
} from "./testing/test-registry.ts";

describeOnEachDatabase("deleted images", (databases) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await testRegistry(await databases.fresh());
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  describe("deleting", () => {
    const remove = async (repositoryName: string, ...imageIds: object[]) => {
      const { imageIds: removed, failures } = await registry.api.BatchDeleteImage(registry.call(), {
        repositoryName,
        imageIds,
      });
      return { removed, failures: failures?.map((failure) => failure.failureCode) };
    };

    test("by tag the tag goes, and the image with its last one; by digest all goes", async () => {
      await registry.createRepository("delete");
      const image = await registry.pushImage("delete", "content", "v1");
      await registry.push("delete", image, "v2");
      expect(await remove("delete", { imageTag: "v1" })).toEqual({
        removed: [{ imageDigest: image.digest, imageTag: "v1" }],
        failures: [],
      });
      expect(await registry.describeOne("delete", { imageDigest: image.digest })).toMatchObject({
        imageTags: ["v2"],
      });
      await remove("delete", { imageTag: "v2" });
      await expect(registry.describeOne("delete", { imageDigest: image.digest })).rejects.toEqual(
        named("ImageNotFoundException"),
      );

      const again = await registry.pushImage("delete", "content", "v1");
      await registry.push("delete", again, "v2");
      expect((await remove("delete", { imageDigest: again.digest })).removed).toEqual([
        { imageDigest: again.digest, imageTag: "v1" },
        { imageDigest: again.digest, imageTag: "v2" },
      ]);
      expect(await registry.tagsOf("delete")).toEqual([]);
    });

    test("an image or tag that is named more than once is deleted once", async () => {
      await registry.createRepository("twice");
      const image = await registry.pushImage("twice", "content", "v1");
      const imageDigest = image.digest;
      const deleted = { removed: [{ imageDigest, imageTag: "v1" }], failures: [] };
      expect(await remove("twice", { imageDigest }, { imageTag: "v1" }, { imageDigest })).toEqual(deleted);
      await registry.pushImage("twice", "content", "v1");
      expect(await remove("twice", { imageTag: "v1" }, { imageDigest }, { imageTag: "v1" })).toEqual(deleted);
      await registry.pushImage("twice", "content", "v1");
      await registry.push("twice", image, "v2");
      expect(await remove("twice", { imageTag: "v2" }, { imageTag: "v2", imageDigest })).toEqual({
        removed: [{ imageDigest, imageTag: "v2" }],
        failures: [],
      });
      expect(await registry.tagsOf("twice")).toEqual(["v1"]);
    });

    test("a tag of another image is refused in ECR's words", async () => {
      const { failures } = await registry.api.BatchDeleteImage(registry.call(), {
        repositoryName: "twice",
        imageIds: [{ imageTag: "v1", imageDigest: digestOfText("other") }],
      });
      expect(failures?.[0]?.failureReason).toBe(
        "Invalid request parameters: given tag does not map to the given digest",
      );
    });

    test("what cannot be deleted is reported, and the rest is deleted", async () => {
      await registry.createRepository("failures");
      const child = await registry.pushImage("failures", "child", "child");
      const index = await registry.push("failures", testIndex([child]), "index");
      const other = await registry.pushImage("failures", "other", "other");
      const outcome = await remove(
        "failures",
        { imageDigest: child.digest },
        { imageTag: "child" },
        { imageTag: "other", imageDigest: child.digest },
        { imageTag: "none" },
        { imageDigest: digestOfText("none") },
        { imageDigest: "nonsense" },
        { imageTag: "not a tag" },
        {},
        { imageTag: "other", imageDigest: other.digest },
      );
      expect(outcome).toEqual({
        removed: [{ imageDigest: other.digest, imageTag: "other" }],
        failures: [
          "ImageReferencedByManifestList",
          "ImageReferencedByManifestList",
          "ImageTagDoesNotMatchDigest",
          "ImageNotFound",
          "ImageNotFound",
          "InvalidImageDigest",
          "InvalidImageTag",
          "MissingDigestAndTag",
        ],
      });
      expect(
        await remove("failures", { imageDigest: index.digest }, { imageDigest: child.digest }),
      ).toMatchObject({
        failures: [],
      });
    });
  });

  test("a native client may delete the last tag of an index's child: the child stays, without a tag", async () => {
    await registry.createRepository("last-tag");
    const child = await registry.pushImage("last-tag", "child", "child");
    await registry.push("last-tag", testIndex([child]), "index");
    await registry.ecr.registry.deleteManifest(registry.call(), "last-tag", { tag: "child" });
    expect(await registry.tagsOf("last-tag")).toEqual(["index"]);
    expect(
      (await registry.describeOne("last-tag", { imageDigest: child.digest }))?.imageTags,
    ).toBeUndefined();
  });

  describe("events", () => {
    test("a push and a delete are told with ECR's keys; a repeated push is not", async () => {
      await registry.createRepository("events");
      registry.events.length = 0;
      const image = await registry.pushImage("events", "content", "v1");
      await registry.push("events", image, "v1");
      await registry.ecr.registry.deleteManifest(registry.call(), "events", { tag: "v1" });
      const detail = {
        result: "SUCCESS",
        "repository-name": "events",
        "image-digest": image.digest,
        "image-tag": "v1",
      };
      expect(registry.events).toMatchObject([
        {
          source: "aws.ecr",
          detailType: "ECR Image Action",
          resources: [],
          detail: { ...detail, "action-type": "PUSH" },
        },
        {
          source: "aws.ecr",
          detailType: "ECR Image Action",
          resources: [],
          detail: { ...detail, "action-type": "DELETE" },
        },
      ]);
    });
  });

  describe("other accounts", () => {
    test("are kept out until the repository's policy lets them in, and hear nothing before", async () => {
      await registry.createRepository("shared");
      await registry.pushImage("shared", "content", "v1");
      const call = { ...registry.call(OTHER_ACCOUNT), account: ACCOUNT };
      const get = (name: string) => registry.ecr.registry.getManifest(call, name, { tag: "v1" }, true);
      await expect(get("shared")).rejects.toEqual(named("AccessDeniedException"));
      await expect(get("no-such")).rejects.toEqual(named("AccessDeniedException"));
      await registry.api.SetRepositoryPolicy(registry.call(), {
        repositoryName: "shared",
        policyText: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { AWS: OTHER_ACCOUNT }, Action: "ecr:*" }],
        }),
      });
      expect((await get("shared")).mediaType).toBe(testImage("content").mediaType);
      const { images } = await registry.api.BatchGetImage(registry.call(OTHER_ACCOUNT), {
        registryId: ACCOUNT,
        repositoryName: "shared",
        imageIds: [{ imageTag: "v1" }],
      });
      expect(images).toHaveLength(1);
    });
  });
});
