import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../test/contract/databases.ts";
import type { Digest } from "../../storage/blobs/digest.ts";
import {
  ACCOUNT,
  digestOfText,
  named,
  type TestRegistry,
  testDockerImage,
  testImage,
  testIndex,
  testRegistry,
} from "./testing/test-registry.ts";

describeOnEachDatabase("listed and fetched images", (databases) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await testRegistry(await databases.fresh());
  });
  afterAll(() => registry[Symbol.asyncDispose]());

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
      expect(await registry.describeOne("fields", { imageTag: "v1" })).toEqual({
        ...identity,
        imageDigest: index.digest,
        imageTags: ["v1"],
        imageSizeInBytes: "a much larger layer".length,
        imagePushedAt: new Date(registry.now.getTime() - 60_000),
        imageManifestMediaType: index.mediaType,
        lastRecordedPullTime: registry.now,
      });
      expect(await registry.describeOne("fields", { imageDigest: signature.digest })).toMatchObject({
        ...identity,
        artifactMediaType: "application/x.signature",
        subjectManifestDigest: index.digest,
        imageSizeInBytes: "signature".length,
      });
      expect((await registry.describeOne("fields", { imageDigest: small.digest }))?.artifactMediaType).toBe(
        "application/vnd.oci.image.config.v1+json",
      );
    });

    test("pull times reach the database with the flush, and HEAD is no pull", async () => {
      await registry.createRepository("pulled");
      const image = await registry.pushImage("pulled", "pulled content", "v1");
      await registry.ecr.registry.getManifest(registry.call(), "pulled", { tag: "v1" }, false);
      expect(
        (await registry.describeOne("pulled", { imageTag: "v1" }))?.lastRecordedPullTime,
      ).toBeUndefined();
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
        registry.api.ListImages(registry.call(), { repositoryName: "fields", nextToken }),
      ).rejects.toEqual(named("InvalidParameterException"));
      await expect(
        registry.api.ListImages(registry.call(), { repositoryName: "pages", nextToken: "x" }),
      ).rejects.toEqual(named("InvalidParameterException"));
    });

    test("an image that is missing is named", async () => {
      await expect(registry.describeOne("pages", { imageTag: "nope" })).rejects.toEqual(
        named(
          "ImageNotFoundException",
          `The image with imageId {imageDigest:'null', imageTag:'nope'} does not exist within the repository with name 'pages' in the registry with id '${ACCOUNT}'`,
        ),
      );
      await expect(registry.describeOne("pages", { imageDigest: "nonsense" })).rejects.toEqual(
        named(
          "InvalidParameterException",
          "Invalid parameter at 'imageDigest' failed to satisfy constraint: 'must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+''",
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

    test("manifests of more than 32 MiB together are too many for one answer", async () => {
      await registry.createRepository("large");
      const image = testImage("content", { annotations: { large: "x".repeat(4_000_000) } });
      for (const layer of ["config of content", "content"]) await registry.pushLayer("large", layer);
      await registry.push("large", image, "v1");
      const get = (times: number) =>
        registry.api.BatchGetImage(registry.call(), {
          repositoryName: "large",
          imageIds: Array.from({ length: times }, () => ({ imageTag: "v1" })),
        });
      expect((await get(8)).images).toHaveLength(8);
      await expect(get(9)).rejects.toEqual(named("LimitExceededException"));
    });

    test("by digest alone an image comes once for each of its tags, and once without one", async () => {
      await registry.createRepository("by-digest");
      const image = await registry.pushImage("by-digest", "content", "b");
      await registry.push("by-digest", image, "a");
      const untagged = await registry.pushImage("by-digest", "untagged");
      const get = async (...imageIds: object[]) => {
        const input = { repositoryName: "by-digest", imageIds };
        const { images } = await registry.api.BatchGetImage(registry.call(), input);
        return images?.map((one) => [one.imageId, one.imageManifest]);
      };
      const imageDigest = image.digest;
      expect(await get({ imageDigest }, { imageDigest: untagged.digest })).toEqual([
        [{ imageDigest, imageTag: "a" }, image.text],
        [{ imageDigest, imageTag: "b" }, image.text],
        [{ imageDigest: untagged.digest }, untagged.text],
      ]);
      expect(await get({ imageDigest, imageTag: "b" })).toEqual([
        [{ imageDigest, imageTag: "b" }, image.text],
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

    test("a converted manifest is there by its digest too, as long as its image", async () => {
      await registry.createRepository("again");
      await registry.createRepository("elsewhere");
      const image = testDockerImage("content");
      for (const repository of ["again", "elsewhere"]) {
        await registry.pushLayer(repository, "config of content");
        await registry.pushLayer(repository, "content");
        await registry.push(repository, image, "v1");
      }
      const oci = "application/vnd.oci.image.manifest.v1+json";
      const get = (reference: { tag: string } | { digest: Digest }, repository = "again") =>
        registry.ecr.registry.getManifest(registry.call(), repository, reference, true, [oci]);
      const converted = await get({ tag: "v1" });
      expect(await get({ digest: converted.digest })).toEqual(converted);
      const missing = { name: "ImageNotFoundException", message: "Requested image not found" };
      await expect(get({ digest: converted.digest }, "elsewhere")).rejects.toMatchObject(missing);
      const described = await registry.api.DescribeImages(registry.call(), { repositoryName: "again" });
      expect(described.imageDetails?.map((detail) => detail.imageDigest)).toEqual([image.digest]);
      await registry.ecr.registry.deleteManifest(registry.call(), "again", { digest: image.digest });
      await expect(get({ digest: converted.digest })).rejects.toMatchObject(missing);
      const rows = await registry.metadata.reader
        .selectFrom("ecr_conversions as conversion")
        .innerJoin("ecr_repositories as repository", "repository.id", "conversion.repository_id")
        .select("conversion.digest")
        .where("repository.name", "=", "again")
        .execute();
      expect(rows).toEqual([]);
    });
  });
});
