import { expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { testObjects } from "../objects/testing/test-objects.ts";
import { completeMultipartUpload } from "./complete-upload.ts";
import { complete, create, leftovers, put, versioned } from "./testing/test-uploads.ts";

describeOnEachDatabase("multipart uploads that others cross", (databases) => {
  const begin = async () => testObjects(await databases.fresh());

  test("of completions and aborts at one time one wins, and no part is lost or left behind", async () => {
    await using objects = await begin();
    await versioned(objects);
    for (let round = 0; round < 6; round++) {
      const upload = await create(objects, { Key: `key-${round}` });
      const content = `content of round ${round}`;
      const { ETag } = await put(objects, upload, 1, content);
      const parts = { MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
      const outcomes = await Promise.allSettled([
        complete(objects, upload, [], parts),
        complete(objects, upload, [], parts),
        objects.api.AbortMultipartUpload(objects.call(), upload),
        put(objects, upload, 1, content),
        put(objects, upload, 2, "late"),
      ]);
      for (const outcome of outcomes)
        if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ name: "NoSuchUpload" });
      const [one, two, aborted] = outcomes;
      const versions = await objects.metadata.reader
        .selectFrom("s3_versions")
        .select("id")
        .where("key", "=", `key-${round}`)
        .execute();
      expect(versions).toHaveLength(aborted?.status === "fulfilled" ? 0 : 1);
      expect(one?.status).toBe(two?.status ?? "");
      expect(one?.status).not.toBe(aborted?.status ?? "");
      if (versions.length === 1) expect((await objects.get(`key-${round}`)).text).toBe(content);
      expect(await leftovers(objects)).toEqual([]);
    }
  });

  test("a part that is replaced while the upload is completed is either old or new in the object, never missing", async () => {
    await using objects = await begin();
    for (let round = 0; round < 6; round++) {
      const upload = await create(objects);
      const { ETag } = await put(objects, upload, 1, `old ${round}`);
      const [done, replaced] = await Promise.allSettled([
        complete(objects, upload, [], { MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }),
        put(objects, upload, 1, `new ${round}`),
      ]);
      if (done.status === "rejected") {
        expect(done.reason).toMatchObject({ name: "InvalidPart" });
        expect(replaced.status).toBe("fulfilled");
        await complete(objects, upload, [1]);
        expect((await objects.get("key")).text).toBe(`new ${round}`);
      } else expect((await objects.get("key")).text).toBe(`old ${round}`);
      expect(await leftovers(objects)).toEqual([]);
    }
  });

  test("a part that is replaced between the reading and the writing of a completion is noticed", async () => {
    await using objects = await begin();
    const upload = await create(objects);
    const { ETag } = await put(objects, upload, 1, "old");
    let replaced = false;
    const metadata = {
      ...objects.metadata,
      async write<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
        if (!replaced) {
          replaced = true;
          await put(objects, upload, 1, "new");
        }
        return objects.metadata.write(work);
      },
    };
    const completing = completeMultipartUpload({ ...objects.s3, metadata }, objects.call(), {
      ...upload,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    });
    await expect(completing).rejects.toMatchObject({ name: "InvalidPart" });
    expect(replaced).toBe(true);
    await complete(objects, upload, [1]);
    expect((await objects.get("key")).text).toBe("new");
  });
});
