import { expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import { findBucket } from "../buckets/open-bucket.ts";
import { createWriteVersions } from "./create-write-versions.ts";
import { partsOf } from "./parts.ts";
import { ACCOUNT, BUCKET, type TestObjects, testObjects } from "./testing/test-objects.ts";
import { findVersion } from "./version-rows.ts";

describeOnEachDatabase("versions of objects", (databases) => {
  const begin = async () => testObjects(await databases.fresh());

  test("an unversioned bucket keeps the last content of a key and frees what was before", async () => {
    await using objects = await begin();
    expect((await objects.put("a", "first")).VersionId).toBeUndefined();
    await objects.put("a", "second");
    expect((await objects.get("a")).text).toBe("second");
    expect(await rows(objects)).toBe(1);
    expect(await objects.blobs()).toEqual({ kept: 1, unkept: 1 });
    await objects.api.DeleteObject(objects.call(), { Bucket: BUCKET, Key: "a" });
    expect(await rows(objects)).toBe(0);
    expect(await objects.blobs()).toEqual({ kept: 0, unkept: 2 });
    await expect(objects.get("a")).rejects.toMatchObject({ name: "NoSuchKey", status: 404 });
    // Deleting what is not there succeeds.
    expect(await objects.api.DeleteObject(objects.call(), { Bucket: BUCKET, Key: "a" })).toEqual({});
  });

  test("a versioned bucket keeps every content, and a delete marker hides and gives back", async () => {
    await using objects = await begin();
    await versioning(objects, "Enabled");
    const first = await objects.put("a", "first");
    const second = await objects.put("a", "second");
    expect(first.VersionId).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(first.VersionId).not.toBe(second.VersionId);
    expect((await objects.get("a")).text).toBe("second");
    expect((await objects.get("a", { VersionId: first.VersionId })).text).toBe("first");

    const marker = await objects.api.DeleteObject(objects.call(), { Bucket: BUCKET, Key: "a" });
    expect(marker.DeleteMarker).toBe(true);
    expect(marker.VersionId).toHaveLength(32);
    await expect(objects.get("a")).rejects.toMatchObject({
      name: "NoSuchKey",
      headers: { "x-amz-delete-marker": "true", "x-amz-version-id": marker.VersionId },
    });
    await expect(objects.get("a", { VersionId: marker.VersionId })).rejects.toMatchObject({
      name: "MethodNotAllowed",
      status: 405,
      headers: { allow: "DELETE", "x-amz-delete-marker": "true" },
    });
    expect(await listed(objects)).toEqual([]);

    const removed = await remove(objects, "a", marker.VersionId);
    expect(removed).toEqual({ DeleteMarker: true, VersionId: marker.VersionId });
    expect((await objects.get("a")).text).toBe("second");
    expect(await listed(objects)).toEqual(["a"]);
  });

  test("the version below becomes the newest when the newest is removed for good", async () => {
    await using objects = await begin();
    await versioning(objects, "Enabled");
    const first = await objects.put("a", "first");
    objects.now = new Date(objects.now.getTime() + 1000);
    const second = await objects.put("a", "second");
    const noncurrent = await row(objects, first.VersionId);
    expect(noncurrent).toMatchObject({ listed: 0, noncurrent_since: objects.now.getTime() });
    await remove(objects, "a", second.VersionId);
    expect(await row(objects, first.VersionId)).toMatchObject({ listed: 1, noncurrent_since: null });
    expect(await objects.blobs()).toEqual({ kept: 1, unkept: 1 });
  });

  test("a suspended bucket writes and deletes the null version only", async () => {
    await using objects = await begin();
    await objects.put("a", "before");
    await versioning(objects, "Enabled");
    const kept = await objects.put("a", "kept");
    await versioning(objects, "Suspended");
    const suspended = await objects.put("a", "suspended");
    expect(suspended.VersionId).toBeUndefined();
    expect((await objects.get("a")).VersionId).toBe("null");
    expect((await objects.get("a", { VersionId: "null" })).text).toBe("suspended");
    expect((await objects.get("a", { VersionId: kept.VersionId })).text).toBe("kept");
    expect(await rows(objects)).toBe(2);
    const marker = await objects.api.DeleteObject(objects.call(), { Bucket: BUCKET, Key: "a" });
    expect(marker).toEqual({ DeleteMarker: true, VersionId: "null" });
    expect(await rows(objects)).toBe(2);
    expect(await objects.blobs()).toEqual({ kept: 1, unkept: 2 });
    await remove(objects, "a", "null");
    expect((await objects.get("a")).text).toBe("kept");
  });

  test("versions of one instant are ordered as they were written", async () => {
    await using objects = await begin();
    await versioning(objects, "Enabled");
    for (let number = 0; number < 5; number++) await objects.put("a", `content ${number}`);
    expect((await objects.get("a")).text).toBe("content 4");
    const versions = await objects.metadata.reader
      .selectFrom("s3_versions")
      .select(["rank", "version_id"])
      .orderBy("rank")
      .execute();
    expect(new Set(versions.map((one) => one.rank)).size).toBe(5);
  });

  test("a version of thousands of parts keeps all of their blobs, and frees them at once", async () => {
    await using objects = await begin();
    const { metadata, s3 } = objects;
    const bucket = await findBucket(metadata.reader, BUCKET);
    const cause = { reason: "CompleteMultipartUpload", requestId: "test", requester: ACCOUNT };
    // Every tenth part has the bytes of the one before.
    const blobIds = Array.from({ length: 2_500 }, (_, index) => `blob ${index - (index % 10 === 9 ? 1 : 0)}`);
    const parts = blobIds.map((blobId, index) => ({ partNumber: index + 1, size: 2, blobId, checksums: {} }));
    const version = {
      ...{ key: "parts", size: 5_000, etag: "e-2500", blobId: undefined, storageClass: "STANDARD", tags: {} },
      description: {
        ...{ headers: {}, metadata: {} },
        encryption: { kind: "AES256", scope: "server" } as const,
      },
      ...{ retention: undefined, legalHold: false, parts },
    };
    const put = () => metadata.write((tx) => createWriteVersions(s3).put(tx, bucket, version, {}, cause));
    await expect(put()).rejects.toMatchObject({ name: "BlobMissing" });
    await objects.put("seed", "content");
    const seed = await metadata.reader.selectFrom("blobs").selectAll().executeTakeFirstOrThrow();
    const rows = [...new Set(blobIds)].map((id) => ({ ...seed, id, sha256: `sha256:${id}` }));
    await metadata.write(async (tx) => {
      for (let from = 0; from < rows.length; from += 500)
        await tx
          .insertInto("blobs")
          .values(rows.slice(from, from + 500))
          .execute();
    });
    await put();
    expect(await objects.blobs()).toEqual({ kept: 2_251, unkept: 0 });
    const written = await partsOf(
      metadata.reader,
      (await findVersion(metadata.reader, bucket, "parts"))?.id ?? "",
    );
    expect(written).toHaveLength(2_500);
    expect(written.at(-1)).toMatchObject({ partNumber: 2_500, offset: 4_998 });
    await objects.api.DeleteObject(objects.call(), { Bucket: BUCKET, Key: "parts" });
    expect(await objects.blobs()).toEqual({ kept: 1, unkept: 2_250 });
    const reviews = await metadata.reader.selectFrom("blob_reviews").select("blob_id").execute();
    expect(reviews).toHaveLength(2_250);
  });

  test("of many writers that demand an empty place exactly one wins", async () => {
    await using objects = await begin();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, number) => objects.put("once", `writer ${number}`, { IfNoneMatch: "*" })),
    );
    const winners = outcomes.flatMap((one, number) => (one.status === "fulfilled" ? [number] : []));
    expect(winners).toHaveLength(1);
    expect((await objects.get("once")).text).toBe(`writer ${winners[0]}`);
    for (const one of outcomes)
      if (one.status === "rejected") expect(one.reason).toMatchObject({ name: "PreconditionFailed" });
    expect(await objects.blobs()).toMatchObject({ kept: 1 });
  });

  test("of many writers that replace the same content exactly one wins", async () => {
    await using objects = await begin();
    const { ETag } = await objects.put("once", "before");
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, number) => objects.put("once", `writer ${number}`, { IfMatch: ETag })),
    );
    expect(outcomes.filter((one) => one.status === "fulfilled")).toHaveLength(1);
  });

  test("writers side by side lose no version", async () => {
    await using objects = await begin();
    await versioning(objects, "Enabled");
    const written = await Promise.all(
      Array.from({ length: 10 }, (_, number) => objects.put("a", `writer ${number}`)),
    );
    for (const [number, { VersionId }] of written.entries())
      expect((await objects.get("a", { VersionId })).text).toBe(`writer ${number}`);
    const current = await objects.metadata.reader
      .selectFrom("s3_versions")
      .select("version_id")
      .where("noncurrent_since", "is", null)
      .execute();
    expect(current).toHaveLength(1);
    expect(await listed(objects)).toEqual(["a"]);
  });
});

async function versioning(objects: TestObjects, Status: "Enabled" | "Suspended"): Promise<void> {
  await objects.api.PutBucketVersioning(objects.call(), {
    Bucket: BUCKET,
    VersioningConfiguration: { Status },
  });
}

function remove(objects: TestObjects, Key: string, VersionId: string | undefined) {
  return objects.api.DeleteObject(objects.call(), { Bucket: BUCKET, Key, VersionId });
}

async function rows(objects: TestObjects): Promise<number> {
  return (await objects.metadata.reader.selectFrom("s3_versions").select("id").execute()).length;
}

function row(objects: TestObjects, versionId: string | undefined) {
  return objects.metadata.reader
    .selectFrom("s3_versions")
    .select(["listed", "noncurrent_since"])
    .where("version_id", "=", versionId ?? "")
    .executeTakeFirst();
}

async function listed(objects: TestObjects): Promise<string[]> {
  const found = await objects.metadata.reader
    .selectFrom("s3_versions")
    .select("key")
    .where("listed", "=", 1)
    .execute();
  return found.map(({ key }) => key);
}
