/** What two requests at once must never do together, whichever comes first. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../test/contract/databases.ts";
import {
  digestOfText,
  type TestRegistry,
  testImage,
  testIndex,
  testRegistry,
} from "./testing/test-registry.ts";

/** How long a layer without an image stays. */
const DAY = 86_400_000;

const ROUNDS = 12;

describeOnEachDatabase("races", (databases) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await testRegistry(await databases.fresh());
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  const succeeded = (outcome: PromiseSettledResult<unknown>) => outcome.status === "fulfilled";

  test("a layer whose grace ends while it is pushed: the push fails, or the layer is there", async () => {
    await registry.createRepository("grace");
    const outcomes = await Promise.all(
      Array.from({ length: ROUNDS }, async (_, round) => {
        await registry.pushLayer("grace", `config of ${round}`);
        await registry.pushLayer("grace", `${round}`);
        return round;
      }),
    );
    registry.now = new Date(registry.now.getTime() + DAY);
    const [, ...pushes] = await Promise.allSettled([
      registry.runJob("ecr.review-layers", {}),
      ...outcomes.map((round) => registry.push("grace", testImage(`${round}`), `v${round}`)),
    ]);
    for (const [round, push] of pushes.entries()) {
      const layer = registry.ecr.registry.statLayer(registry.call(), "grace", digestOfText(`${round}`));
      if (succeeded(push)) expect(await layer).toEqual({ size: `${round}`.length });
      else await expect(layer).rejects.toMatchObject({ name: "LayersNotFoundException" });
    }
  });

  test("an index pushed while its child is deleted: one of the two is refused", async () => {
    await registry.createRepository("children");
    for (let round = 0; round < ROUNDS; round++) {
      const child = await registry.pushImage("children", `child ${round}`);
      const index = testIndex([child]);
      const put = { repositoryName: "children", imageManifest: index.text };
      const remove = { repositoryName: "children", imageIds: [{ imageDigest: child.digest }] };
      const [pushed, removed] = await Promise.allSettled([
        registry.api.PutImage(registry.call(), put),
        registry.api.BatchDeleteImage(registry.call(), remove),
      ]);
      const deleted = removed.status === "fulfilled" && removed.value.failures?.length === 0;
      expect(succeeded(pushed)).toBe(!deleted);
    }
  });

  test("a repository deleted while it is pushed to: nothing of it is left after the purge", async () => {
    for (let round = 0; round < ROUNDS / 3; round++) {
      const repositoryName = `gone-${round}`;
      await registry.createRepository(repositoryName);
      const { id } = await registry.metadata.reader
        .selectFrom("ecr_repositories")
        .select("id")
        .where("name", "=", repositoryName)
        .executeTakeFirstOrThrow();
      await Promise.allSettled([
        registry.pushImage(repositoryName, `content ${round}`, "v1"),
        registry.api.DeleteRepository(registry.call(), { repositoryName, force: true }),
      ]);
      await registry.runJob("ecr.purge-repository", { repositoryId: id });
      for (const table of ["ecr_images", "ecr_tags", "ecr_layers", "ecr_image_layers"] as const) {
        const query = registry.metadata.reader.selectFrom(table).selectAll().where("repository_id", "=", id);
        expect(await query.execute()).toEqual([]);
      }
    }
  });

  test("tags moved to and fro by many: each points at an image that knows it is tagged", async () => {
    await registry.createRepository("moving");
    const images = await Promise.all(
      Array.from({ length: 4 }, (_, number) => registry.pushImage("moving", `image ${number}`)),
    );
    await Promise.all(
      Array.from({ length: ROUNDS * 2 }, (_, round) => {
        const image = images[round % images.length] ?? testImage("never");
        return registry.push("moving", image, `v${round % 3}`);
      }),
    );
    const { imageDetails = [] } = await registry.api.DescribeImages(registry.call(), {
      repositoryName: "moving",
    });
    const { imageIds = [] } = await registry.api.ListImages(registry.call(), {
      repositoryName: "moving",
      filter: { tagStatus: "UNTAGGED" },
    });
    const untagged = imageDetails.filter((image) => image.imageTags === undefined);
    expect(imageIds.map((one) => one.imageDigest)).toEqual(untagged.map((image) => image.imageDigest));
    expect(imageDetails.flatMap((image) => image.imageTags ?? []).sort()).toEqual(["v0", "v1", "v2"]);
  });
});
