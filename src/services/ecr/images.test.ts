import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../test/contract/databases.ts";
import type { Digest } from "../../storage/blobs/digest.ts";
import {
  ACCOUNT,
  digestOfText,
  OTHER_ACCOUNT,
  type TestRegistry,
  testDockerImage,
  testImage,
  testIndex,
  testRegistry,
} from "./testing/test-registry.ts";

describeOnEachDatabase("images", (databases) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await testRegistry(await databases.fresh());
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  const named = (name: string, message?: string) =>
    expect.objectContaining({ name, ...(message !== undefined && { message }) });

  async function tagsOf(repository: string): Promise<readonly string[]> {
    return (await registry.ecr.registry.listTags(registry.call(), repository, { limit: 1_000 })).items;
  }

  async function describeOne(repository: string, imageId: object) {
    const { imageDetails = [] } = await registry.api.DescribeImages(registry.call(), {
      repositoryName: repository,
      imageIds: [imageId],
    });
    return imageDetails[0];
  }

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
      expect(await tagsOf("layers")).toEqual([]);
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
      expect(await tagsOf("tags")).toEqual([]);
      await registry.ecr.registry.putManifest(registry.call(), "tags", {
        reference: { digest: image.digest },
        tags: ["b", "a", "b"],
        mediaType: image.mediaType,
        bytes: Buffer.from(image.text),
      });
      expect(await tagsOf("tags")).toEqual(["a", "b"]);
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
      expect(await tagsOf("all-or-nothing")).toEqual(["v1"]);
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
      expect(await describeOne("moved", { imageDigest: first.digest })).not.toHaveProperty("imageTags", [
        "latest",
      ]);
      expect((await describeOne("moved", { imageTag: "latest" }))?.imageDigest).toBe(second.digest);
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
      expect(await tagsOf("put")).toEqual(["v1", "v2"]);
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
      expect((await describeOne("index", { imageTag: "sparse" }))?.imageSizeInBytes).toBe(0);
      await registry.pushImage("index", "child");
      expect((await describeOne("index", { imageTag: "sparse" }))?.imageSizeInBytes).toBe("child".length);
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

  describe("DescribeImages and ListImages", () => {
    test("every field of an image, an index and a referrer", async () => {
      await registry.createRepository("fields");
      const small = await registry.pushImage("fields", "small");
      const large = await registry.pushImage("fields", "a much larger layer");
      const index = await registry.push("fields", testIndex([small, large]), "v1");
      const signature = await registry.pushImage("fields", "signature", undefined, {
        artifactType: "application/x.signature",
        subject: { mediaType: index.mediaType, digest: index.digest, size: index.text.length },
      });
      registry.now = new Date(registry.now.getTime() + 60_000);
      await registry.ecr.registry.getManifest(registry.call(), "fields", { tag: "v1" }, true);
      const identity = { registryId: ACCOUNT, repositoryName: "fields", imageStatus: "ACTIVE" as const };
      expect(await describeOne("fields", { imageTag: "v1" })).toEqual({
        ...identity,
        imageDigest: index.digest,
        imageTags: ["v1"],
        imageSizeInBytes: "a much larger layer".length,
        imagePushedAt: new Date(registry.now.getTime() - 60_000),
        imageManifestMediaType: index.mediaType,
        lastRecordedPullTime: registry.now,
      });
      expect(await describeOne("fields", { imageDigest: signature.digest })).toMatchObject({
        ...identity,
        artifactMediaType: "application/x.signature",
        subjectManifestDigest: index.digest,
        imageSizeInBytes: "signature".length,
      });
      expect((await describeOne("fields", { imageDigest: small.digest }))?.artifactMediaType).toBe(
        "application/vnd.oci.image.config.v1+json",
      );
    });

    test("pull times reach the database with the flush, and HEAD is no pull", async () => {
      await registry.createRepository("pulled");
      const image = await registry.pushImage("pulled", "pulled content", "v1");
      await registry.ecr.registry.getManifest(registry.call(), "pulled", { tag: "v1" }, false);
      expect((await describeOne("pulled", { imageTag: "v1" }))?.lastRecordedPullTime).toBeUndefined();
      await registry.ecr.registry.getManifest(registry.call(), "pulled", { digest: image.digest }, true);
      const stored = () =>
        registry.metadata.reader
          .selectFrom("ecr_images")
          .select("last_pulled_at")
          .where("digest", "=", image.digest)
          .executeTakeFirst();
      expect(await stored()).toEqual({ last_pulled_at: null });
      await registry.ecr.flushPullTimes();
      expect(await stored()).toEqual({ last_pulled_at: registry.now.getTime() });
    });

    test("pages hold every image once, whatever the filter, and tokens are good for their own list only", async () => {
      await registry.createRepository("pages");
      for (const number of [1, 2, 3]) {
        await registry.pushImage("pages", `tagged ${number}`, `v${number}`);
        await registry.pushImage("pages", `untagged ${number}`);
      }
      const pagesOf = async (
        operation: "ListImages" | "DescribeImages",
        tagStatus: "TAGGED" | "UNTAGGED" | "ANY",
      ) => {
        const found: unknown[] = [];
        let nextToken: string | undefined;
        do {
          const input = { repositoryName: "pages", maxResults: 2, nextToken, filter: { tagStatus } };
          const page = await registry.api[operation](registry.call(), input);
          found.push(
            ...("imageIds" in page
              ? (page.imageIds ?? [])
              : "imageDetails" in page
                ? (page.imageDetails ?? [])
                : []),
          );
          nextToken = page.nextToken;
        } while (nextToken !== undefined);
        expect(new Set(found.map((item) => JSON.stringify(item))).size).toBe(found.length);
        return found.length;
      };
      for (const operation of ["ListImages", "DescribeImages"] as const) {
        expect(await pagesOf(operation, "TAGGED")).toBe(3);
        expect(await pagesOf(operation, "UNTAGGED")).toBe(3);
        expect(await pagesOf(operation, "ANY")).toBe(6);
      }
      const { nextToken } = await registry.api.ListImages(registry.call(), {
        repositoryName: "pages",
        maxResults: 1,
      });
      await expect(
        registry.api.ListImages(registry.call(), { repositoryName: "moved", nextToken }),
      ).rejects.toEqual(named("InvalidParameterException"));
      await expect(
        registry.api.ListImages(registry.call(), { repositoryName: "pages", nextToken: "x" }),
      ).rejects.toEqual(named("InvalidParameterException"));
    });

    test("an image that is missing is named", async () => {
      await expect(describeOne("pages", { imageTag: "nope" })).rejects.toEqual(
        named(
          "ImageNotFoundException",
          `The image with imageId {imageDigest:'null', imageTag:'nope'} does not exist within the repository with name 'pages' in the registry with id '${ACCOUNT}'`,
        ),
      );
      await expect(describeOne("pages", { imageDigest: "nonsense" })).rejects.toEqual(
        named(
          "InvalidParameterException",
          "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        ),
      );
    });
  });

  describe("BatchGetImage", () => {
    test("converts by tag, never by digest, and reports what is missing", async () => {
      await registry.createRepository("convert");
      const image = testDockerImage("content");
      await registry.pushLayer("convert", "config of content");
      await registry.pushLayer("convert", "content");
      await registry.push("convert", image, "v1");
      const accepted = { acceptedMediaTypes: ["application/vnd.oci.image.manifest.v1+json"] };
      const { images, failures } = await registry.api.BatchGetImage(registry.call(), {
        repositoryName: "convert",
        imageIds: [{ imageTag: "v1" }, { imageDigest: image.digest }, { imageTag: "v9" }, {}],
        ...accepted,
      });
      expect(images?.map((one) => one.imageManifestMediaType)).toEqual([
        "application/vnd.oci.image.manifest.v1+json",
        image.mediaType,
      ]);
      expect(images?.[1]?.imageManifest).toBe(image.text);
      expect(failures?.map((failure) => failure.failureCode)).toEqual([
        "ImageNotFound",
        "MissingDigestAndTag",
      ]);
    });

    test("a native client that knows only the other format gets it by tag, under the digest of those bytes", async () => {
      await registry.createRepository("native");
      const image = testDockerImage("content");
      await registry.pushLayer("native", "config of content");
      await registry.pushLayer("native", "content");
      await registry.push("native", image, "v1");
      const oci = "application/vnd.oci.image.manifest.v1+json";
      const get = (reference: { tag: string } | { digest: Digest }, accepted?: string[]) =>
        registry.ecr.registry.getManifest(registry.call(), "native", reference, true, accepted);
      const converted = await get({ tag: "v1" }, [oci]);
      expect(converted.mediaType).toBe(oci);
      expect(converted.digest).toBe(digestOfText(Buffer.from(converted.bytes).toString()));
      for (const stored of [
        await get({ digest: image.digest }, [oci]),
        await get({ tag: "v1" }, ["application/x-other"]),
        await get({ tag: "v1" }, [oci, image.mediaType]),
        await get({ tag: "v1" }),
      ]) {
        expect(stored).toMatchObject({ digest: image.digest, mediaType: image.mediaType });
      }
    });
  });

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
      expect(await describeOne("delete", { imageDigest: image.digest })).toMatchObject({ imageTags: ["v2"] });
      await remove("delete", { imageTag: "v2" });
      await expect(describeOne("delete", { imageDigest: image.digest })).rejects.toEqual(
        named("ImageNotFoundException"),
      );

      const again = await registry.pushImage("delete", "content", "v1");
      await registry.push("delete", again, "v2");
      expect((await remove("delete", { imageDigest: again.digest })).removed).toEqual([
        { imageDigest: again.digest, imageTag: "v1" },
        { imageDigest: again.digest, imageTag: "v2" },
      ]);
      expect(await tagsOf("delete")).toEqual([]);
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
    expect(await tagsOf("last-tag")).toEqual(["index"]);
    expect((await describeOne("last-tag", { imageDigest: child.digest }))?.imageTags).toBeUndefined();
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
