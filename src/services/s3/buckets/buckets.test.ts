import { expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import {
  ACCOUNT,
  BUCKET,
  bodyOf,
  makeBucket,
  OTHER_ACCOUNT,
  type TestObjects,
  testObjects,
} from "../objects/testing/test-objects.ts";
import { findBucket } from "./open-bucket.ts";
import { changeSettings } from "./settings.ts";

const HERE = { Bucket: BUCKET };

describeOnEachDatabase("buckets", (databases) => {
  const begin = async () => testObjects(await databases.fresh());

  test("of many who make the same bucket at once, one gets it", async () => {
    await using objects = await begin();
    const accounts = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? ACCOUNT : OTHER_ACCOUNT));
    const outcomes = await Promise.allSettled(
      accounts.map((account) => makeBucket(objects, "wanted", account)),
    );
    const { account: owner } = await findBucket(objects.metadata.reader, "wanted");
    const expected = accounts.map((account) => (account === owner ? "made" : "BucketAlreadyExists"));
    const names = outcomes.map((outcome) =>
      outcome.status === "fulfilled" ? "made" : (outcome.reason as Error).name,
    );
    expect(names).toEqual(expected);
    const rows = await objects.metadata.reader
      .selectFrom("s3_buckets")
      .select("id")
      .where("name", "=", "wanted")
      .execute();
    expect(rows).toHaveLength(1);
  });

  test("configurations that are put at once are all kept", async () => {
    await using objects = await begin();
    const { api } = objects;
    const call = objects.call();
    await Promise.all([
      api.PutBucketTagging(call, { ...HERE, Tagging: { TagSet: [{ Key: "team", Value: "a" }] } }),
      api.PutBucketCors(call, {
        ...HERE,
        CORSConfiguration: { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }] },
      }),
      api.PutBucketVersioning(call, { ...HERE, VersioningConfiguration: { Status: "Enabled" } }),
      api.PutBucketNotificationConfiguration(call, {
        ...HERE,
        NotificationConfiguration: { EventBridgeConfiguration: {} },
      }),
      api.PutBucketRequestPayment(call, { ...HERE, RequestPaymentConfiguration: { Payer: "Requester" } }),
    ]);
    const bucket = await findBucket(objects.metadata.reader, BUCKET);
    expect(bucket).toMatchObject({
      versioning: "Enabled",
      revision: 6,
      settings: { tags: { team: "a" }, requestPayment: "Requester" },
    });
    expect(bucket.settings.cors).toHaveLength(1);
    expect(bucket.settings.notification).toEqual({ EventBridgeConfiguration: {} });
  });

  test("a bucket that was made anew under the name of a deleted one is another", async () => {
    await using objects = await begin();
    const before = await findBucket(objects.metadata.reader, BUCKET);
    await objects.api.DeleteBucket(objects.call(), HERE);
    await makeBucket(objects, BUCKET);
    const change = objects.metadata.write((tx) => changeSettings(tx, before, () => ({ tags: { a: "b" } })));
    await expect(change).rejects.toMatchObject({ name: "NoSuchBucket" });
    expect((await findBucket(objects.metadata.reader, BUCKET)).settings.tags).toBeUndefined();
  });

  test("a bucket into which something is put while it is deleted is either full or gone", async () => {
    await using objects = await begin();
    for (let round = 0; round < 8; round++) {
      const [put, gone] = await Promise.allSettled([
        objects.put("a", "content"),
        objects.api.DeleteBucket(objects.call(), HERE),
      ]);
      expect([put.status, gone.status].toSorted()).toEqual(["fulfilled", "rejected"]);
      const refused = put.status === "rejected" ? put : gone;
      expect(refused).toMatchObject({
        reason: { name: put.status === "rejected" ? "NoSuchBucket" : "BucketNotEmpty" },
      });
      if (put.status === "rejected") await makeBucket(objects, BUCKET);
      else await objects.api.DeleteObject(objects.call(), { ...HERE, Key: "a" });
    }
    expect((await objects.blobs()).kept).toBe(0);
  });

  test("uploads that nobody finished go with their bucket, and keep no bytes", async () => {
    await using objects = await begin();
    for (const key of ["one", "two", "three"]) {
      const { UploadId } = await objects.api.CreateMultipartUpload(objects.call(), { ...HERE, Key: key });
      for (const part of [1, 2])
        await objects.api.UploadPart(objects.call({ body: bodyOf(`${key} ${part}`) }), {
          ...HERE,
          Key: key,
          UploadId,
          PartNumber: part,
        });
    }
    expect((await objects.blobs()).kept).toBe(6);
    await objects.api.DeleteBucket(objects.call(), HERE);
    expect((await objects.blobs()).kept).toBe(0);
    const rows = await objects.metadata.reader.selectFrom("s3_upload_parts").select("blob_id").execute();
    expect(rows).toEqual([]);
  });

  test("an account has at most 10,000 buckets", async () => {
    await using objects = await begin();
    await fill(objects, 9_999);
    const more = makeBucket(objects, "one-too-many");
    await expect(more).rejects.toMatchObject({ name: "TooManyBuckets", status: 400 });
    await makeBucket(objects, "another-account", OTHER_ACCOUNT);
  });
});

/** Rows as CreateBucket writes them. */
async function fill({ metadata }: TestObjects, count: number): Promise<void> {
  const { created_at, region, settings } = await metadata.reader
    .selectFrom("s3_buckets")
    .selectAll()
    .executeTakeFirstOrThrow();
  const rows = Array.from({ length: count }, (_, index) => ({
    ...{ id: `filler-${index}`, name: `filler-${index}`, account: ACCOUNT, region, created_at, settings },
    ...{ versioning: "" as const, revision: 1 },
  }));
  await metadata.write(async (tx) => {
    for (let at = 0; at < rows.length; at += 1_000)
      await tx
        .insertInto("s3_buckets")
        .values(rows.slice(at, at + 1_000))
        .execute();
  });
}
