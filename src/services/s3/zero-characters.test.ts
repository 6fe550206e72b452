/** U+0000, for which PostgreSQL has no place, where a client can write it and no key is meant. */
import { expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../test/contract/databases.ts";
import { BUCKET, bodyOf, testObjects } from "./objects/testing/test-objects.ts";

describeOnEachDatabase("a zero character", (databases) => {
  test("in a name or an id is in none that is there", async () => {
    await using objects = await testObjects(await databases.fresh());
    const { api, call } = objects;
    const key = { Bucket: BUCKET, Key: "k" };
    const upload = { ...key, UploadId: "\0" };
    const noBucket = { name: "NoSuchBucket" };
    const noUpload = { name: "NoSuchUpload" };
    const anonymous = call({ account: "anonymous" });
    await expect(api.GetObject(anonymous, { Bucket: "a\0b", Key: "k" })).rejects.toMatchObject(noBucket);
    await expect(api.HeadBucket(call(), { Bucket: "\0" })).rejects.toMatchObject(noBucket);
    await expect(api.CopyObject(call(), { ...key, CopySource: "a%00b/k" })).rejects.toMatchObject(noBucket);
    await expect(api.AbortMultipartUpload(call(), upload)).rejects.toMatchObject(noUpload);
    await expect(api.ListParts(call(), upload)).rejects.toMatchObject(noUpload);
    const body = bodyOf("x");
    await expect(api.UploadPart(call({ body }), { ...upload, PartNumber: 1 })).rejects.toMatchObject(
      noUpload,
    );
    expect((await api.ListBuckets(call(), { Prefix: "\0" })).Buckets).toEqual([]);
    expect((await api.ListBuckets(call(), { BucketRegion: "\0" })).Buckets).toEqual([]);
  });
});
