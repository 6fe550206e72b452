import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../test/contract/databases.ts";
import {
  digestOfText,
  named,
  type TestRegistry,
  testImage,
  testIndex,
  testRegistry,
} from "./testing/test-registry.ts";

/** How long a layer without an image stays. */
const DAY = 86_400_000;

describeOnEachDatabase("layers that no image uses", (databases) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await testRegistry(await databases.fresh());
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  const turn = (milliseconds: number) => {
    registry.now = new Date(registry.now.getTime() + milliseconds);
  };

  const stat = (repository: string, content: string) =>
    registry.ecr.registry.statLayer(registry.call(), repository, digestOfText(content));

  async function references(): Promise<string[]> {
    const rows = await registry.metadata.reader.selectFrom("blob_references").select("referrer").execute();
    return rows.map((row) => row.referrer);
  }

  const review = () => registry.runJob("ecr.review-layers", {});

  test("go after the grace period, with their blob's reference", async () => {
    await registry.createRepository("grace");
    const digest = await registry.pushLayer("grace", "unused");
    turn(DAY - 1);
    await review();
    expect((await references()).some((referrer) => referrer.endsWith(digest))).toBe(true);
    turn(1);
    await review();
    await expect(stat("grace", "unused")).rejects.toEqual(named("LayersNotFoundException"));
    expect((await references()).some((referrer) => referrer.endsWith(digest))).toBe(false);
  });

  test("stay as long as clients are told that they are there", async () => {
    await registry.pushLayer("grace", "asked for");
    turn(DAY - 1);
    await stat("grace", "asked for");
    turn(DAY - 1);
    await review();
    await registry.api.BatchCheckLayerAvailability(registry.call(), {
      repositoryName: "grace",
      layerDigests: [digestOfText("asked for")],
    });
    turn(DAY - 1);
    await review();
    expect(await stat("grace", "asked for")).toEqual({ size: 9 });
  });

  test("stay when an upload through the API ends with hearing that they are there", async () => {
    const repositoryName = "grace";
    const layerPartBlob = Buffer.from("uploaded twice");
    const upload = async () => {
      const { uploadId } = await registry.api.InitiateLayerUpload(registry.call(), { repositoryName });
      const range = { partFirstByte: 0, partLastByte: layerPartBlob.length - 1 };
      const part = { repositoryName, uploadId, ...range, layerPartBlob };
      await registry.api.UploadLayerPart(registry.call(), part);
      const layerDigests = [digestOfText("uploaded twice")];
      await registry.api.CompleteLayerUpload(registry.call(), { repositoryName, uploadId, layerDigests });
    };
    await upload();
    turn(DAY - 1);
    await expect(upload()).rejects.toEqual(named("LayerAlreadyExistsException"));
    turn(DAY - 1);
    await review();
    expect(await stat("grace", "uploaded twice")).toEqual({ size: 14 });
  });

  test("of a deleted image go, unless another image has them too", async () => {
    await registry.pushImage("grace", "shared", "one");
    await registry.pushImage("grace", "shared", "two", { annotations: { other: "image" } });
    await registry.pushImage("grace", "own", "three");
    for (const tag of ["one", "three"]) {
      await registry.ecr.registry.deleteManifest(registry.call(), "grace", { tag });
    }
    turn(DAY);
    await review();
    expect(await stat("grace", "shared")).toEqual({ size: 6 });
    await expect(stat("grace", "own")).rejects.toEqual(named("LayersNotFoundException"));
  });

  test("that an image takes in the meantime stay for ever", async () => {
    await registry.pushImage("grace", "taken", "taken");
    await registry.ecr.registry.deleteManifest(registry.call(), "grace", { tag: "taken" });
    turn(DAY);
    await registry.pushImage("grace", "taken", "taken");
    await review();
    turn(DAY);
    await review();
    expect(await stat("grace", "taken")).toEqual({ size: 5 });
  });

  test("stay when they came after their image", async () => {
    const accepting = await testRegistry(await databases.fresh(), "accept");
    try {
      await accepting.createRepository("sparse");
      await accepting.push("sparse", testImage("late"), "v1");
      const digest = await accepting.pushLayer("sparse", "late");
      accepting.now = new Date(accepting.now.getTime() + DAY);
      await accepting.runJob("ecr.review-layers", {});
      expect(await accepting.ecr.registry.statLayer(accepting.call(), "sparse", digest)).toEqual({
        size: 4,
      });
    } finally {
      await accepting[Symbol.asyncDispose]();
    }
  });

  test("stay when an index lists them, as BuildKit's cache does", async () => {
    await registry.createRepository("cache");
    const digest = await registry.pushLayer("cache", "cached");
    const layer = { digest, text: "cached", mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" };
    await registry.push("cache", testIndex([layer]), "cache");
    turn(DAY);
    await review();
    expect(await stat("cache", "cached")).toEqual({ size: 6 });
  });

  test("can be deleted by hand; those an image uses cannot", async () => {
    await registry.createRepository("by-hand");
    await registry.pushImage("by-hand", "used", "v1");
    await registry.pushLayer("by-hand", "unused");
    const remove = (content: string) =>
      registry.ecr.registry.deleteLayer(registry.call(), "by-hand", digestOfText(content));
    await remove("unused");
    await expect(remove("unused")).rejects.toEqual(named("LayersNotFoundException"));
    await expect(remove("used")).rejects.toEqual(named("LayerInUse"));
  });
});
