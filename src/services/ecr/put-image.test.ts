import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../test/contract/databases.ts";
import {
  ACCOUNT,
  digestOfText,
  named,
  type TestRegistry,
  testImage,
  testIndex,
  testRegistry,
} from "./testing/test-registry.ts";

describeOnEachDatabase("pushed images", (databases) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await testRegistry(await databases.fresh());
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  describe("pushing and pulling", () => {
    test("a pushed image is pulled by tag and by digest, byte for byte", async () => {
      await registry.createRepository("pull");
      const image = await registry.pushImage("pull", "hello", "v1");
      for (const reference of [{ tag: "v1" }, { digest: image.digest }]) {
        const stored = await registry.ecr.registry.getManifest(registry.call(), "pull", reference, true);
        expect(Buffer.from(stored.bytes).toString()).toBe(image.text);
        expect(stored).toMatchObject({ digest: image.digest, mediaType: image.mediaType });
      }
    });

    test("what is not there is said in ECR's words", async () => {
      await registry.createRepository("nothing");
      const get = (name: string) =>
        registry.ecr.registry.getManifest(registry.call(), name, { tag: "v1" }, true);
      await expect(get("nothing")).rejects.toEqual(
        named("ImageNotFoundException", "Requested image not found"),
      );
      await expect(get("no-such")).rejects.toEqual(
        named(
          "RepositoryNotFoundException",
          `The repository with name 'no-such' does not exist in the registry with id '${ACCOUNT}'`,
        ),
      );
      await expect(get("Upper")).rejects.toEqual(named("InvalidParameterException"));
    });

    test("a manifest whose layers were not pushed is refused and leaves nothing", async () => {
      await registry.createRepository("layers");
      const image = testImage("absent");
      await registry.pushLayer("layers", "config of absent");
      await expect(registry.push("layers", image, "v1")).rejects.toEqual(
        named(
          "LayersNotFoundException",
          `Layers with digests '[${digestOfText("absent")}]' required for pushing image into repository with name 'layers' in the registry with id '${ACCOUNT}' do not exist`,
        ),
      );
      expect(await registry.tagsOf("layers")).toEqual([]);
    });

    test("a layer of another repository does not count", async () => {
      await registry.createRepository("mine");
      await registry.createRepository("yours");
      await registry.pushImage("yours", "secret", "v1");
      await expect(registry.push("mine", testImage("secret"), "v1")).rejects.toEqual(
        named("LayersNotFoundException"),
      );
    });

    test("a digest that is not the manifest's is refused", async () => {
      await registry.createRepository("digest");
      await registry.pushImage("digest", "content", "v1");
      const image = testImage("content");
      const put = registry.ecr.registry.putManifest(registry.call(), "digest", {
        reference: { digest: digestOfText("something else") },
        mediaType: image.mediaType,
        bytes: Buffer.from(image.text),
      });
      await expect(put).rejects.toEqual(named("ImageDigestDoesNotMatchException"));
    });

    test("a push by digest with tags sets them all", async () => {
      await registry.createRepository("tags");
      const image = await registry.pushImage("tags", "content");
      expect(await registry.tagsOf("tags")).toEqual([]);
      await registry.ecr.registry.putManifest(registry.call(), "tags", {
        reference: { digest: image.digest },
        tags: ["b", "a", "b"],
        mediaType: image.mediaType,
        bytes: Buffer.from(image.text),
      });
      expect(await registry.tagsOf("tags")).toEqual(["a", "b"]);
    });
  });

  describe("immutable tags", () => {
    test("a second push of other content is refused in ECR's words, of the same content it succeeds", async () => {
      await registry.createRepository("fixed", { imageTagMutability: "IMMUTABLE" });
      const image = await registry.pushImage("fixed", "first", "v1");
      await expect(registry.pushImage("fixed", "second", "v1")).rejects.toEqual(
        named(
          "ImageTagAlreadyExistsException",
          "The image tag 'v1' already exists in the 'fixed' repository and cannot be overwritten because the tag is immutable.",
        ),
      );
      await registry.push("fixed", image, "v1");
      const stored = await registry.ecr.registry.getManifest(registry.call(), "fixed", { tag: "v1" }, false);
      expect(stored.digest).toBe(image.digest);
    });

    test("a refused tag refuses the tags beside it", async () => {
      await registry.createRepository("all-or-nothing", { imageTagMutability: "IMMUTABLE" });
      await registry.pushImage("all-or-nothing", "first", "v1");
      const second = await registry.pushImage("all-or-nothing", "second");
      const put = registry.ecr.registry.putManifest(registry.call(), "all-or-nothing", {
        reference: { digest: second.digest },
        tags: ["v0", "v1"],
        mediaType: second.mediaType,
        bytes: Buffer.from(second.text),
      });
      await expect(put).rejects.toEqual(named("ImageTagAlreadyExistsException"));
      expect(await registry.tagsOf("all-or-nothing")).toEqual(["v1"]);
    });

    test("of many writers of one tag exactly one wins", async () => {
      await registry.createRepository("race", { imageTagMutability: "IMMUTABLE" });
      const images = await Promise.all(
        Array.from({ length: 8 }, (_, writer) => registry.pushImage("race", `content ${writer}`)),
      );
      const outcomes = await Promise.allSettled(images.map((image) => registry.push("race", image, "v1")));
      expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
      expect(
        outcomes.filter((outcome) => outcome.status === "rejected").map((outcome) => outcome.reason.name),
      ).toEqual(Array.from({ length: 7 }, () => "ImageTagAlreadyExistsException"));
    });

    test("exclusion filters and a change of mode are obeyed", async () => {
      await registry.createRepository("excluded", {
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "latest*" }],
      });
      await registry.pushImage("excluded", "first", "latest");
      await registry.pushImage("excluded", "second", "latest");
      await registry.pushImage("excluded", "first", "v1");
      await expect(registry.pushImage("excluded", "second", "v1")).rejects.toEqual(
        named("ImageTagAlreadyExistsException"),
      );
      await registry.api.PutImageTagMutability(registry.call(), {
        repositoryName: "excluded",
        imageTagMutability: "MUTABLE",
      });
      await registry.pushImage("excluded", "second", "v1");
    });

    test("a moved tag leaves its image untagged", async () => {
      await registry.createRepository("moved");
      const first = await registry.pushImage("moved", "first", "latest");
      const second = await registry.pushImage("moved", "second", "latest");
      expect(await registry.describeOne("moved", { imageDigest: first.digest })).not.toHaveProperty(
        "imageTags",
        ["latest"],
      );
      expect((await registry.describeOne("moved", { imageTag: "latest" }))?.imageDigest).toBe(second.digest);
      const list = await registry.api.ListImages(registry.call(), {
        repositoryName: "moved",
        filter: { tagStatus: "UNTAGGED" },
      });
      expect(list.imageIds).toEqual([{ imageDigest: first.digest }]);
    });
  });

  test("an image without a tag gets one, and is untagged no more", async () => {
    await registry.createRepository("tagged-later");
    const image = await registry.pushImage("tagged-later", "content");
    const listed = async (tagStatus: "TAGGED" | "UNTAGGED") => {
      const input = { repositoryName: "tagged-later", filter: { tagStatus } };
      const { imageDetails = [] } = await registry.api.DescribeImages(registry.call(), input);
      const { imageIds = [] } = await registry.api.ListImages(registry.call(), input);
      return [imageDetails.length, imageIds.length];
    };
    expect([await listed("TAGGED"), await listed("UNTAGGED")]).toEqual([
      [0, 0],
      [1, 1],
    ]);
    await registry.push("tagged-later", image, "v1");
    expect([await listed("TAGGED"), await listed("UNTAGGED")]).toEqual([
      [1, 1],
      [0, 0],
    ]);
  });

  describe("PutImage", () => {
    const put = (repositoryName: string, image: { text: string; mediaType: string }, imageTag?: string) =>
      registry.api.PutImage(registry.call(), {
        repositoryName,
        imageManifest: image.text,
        imageManifestMediaType: image.mediaType,
        imageTag,
      });

    test("answers the image, and refuses the same again", async () => {
      await registry.createRepository("put");
      const image = await registry.pushImage("put", "content");
      expect(await put("put", image, "v1")).toEqual({
        image: {
          registryId: ACCOUNT,
          repositoryName: "put",
          imageId: { imageDigest: image.digest, imageTag: "v1" },
          imageManifest: image.text,
          imageManifestMediaType: image.mediaType,
        },
      });
      await expect(put("put", image, "v1")).rejects.toEqual(
        named(
          "ImageAlreadyExistsException",
          `Image with digest '${image.digest}' and tag 'v1' already exists in the repository with name 'put' in registry with id '${ACCOUNT}'`,
        ),
      );
      await put("put", image, "v2");
      expect(await registry.tagsOf("put")).toEqual(["v1", "v2"]);
    });

    test("an index needs its children; on /v2/ it may come before them", async () => {
      await registry.createRepository("index");
      const child = testImage("child");
      const index = testIndex([child]);
      await expect(put("index", index, "v1")).rejects.toEqual(
        named(
          "ReferencedImagesNotFoundException",
          `Images with digests '[${child.digest}]' required for pushing image into repository with name 'index' in the registry with id '${ACCOUNT}' do not exist`,
        ),
      );
      await registry.push("index", index, "sparse");
      expect((await registry.describeOne("index", { imageTag: "sparse" }))?.imageSizeInBytes).toBe(0);
      await registry.pushImage("index", "child");
      expect((await registry.describeOne("index", { imageTag: "sparse" }))?.imageSizeInBytes).toBe(
        "child".length,
      );
      await put("index", testIndex([child, child]), "v1");
    });

    test("no more than 1,000 tags of one image", async () => {
      await registry.createRepository("many-tags");
      const image = await registry.pushImage("many-tags", "content");
      const push = (tags: string[]) =>
        registry.ecr.registry.putManifest(registry.call(), "many-tags", {
          reference: { digest: image.digest },
          tags,
          mediaType: image.mediaType,
          bytes: Buffer.from(image.text),
        });
      await push(Array.from({ length: 1_000 }, (_, number) => `v${number}`));
      await expect(push(["one-more"])).rejects.toEqual(named("LimitExceededException"));
      const flood = Array.from({ length: 40_000 }, (_, number) => `flood${number}`);
      await expect(push(flood)).rejects.toEqual(named("LimitExceededException"));
      await push(["v0"]);
    });
  });

  test("where missing layers are accepted, an image may come before its layers, and then keeps them", async () => {
    const accepting = await testRegistry(await databases.fresh(), "accept");
    try {
      await accepting.createRepository("sparse");
      const image = testImage("later");
      await accepting.push("sparse", image, "v1");
      const digest = await accepting.pushLayer("sparse", "later");
      await expect(accepting.ecr.registry.deleteLayer(accepting.call(), "sparse", digest)).rejects.toEqual(
        named("LayerInUse"),
      );
      await expect(
        accepting.api.PutImage(accepting.call(), {
          repositoryName: "sparse",
          imageManifest: testImage("never").text,
        }),
      ).rejects.toEqual(named("LayersNotFoundException"));
    } finally {
      await accepting[Symbol.asyncDispose]();
    }
  });
});
