/** Archives: when their bytes move, what may be read when, and that no blob is left behind on any way out. */
import { expect, test } from "bun:test";
import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import type { XmlDocument } from "../call.ts";
import { BUCKET, bodyOf, OTHER_ACCOUNT } from "../objects/testing/test-objects.ts";
import { type TestLifecycle, testLifecycle } from "./testing/test-lifecycle.ts";

const KEY = "releases/v1.0.0/app.jar";
const CONTENT = "the same line, which compresses well\n".repeat(5_000);
const object = { Bucket: BUCKET, Key: KEY };

describeOnEachDatabase("archives", (databases) => {
  const begin = async () => testLifecycle(await databases.fresh());

  async function archived(storageClass = "GLACIER"): Promise<TestLifecycle> {
    const lifecycle = await begin();
    await lifecycle.put(KEY, CONTENT, { StorageClass: storageClass });
    await lifecycle.runJobs();
    return lifecycle;
  }

  /** What the blobs lie in that something still refers to. */
  async function kept({ s3 }: TestLifecycle): Promise<string[]> {
    const rows = await s3.metadata.reader
      .selectFrom("blobs")
      .innerJoin("blob_references as reference", "reference.blob_id", "blobs.id")
      .select(["blobs.id", "blobs.storage_class"])
      .distinct()
      .execute();
    return rows.map(({ storage_class }) => storage_class).sort();
  }

  const restore = async ({ api, objects }: TestLifecycle, days: number, request: object = {}) => {
    const restored: unknown = await api.RestoreObject(objects.call(), {
      ...object,
      RestoreRequest: { Days: days, ...request },
    });
    return (restored as XmlDocument).status;
  };

  const restoreHeader = async ({ api, objects }: TestLifecycle) =>
    ((await api.HeadObject(objects.call(), object)) as HeadObjectCommandOutput).Restore;

  const read = ({ objects }: TestLifecycle) => objects.get(KEY).then(({ text }) => text === CONTENT);
  const refusal = { name: "InvalidObjectState", status: 403, members: { StorageClass: "GLACIER" } };

  test("what is put as an archive is unreadable at once, and its bytes move to the cold tier", async () => {
    await using lifecycle = await begin();
    await lifecycle.put(KEY, CONTENT, { StorageClass: "GLACIER" });
    await expect(read(lifecycle)).rejects.toMatchObject(refusal);
    expect(await kept(lifecycle)).toEqual(["hot"]);
    await lifecycle.runJobs();
    expect(await kept(lifecycle)).toEqual(["cold"]);
    await expect(read(lifecycle)).rejects.toMatchObject(refusal);
    expect(await restoreHeader(lifecycle)).toBeUndefined();
  });

  test.each(["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "REDUCED_REDUNDANCY"])(
    "%s is read as it is",
    async (storageClass) => {
      await using lifecycle = await archived(storageClass);
      expect(await read(lifecycle)).toBe(true);
      expect(await kept(lifecycle)).toEqual(["hot"]);
    },
  );

  test("a restore is 202, then under way, then readable until its midnight, then archived again", async () => {
    await using lifecycle = await archived();
    expect(await restore(lifecycle, 2)).toBe(202);
    expect(await restoreHeader(lifecycle)).toBe('ongoing-request="true"');
    await expect(read(lifecycle)).rejects.toMatchObject(refusal);
    await expect(restore(lifecycle, 2)).rejects.toMatchObject({
      name: "RestoreAlreadyInProgress",
      status: 409,
    });
    await lifecycle.runJobs();
    // Restored on 1 November at 10:30.
    expect(await restoreHeader(lifecycle)).toBe(
      'ongoing-request="false", expiry-date="Wed, 04 Nov 2026 00:00:00 GMT"',
    );
    expect(await read(lifecycle)).toBe(true);
    expect(await kept(lifecycle)).toEqual(["cold", "hot"]);
    await lifecycle.afterDays(2);
    expect(await read(lifecycle)).toBe(true);
    await lifecycle.afterDays(1);
    await expect(read(lifecycle)).rejects.toMatchObject(refusal);
    expect(await restoreHeader(lifecycle)).toBeUndefined();
    expect(await kept(lifecycle)).toEqual(["cold"]);
    expect(await restore(lifecycle, 1)).toBe(202);
    await lifecycle.runJobs();
    expect(await read(lifecycle)).toBe(true);
  });

  test("another restore meanwhile is 200 and counts from now, longer or shorter", async () => {
    await using lifecycle = await archived();
    await restore(lifecycle, 2);
    await lifecycle.runJobs();
    expect(await restore(lifecycle, 30)).toBe(200);
    expect(await restoreHeader(lifecycle)).toContain("Wed, 02 Dec 2026 00:00:00 GMT");
    await lifecycle.afterDays(10);
    expect(await read(lifecycle)).toBe(true);
    expect(await restore(lifecycle, 1)).toBe(200);
    expect(await restoreHeader(lifecycle)).toContain("Fri, 13 Nov 2026 00:00:00 GMT");
  });

  test("events tell when a restore was begun, done and over", async () => {
    await using lifecycle = await archived("DEEP_ARCHIVE");
    lifecycle.objects.events.length = 0;
    await restore(lifecycle, 1);
    await lifecycle.runJobs();
    await lifecycle.afterDays(3);
    const told = lifecycle.objects.events.map(({ detailType, detail }) => [
      detailType,
      detail["requester"],
      detail["source-storage-class"],
      detail["restore-expiry-time"],
    ]);
    expect(told).toEqual([
      ["Object Restore Initiated", "123456789012", "DEEP_ARCHIVE", undefined],
      ["Object Restore Completed", "s3.amazonaws.com", "DEEP_ARCHIVE", "2026-11-03T00:00:00Z"],
      ["Object Restore Expired", "s3.amazonaws.com", "DEEP_ARCHIVE", undefined],
    ]);
  });

  test("an archive is copied only while it is restored, to a class that stays readable", async () => {
    await using lifecycle = await archived();
    const { api, objects } = lifecycle;
    const copy = () =>
      api.CopyObject(objects.call(), {
        Bucket: BUCKET,
        Key: "warm",
        CopySource: `${BUCKET}/${KEY}`,
        StorageClass: "STANDARD",
      });
    await expect(copy()).rejects.toMatchObject({ name: "InvalidObjectState", status: 403 });
    await restore(lifecycle, 1);
    await lifecycle.runJobs();
    await copy();
    await lifecycle.afterDays(5);
    expect((await objects.get("warm")).text).toBe(CONTENT);
    expect(await kept(lifecycle)).toEqual(["cold", "hot"]);
  });

  test.each(["before", "during", "after"])(
    "a version that is deleted %s a restore leaves no blob behind",
    async (when) => {
      await using lifecycle = await archived();
      const { api, objects } = lifecycle;
      const { VersionId } = (await api.HeadObject(objects.call(), object)) as HeadObjectCommandOutput;
      const gone = () => api.DeleteObject(objects.call(), { ...object, VersionId });
      if (when === "before") await gone();
      else {
        await restore(lifecycle, 1);
        if (when === "after") await lifecycle.runJobs();
        await gone();
      }
      await lifecycle.afterDays(5);
      expect(await kept(lifecycle)).toEqual([]);
      expect(
        await lifecycle.s3.metadata.reader.selectFrom("s3_archive_originals").selectAll().execute(),
      ).toEqual([]);
    },
  );

  /** Runs something between the copying of bytes and the transaction that takes the copy. */
  function whileBytesAreCopied({ s3: { blobs } }: TestLifecycle, meanwhile: () => Promise<unknown>): void {
    const { copy } = blobs;
    blobs.copy = async (source, target, options, commit) => {
      blobs.copy = copy;
      await meanwhile();
      return copy.call(blobs, source, target, options, commit) as ReturnType<typeof commit>;
    };
  }

  const remove = async ({ api, objects }: TestLifecycle) => {
    const { VersionId } = (await api.HeadObject(objects.call(), object)) as HeadObjectCommandOutput;
    await api.DeleteObject(objects.call(), { ...object, VersionId });
  };

  test("a version that is deleted while its bytes move leaves no cold copy behind", async () => {
    await using lifecycle = await begin();
    await lifecycle.put(KEY, CONTENT, { StorageClass: "GLACIER" });
    whileBytesAreCopied(lifecycle, () => remove(lifecycle));
    await lifecycle.runJobs();
    expect(await lifecycle.objects.blobs()).toEqual({ kept: 0, unkept: 1 });
  });

  test("a version that is deleted between the copy and the end of its restore leaves nothing behind", async () => {
    await using lifecycle = await archived();
    await restore(lifecycle, 1);
    const { blobs } = lifecycle.s3;
    const { copy } = blobs;
    blobs.copy = async (source, target, options, commit) => {
      const result = await (copy.call(blobs, source, target, options, commit) as ReturnType<typeof commit>);
      await remove(lifecycle);
      return result;
    };
    await lifecycle.runJobs();
    blobs.copy = copy;
    expect(await kept(lifecycle)).toEqual([]);
  });

  test("an archive that is restored before its bytes have moved stays where it is until the restore ends", async () => {
    await using lifecycle = await begin();
    await lifecycle.put(KEY, CONTENT, { StorageClass: "GLACIER" });
    const late = lifecycle.waiting.splice(0);
    await restore(lifecycle, 1);
    await lifecycle.runJobs();
    for (const job of late) await lifecycle.runJob(job);
    expect(await kept(lifecycle)).toEqual(["hot"]);
    expect(await read(lifecycle)).toBe(true);
    await lifecycle.afterDays(5);
    expect(await kept(lifecycle)).toEqual(["cold"]);
  });

  test("what could not be moved, restored or put back in all its tries is found again on another day", async () => {
    await using lifecycle = await begin();
    const { s3, waiting } = lifecycle;
    await lifecycle.put(KEY, CONTENT, { StorageClass: "GLACIER" });
    await lifecycle.put("other", "as it was", { StorageClass: "STANDARD_IA" });
    // A job that failed for good is never run again; neither is one whose server died in its last try.
    waiting.length = 0;
    expect(await kept(lifecycle)).toEqual(["hot", "hot"]);
    await lifecycle.afterDays(1);
    expect(await kept(lifecycle)).toEqual(["cold", "hot"]);
    await restore(lifecycle, 2);
    waiting.length = 0;
    expect(await restoreHeader(lifecycle)).toBe('ongoing-request="true"');
    await lifecycle.afterDays(1);
    expect(await read(lifecycle)).toBe(true);
    waiting.length = 0;
    await lifecycle.afterDays(3);
    expect(await kept(lifecycle)).toEqual(["cold", "hot"]);
    const { restored_until } = await s3.metadata.reader
      .selectFrom("s3_versions")
      .select("restored_until")
      .where("key", "=", KEY)
      .executeTakeFirstOrThrow();
    expect(restored_until).toBeNull();
  });

  test("an object of many parts moves and comes back part by part, equal parts once", async () => {
    await using lifecycle = await begin();
    const { api, objects } = lifecycle;
    const upload = {
      ...object,
      ...(await api.CreateMultipartUpload(objects.call(), { ...object, StorageClass: "GLACIER" })),
    };
    const parts = [
      Buffer.alloc(5 * 1024 ** 2, "a"),
      Buffer.alloc(5 * 1024 ** 2, "a"),
      Buffer.from("the end"),
    ];
    const Parts = [];
    for (const [index, part] of parts.entries()) {
      const given = { ...object, UploadId: upload.UploadId, PartNumber: index + 1 };
      const { ETag } = await api.UploadPart(objects.call({ body: bodyOf(part) }), given);
      Parts.push({ ETag, PartNumber: index + 1 });
    }
    await api.CompleteMultipartUpload(objects.call(), {
      ...object,
      UploadId: upload.UploadId,
      MultipartUpload: { Parts },
    });
    lifecycle.waiting.length = 0;
    await lifecycle.afterDays(1);
    expect(await kept(lifecycle)).toEqual(["cold", "cold"]);
    await restore(lifecycle, 1);
    await lifecycle.runJobs();
    expect(Buffer.from((await objects.get(KEY)).text).equals(Buffer.concat(parts))).toBe(true);
    await lifecycle.afterDays(5);
    expect(await kept(lifecycle)).toEqual(["cold", "cold"]);
    await expect(objects.get(KEY)).rejects.toMatchObject(refusal);
  });

  test("a restore that cannot be made is given up, and can be asked for again", async () => {
    await using lifecycle = await archived();
    await restore(lifecycle, 1);
    const [job] = lifecycle.waiting.splice(0);
    if (job === undefined) throw new TypeError("a restore waits");
    const { blobs } = lifecycle.s3;
    const { copy } = blobs;
    blobs.copy = async () => Promise.reject(new Error("the key is disabled"));
    await expect(lifecycle.runJob(job)).rejects.toThrow("the key is disabled");
    expect(await restoreHeader(lifecycle)).toBe('ongoing-request="true"');
    await expect(lifecycle.runJob(job, { attempt: 8 })).rejects.toThrow("the key is disabled");
    blobs.copy = copy;
    expect(await restoreHeader(lifecycle)).toBeUndefined();
    expect(await restore(lifecycle, 1)).toBe(202);
    await lifecycle.runJobs();
    expect(await read(lifecycle)).toBe(true);
  });

  test("lifecycle moves a current and a noncurrent version, and a colder class moves no bytes", async () => {
    await using lifecycle = await begin();
    await lifecycle.rules({
      Transitions: [
        { Days: 1, StorageClass: "GLACIER" },
        { Days: 10, StorageClass: "DEEP_ARCHIVE" },
      ],
      NoncurrentVersionTransitions: [{ NoncurrentDays: 1, StorageClass: "GLACIER" }],
    });
    await lifecycle.put(KEY, `${CONTENT}old`);
    await lifecycle.put(KEY, CONTENT);
    await lifecycle.afterDays(3);
    expect(await lifecycle.versions()).toEqual([`${KEY} GLACIER`, `${KEY} GLACIER`]);
    expect(await kept(lifecycle)).toEqual(["cold", "cold"]);
    await restore(lifecycle, 90);
    await lifecycle.runJobs();
    await lifecycle.afterDays(20);
    expect(await lifecycle.versions()).toEqual([`${KEY} DEEP_ARCHIVE`, `${KEY} GLACIER`]);
    expect(await read(lifecycle)).toBe(true);
  });

  test("what cannot be asked for is refused", async () => {
    await using lifecycle = await archived("DEEP_ARCHIVE");
    const { api, objects } = lifecycle;
    await expect(restore(lifecycle, 0)).rejects.toMatchObject({ name: "MalformedXML" });
    await expect(restore(lifecycle, 1.5)).rejects.toMatchObject({ name: "MalformedXML" });
    const tier = (Tier: string) => ({ GlacierJobParameters: { Tier } });
    await expect(restore(lifecycle, 1, tier("Fast"))).rejects.toMatchObject({ name: "MalformedXML" });
    await expect(restore(lifecycle, 1, tier("Expedited"))).rejects.toMatchObject({ name: "InvalidArgument" });
    for (const elsewhere of [
      { Type: "SELECT" },
      { OutputLocation: { S3: { BucketName: "b", Prefix: "p" } } },
    ])
      await expect(restore(lifecycle, 1, elsewhere)).rejects.toMatchObject({ status: 501 });
    const other = (change: object, account = objects.call().account) =>
      api.RestoreObject(objects.call({ account }), { ...object, RestoreRequest: { Days: 1 }, ...change });
    await expect(other({ Key: "none" })).rejects.toMatchObject({ name: "NoSuchKey", status: 404 });
    await expect(other({}, OTHER_ACCOUNT)).rejects.toMatchObject({ name: "AccessDenied", status: 403 });
    await lifecycle.put("warm", "x");
    await expect(other({ Key: "warm" })).rejects.toMatchObject({
      name: "InvalidObjectState",
      status: 403,
      members: { StorageClass: "STANDARD" },
    });
    await expect(lifecycle.put("a", "x", { StorageClass: "OUTPOSTS" })).rejects.toMatchObject({
      name: "InvalidStorageClass",
    });
    expect(await restore(lifecycle, 1, tier("Bulk"))).toBe(202);
  });
});
