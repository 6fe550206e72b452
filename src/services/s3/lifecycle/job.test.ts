/** Lifecycle as it runs: what is left in the bucket, what was told of it, and what happens when servers come and go. */
import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import { findBucket } from "../buckets/open-bucket.ts";
import { BUCKET, bodyOf, md5Of } from "../objects/testing/test-objects.ts";
import { actOnVersions } from "./act.ts";
import { preview } from "./preview.ts";
import { DAY, type TestLifecycle, testLifecycle } from "./testing/test-lifecycle.ts";
import { beginWalk, moveOn } from "./walk.ts";

const CONTENT = "x".repeat(130 * 1024);
const OLD_GO = { ID: "old", NoncurrentVersionExpiration: { NoncurrentDays: 3 } };
const WALK = "s3.lifecycle-bucket";

describeOnEachDatabase("lifecycle", (databases) => {
  const begin = async (versioned = true) => testLifecycle(await databases.fresh(), versioned);

  test("old versions go, then the marker that is left alone, each when its time has come", async () => {
    await using lifecycle = await begin();
    await lifecycle.rules(OLD_GO, { ID: "markers", Expiration: { ExpiredObjectDeleteMarker: true } });
    await lifecycle.put("a", "one");
    await lifecycle.put("a", "two");
    await lifecycle.put("b", "one");
    await lifecycle.api.DeleteObject(lifecycle.objects.call(), { Bucket: BUCKET, Key: "b" });
    await lifecycle.afterDays(2);
    expect(await lifecycle.versions()).toEqual(["a STANDARD", "a STANDARD", "b marker", "b STANDARD"]);
    await lifecycle.afterDays(2);
    expect(await lifecycle.versions()).toEqual(["a STANDARD", "b marker"]);
    await lifecycle.afterDays(1);
    expect(await lifecycle.versions()).toEqual(["a STANDARD"]);
    expect(await lifecycle.objects.blobs()).toEqual({ kept: 1, unkept: 1 });
  });

  test("what happened is told to EventBridge with lifecycle as its reason", async () => {
    await using lifecycle = await begin();
    await lifecycle.rules(
      { Expiration: { Days: 3 }, Filter: { Prefix: "short/" } },
      { Transitions: [{ Days: 1, StorageClass: "GLACIER" }], Filter: { Prefix: "long/" } },
      OLD_GO,
    );
    await lifecycle.put("short/a", "one");
    await lifecycle.put("long/b", CONTENT);
    lifecycle.objects.events.length = 0;
    await lifecycle.afterDays(4);
    await lifecycle.afterDays(4);
    const told = lifecycle.objects.events.map(({ detailType, detail }) => ({
      detailType,
      key: (detail["object"] as { key: string }).key,
      requester: detail["requester"],
      reason: detail["reason"],
      deletion: detail["deletion-type"],
      to: detail["destination-storage-class"],
    }));
    const requester = "s3.amazonaws.com";
    const deleted = {
      detailType: "Object Deleted",
      key: "short/a",
      requester,
      reason: "Lifecycle Expiration",
      to: undefined,
    };
    expect(told).toEqual([
      {
        detailType: "Object Storage Class Changed",
        key: "long/b",
        requester,
        reason: undefined,
        deletion: undefined,
        to: "GLACIER",
      },
      { ...deleted, deletion: "Delete Marker Created" },
      { ...deleted, deletion: "Permanently Deleted" },
    ]);
  });

  test("a rule that is removed has no effect from then on, nor one that is disabled", async () => {
    await using lifecycle = await begin();
    await lifecycle.rules({ Expiration: { Days: 1 } });
    await lifecycle.put("a", "one");
    await lifecycle.rules({ Expiration: { Days: 1 }, Status: "Disabled" });
    await lifecycle.afterDays(5);
    await lifecycle.api.DeleteBucketLifecycle(lifecycle.objects.call(), { Bucket: BUCKET });
    await lifecycle.afterDays(5);
    expect(await lifecycle.versions()).toEqual(["a STANDARD"]);
  });

  test("in a bucket without versions objects are gone for good; in a suspended one the null version is", async () => {
    await using lifecycle = await begin(false);
    await lifecycle.rules({ Expiration: { Days: 1 } });
    await lifecycle.put("a", "one");
    await lifecycle.afterDays(2);
    expect(await lifecycle.versions()).toEqual([]);
    await lifecycle.put("b", "one");
    await lifecycle.api.PutBucketVersioning(lifecycle.objects.call(), {
      Bucket: BUCKET,
      VersioningConfiguration: { Status: "Suspended" },
    });
    await lifecycle.afterDays(2);
    expect(await lifecycle.versions()).toEqual(["b marker"]);
    expect((await lifecycle.objects.blobs()).kept).toBe(0);
  });

  test("what is under legal hold stays, others of its kind go", async () => {
    await using lifecycle = await begin();
    const { objects, api } = lifecycle;
    await api.CreateBucket(objects.call(), { Bucket: "locked", ObjectLockEnabledForBucket: true });
    const put = async (Key: string, input: object = {}) =>
      api.PutObject(objects.call({ body: bodyOf("x", { md5: md5Of("x") }) }), {
        Bucket: "locked",
        Key,
        ...input,
      });
    await put("free");
    await put("free");
    await put("held", { ObjectLockLegalHoldStatus: "ON" });
    await put("held");
    await api.PutBucketLifecycleConfiguration(objects.call(), {
      Bucket: "locked",
      LifecycleConfiguration: { Rules: [{ Status: "Enabled", Filter: {}, ...OLD_GO }] },
    });
    await lifecycle.afterDays(10);
    expect(await lifecycle.versions()).toEqual(["free STANDARD", "held STANDARD", "held STANDARD"]);
  });

  test("uploads that were never completed are aborted with their parts, younger and other ones stay", async () => {
    await using lifecycle = await begin();
    const { objects, api } = lifecycle;
    await lifecycle.rules({
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      Filter: { Prefix: "up/" },
    });
    const create = async (Key: string) => {
      const { UploadId } = await api.CreateMultipartUpload(objects.call(), { Bucket: BUCKET, Key });
      await api.UploadPart(objects.call({ body: bodyOf(Key) }), {
        Bucket: BUCKET,
        Key,
        UploadId,
        PartNumber: 1,
      });
    };
    await create("up/old");
    await create("other");
    objects.now = new Date(objects.now.getTime() + 5 * DAY);
    await create("up/young");
    await lifecycle.afterDays(3);
    const left = await lifecycle.s3.metadata.reader
      .selectFrom("s3_uploads")
      .select("key")
      .orderBy("key")
      .execute();
    expect(left.map(({ key }) => key)).toEqual(["other", "up/young"]);
    expect(await objects.blobs()).toEqual({ kept: 2, unkept: 1 });
  });

  test("it comes by once a day in each bucket, and at once in one that has rules for the first time", async () => {
    await using lifecycle = await begin();
    await lifecycle.rules({ Expiration: { Days: 1 } });
    await lifecycle.put("a", "one");
    await lifecycle.afterDays(0);
    const walks = () =>
      lifecycle.s3.metadata.reader
        .selectFrom("s3_lifecycle_walks")
        .select(["started_at", "finished_at"])
        .execute();
    const [first] = await walks();
    expect(first?.finished_at).not.toBeNull();
    await lifecycle.afterDays(1 / 86_400);
    expect(await walks()).toEqual(first === undefined ? [] : [first]);
    await lifecycle.afterDays(1);
    expect((await walks())[0]?.started_at).toBeGreaterThan(first?.started_at ?? 0);
  });

  /** Versions without content, straight into the table: a page is 1,000. */
  async function fill(
    lifecycle: TestLifecycle,
    key: (index: number) => string,
    count: number,
    sameKey: boolean,
  ) {
    const bucket = await findBucket(lifecycle.s3.metadata.reader, BUCKET);
    const at = (index: number) => lifecycle.objects.now.getTime() - index * 1000;
    const rows = Array.from({ length: count }, (_, index) => ({
      id: randomUUID(),
      bucket_id: bucket.id,
      key: key(index),
      rank: 2 ** 52 - at(index) * 1000,
      version_id: `v${index}`,
      delete_marker: 0,
      listed: sameKey && index > 0 ? 0 : 1,
      size: 1,
      etag: "e",
      blob_id: null,
      part_count: 0,
      storage_class: "STANDARD",
      description: JSON.stringify({ headers: {}, metadata: {}, encryption: { kind: "none", scope: "none" } }),
      tags: "",
      created_at: at(index),
      noncurrent_since: sameKey && index > 0 ? at(index - 1) : null,
      retention_mode: "",
      retain_until: null,
      legal_hold: 0,
      restored_until: null,
    }));
    await lifecycle.s3.metadata.write(async (tx) => {
      for (let from = 0; from < rows.length; from += 500)
        await tx
          .insertInto("s3_versions")
          .values(rows.slice(from, from + 500))
          .execute();
    });
  }

  test("a key with more versions than a page keeps as many as the rule says", async () => {
    await using lifecycle = await begin();
    await lifecycle.rules({ NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 5 } });
    await fill(lifecycle, () => "key", 2_100, true);
    await fill(lifecycle, () => "next", 3, true);
    await lifecycle.afterDays(3);
    expect(await lifecycle.versions()).toEqual([
      ...Array(6).fill("key STANDARD"),
      ...Array(3).fill("next STANDARD"),
    ]);
  });

  test("pages of several prefixes end where the prefixes do, and what lies between is not touched", async () => {
    await using lifecycle = await begin(false);
    await lifecycle.rules(
      { Expiration: { Days: 1 }, Filter: { Prefix: "b/" } },
      { Expiration: { Days: 1 }, Filter: { Prefix: "d/" } },
      { Expiration: { Days: 1 }, Filter: { Prefix: "d/sub/" } },
    );
    for (const prefix of ["a/", "b/", "c/", "d/", "e/"])
      await fill(lifecycle, (index) => `${prefix}${index}`, 1_050, false);
    await lifecycle.afterDays(3);
    const left = new Set((await lifecycle.versions()).map((version) => version.slice(0, 2)));
    expect([...left].sort()).toEqual(["a/", "c/", "e/"]);
  }, 60_000);

  test("a server that stops in the middle is followed by one that goes on where it was", async () => {
    await using lifecycle = await begin(false);
    await lifecycle.rules({ Expiration: { Days: 1 } });
    await fill(lifecycle, (index) => `k${index}`, 2_500, false);
    lifecycle.objects.now = new Date(lifecycle.objects.now.getTime() + 3 * DAY);
    const { id } = await findBucket(lifecycle.s3.metadata.reader, BUCKET);
    const stopping = new AbortController();
    const job = { kind: WALK, payload: { bucket: id } };
    const running = lifecycle.runJob(job, { signal: stopping.signal });
    while ((await lifecycle.versions()).length > 1_400) await moment();
    stopping.abort(new Error("the server stops"));
    await expect(running).rejects.toThrow("the server stops");
    const [walk] = await lifecycle.s3.metadata.reader.selectFrom("s3_lifecycle_walks").selectAll().execute();
    expect(walk?.finished_at).toBeNull();
    expect(walk?.cursor).toContain('"key"');
    await lifecycle.runJob(job);
    expect(await lifecycle.versions()).toEqual([]);
    expect(lifecycle.objects.events).toHaveLength(2_500);
  }, 60_000);

  test("what was due when it was read and is not any more when it is to be acted upon stays", async () => {
    await using lifecycle = await begin();
    await lifecycle.rules({ Expiration: { Days: 30 } }, OLD_GO);
    await lifecycle.put("a", "one");
    await lifecycle.put("a", "two");
    const { s3 } = lifecycle;
    const ids = await s3.metadata.reader.selectFrom("s3_versions").select(["id", "bucket_id"]).execute();
    const act = () =>
      s3.metadata.write((tx) =>
        actOnVersions(
          tx,
          s3,
          ids[0]?.bucket_id ?? "",
          ids.map(({ id }) => id),
          "request",
        ),
      );
    expect(await act()).toEqual({});
    lifecycle.objects.now = new Date(lifecycle.objects.now.getTime() + 10 * DAY);
    await lifecycle.rules({ Expiration: { Days: 30 } });
    expect(await act()).toEqual({});
    await lifecycle.rules(OLD_GO);
    expect(await act()).toEqual({ delete: 1 });
    expect(await act()).toEqual({});
  });

  test("of two servers that have come to the same page one goes on", async () => {
    await using lifecycle = await begin();
    const { metadata } = lifecycle.s3;
    const start = () => metadata.write((tx) => beginWalk(tx, "bucket", 1, 1));
    const [one, other] = [await start(), await start()];
    if (one === undefined || other === undefined) throw new TypeError("both have begun");
    const next = { step: "uploads" } as const;
    expect(await metadata.write((tx) => moveOn(tx, one, next, 2))).toMatchObject({ cursor: next });
    expect(await metadata.write((tx) => moveOn(tx, other, next, 2))).toBeUndefined();
    expect(await start()).toMatchObject({ cursor: next });
  });

  test("two servers at the same bucket do each thing once", async () => {
    await using lifecycle = await begin(false);
    await lifecycle.rules({ Expiration: { Days: 1 } });
    await fill(lifecycle, (index) => `k${index}`, 1_200, false);
    lifecycle.objects.now = new Date(lifecycle.objects.now.getTime() + 3 * DAY);
    const { id } = await findBucket(lifecycle.s3.metadata.reader, BUCKET);
    const job = { kind: WALK, payload: { bucket: id } };
    await Promise.all([lifecycle.runJob(job), lifecycle.runJob(job)]);
    await lifecycle.runJob(job);
    expect(await lifecycle.versions()).toEqual([]);
  }, 60_000);

  test("the preview says what then happens, and changes nothing itself", async () => {
    await using lifecycle = await begin();
    await lifecycle.rules(
      OLD_GO,
      {
        ID: "glacier",
        Transitions: [{ Days: 2, StorageClass: "GLACIER" }],
        Filter: { Tag: { Key: "Archive", Value: "true" } },
      },
      { ID: "temporary", Expiration: { Days: 1 }, Filter: { Prefix: "tmp/" } },
      { ID: "uploads", AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
    );
    await lifecycle.put("app", "one");
    await lifecycle.put("app", "two");
    await lifecycle.put("keep", CONTENT, { Tagging: "Archive=true" });
    await lifecycle.put("tmp/a", "t");
    await lifecycle.api.CreateMultipartUpload(lifecycle.objects.call(), { Bucket: BUCKET, Key: "up" });
    const bucket = await findBucket(lifecycle.s3.metadata.reader, BUCKET);
    const coming = async () => {
      const all = await Array.fromAsync(
        preview(lifecycle.s3.metadata.reader, bucket, lifecycle.s3.clock, ""),
      );
      return all.flatMap(({ key, coming }) =>
        coming === undefined
          ? []
          : [`${key} ${coming.action} ${coming.rule} ${coming.due ? "now" : "later"} ${coming.frees}`],
      );
    };
    const before = await lifecycle.versions();
    expect(await coming()).toEqual([
      "app delete old later 3",
      "keep transition glacier later 0",
      "tmp/a mark-deleted temporary later 0",
      "up abort-upload uploads later 0",
    ]);
    lifecycle.objects.now = new Date(lifecycle.objects.now.getTime() + 5 * DAY);
    expect(await coming()).toEqual([
      "app delete old now 3",
      "keep transition glacier now 0",
      "tmp/a mark-deleted temporary now 0",
      "up abort-upload uploads now 0",
    ]);
    expect(await lifecycle.versions()).toEqual(before);
    await lifecycle.afterDays(0);
    expect(await lifecycle.versions()).toEqual([
      "app STANDARD",
      "keep GLACIER",
      "tmp/a marker",
      "tmp/a STANDARD",
    ]);
  });

  test("as many rules as there can be, which contradict each other, do not hold up the server", async () => {
    await using lifecycle = await begin();
    await lifecycle.rules(
      ...Array.from({ length: 1000 }, (_, index) => ({
        Transitions: [
          { Days: 30 + index, StorageClass: "STANDARD_IA" },
          { Days: 2000 + index, StorageClass: "INTELLIGENT_TIERING" },
          { Days: 4000 + index, StorageClass: "ONEZONE_IA" },
          { Days: 6000 + index, StorageClass: "GLACIER" },
        ] as const,
      })).map(({ Transitions }) => ({ Transitions: [...Transitions] })),
    );
    // None of the four thousand is a way from here.
    for (let index = 0; index < 30; index++)
      await lifecycle.put(`deep ${index}`, CONTENT, { StorageClass: "DEEP_ARCHIVE" });
    await lifecycle.afterDays(1);
    expect(await lifecycle.versions()).toHaveLength(30);
    // Looking for what falls due one day took most of a second a version, during which nobody was served.
  }, 10_000);
});

const moment = () => new Promise((resolve) => setTimeout(resolve, 1));
