/** Buckets of a cluster: two servers on one PostgreSQL and one S3 store are one S3 to their clients. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-s3";
import { describeWithClients } from "../client.ts";
import { startPostgres } from "../postgres-server.ts";
import { RunningServer } from "../running-server.ts";
import { startS3Server } from "../s3-server.ts";
import { Started } from "../started.ts";

setDefaultTimeout(120_000);

const PART = 5 * 1_048_576;
const LOST = new Set(["PreconditionFailed", "ConditionalRequestConflict"]);
const rootKey = { accessKeyId: "AKIATWOSERVERS", secretAccessKey: randomBytes(20).toString("hex") };

describeWithClients("buckets of two servers on one PostgreSQL and one S3 store", ["versitygw"], () => {
  const started = new Started();
  const clients: sdk.S3Client[] = [];
  const servers: RunningServer[] = [];
  let turn = 0;
  /** One of the two after the other. */
  const next = (): sdk.S3Client => one(turn++);
  const one = (number: number): sdk.S3Client => {
    const client = clients[number % clients.length];
    if (client === undefined) throw new Error("no server runs");
    return client;
  };

  beforeAll(async () => {
    const [postgres, store] = await Promise.all([
      started.add(startPostgres(), (each) => each.stop()),
      started.add(startS3Server(), (each) => each.stop()),
    ]);
    const args = ["--database", await postgres.createDatabase(), "--blobs", store.url("cluster/")];
    const options = { args, env: { ...store.environment, SHOSOIN_DAY_SECONDS: "2" }, rootKey };
    servers.push(...(await Promise.all([RunningServer.start(options), RunningServer.start(options)])));
    for (const server of servers) {
      await started.add(server, (each) => each.stop());
      const settings = {
        endpoint: server.url,
        region: "us-east-1",
        credentials: rootKey,
        forcePathStyle: true,
      };
      // WriteConflict (503) is to be tried again; what a condition decided is not.
      clients.push(
        await started.add(new sdk.S3Client({ ...settings, maxAttempts: 5 }), (each) => each.destroy()),
      );
    }
    for (const Bucket of ["plain", "versioned"]) await next().send(new sdk.CreateBucketCommand({ Bucket }));
    await next().send(
      new sdk.PutBucketVersioningCommand({
        Bucket: "versioned",
        VersioningConfiguration: { Status: "Enabled" },
      }),
    );
  }, 120_000);
  afterAll(() => started.end());

  async function get(client: sdk.S3Client, Key: string, Bucket = "plain"): Promise<Buffer | undefined> {
    try {
      const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket, Key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    } catch (error) {
      if (error instanceof sdk.NoSuchKey) return undefined;
      throw error;
    }
  }

  /** Whether its condition let it through; throws for every other failure. */
  async function won(put: Promise<unknown>): Promise<boolean> {
    try {
      await put;
      return true;
    } catch (error) {
      if (error instanceof sdk.S3ServiceException && LOST.has(error.name)) return false;
      throw error;
    }
  }

  async function begin(Key: string) {
    const where = { Bucket: "plain", Key };
    const { UploadId } = await next().send(new sdk.CreateMultipartUploadCommand(where));
    return { ...where, UploadId };
  }

  test("an upload is begun on one, its parts come to both at once, and either completes it", async () => {
    const upload = await begin("parts");
    const bodies = [randomBytes(PART), randomBytes(PART), randomBytes(PART), randomBytes(1000)];
    const Parts = await Promise.all(
      bodies.map(async (Body, index) => {
        const part = { ...upload, PartNumber: index + 1, Body };
        const { ETag } = await one(index).send(new sdk.UploadPartCommand(part));
        return { PartNumber: part.PartNumber, ETag };
      }),
    );
    for (const client of clients)
      expect((await client.send(new sdk.ListPartsCommand(upload))).Parts).toHaveLength(bodies.length);
    const completion = new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
    // At once on both: it happens once, and both are told so.
    const [first, second] = await Promise.all(clients.map((client) => client.send(completion)));
    expect(first?.ETag).toBe(second?.ETag);
    for (const client of clients) {
      expect(Buffer.concat(bodies).equals((await get(client, "parts")) ?? Buffer.alloc(0))).toBe(true);
      expect(
        (await client.send(new sdk.ListMultipartUploadsCommand({ Bucket: "plain" }))).Uploads,
      ).toBeUndefined();
    }
  });

  test("a completion and an abort at once: one of them happens, wholly", async () => {
    for (let round = 0; round < 6; round++) {
      const upload = await begin(`aborted/${round}`);
      const Body = randomBytes(100_000);
      const { ETag } = await next().send(new sdk.UploadPartCommand({ ...upload, PartNumber: 1, Body }));
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      const [completed, aborted] = await Promise.allSettled([
        one(round).send(new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload })),
        one(round + 1).send(new sdk.AbortMultipartUploadCommand(upload)),
      ]);
      const found = await get(next(), upload.Key);
      if (completed.status === "fulfilled") expect(Body.equals(found ?? Buffer.alloc(0))).toBe(true);
      else expect([completed.reason.name, found]).toEqual(["NoSuchUpload", undefined]);
      // Both may succeed: an abort of an upload that ended a moment ago has nothing left to do.
      if (aborted.status === "rejected") {
        expect(aborted.reason.name).toBe("NoSuchUpload");
        expect(completed.status).toBe("fulfilled");
      }
      await expect(next().send(new sdk.ListPartsCommand(upload))).rejects.toMatchObject({
        name: "NoSuchUpload",
      });
    }
  });

  test("of many who want to be the first, on both, exactly one is", async () => {
    for (let round = 0; round < 6; round++) {
      const Key = `first/${round}`;
      // Half of them small enough for a row, half of them not.
      const bodies = Array.from({ length: 8 }, (_, index) =>
        randomBytes(round % 2 === 0 ? 500 : 50_000 + index),
      );
      const outcomes = await Promise.all(
        bodies.map((Body, index) =>
          won(one(index).send(new sdk.PutObjectCommand({ Bucket: "plain", Key, Body, IfNoneMatch: "*" }))),
        ),
      );
      expect(outcomes.filter((outcome) => outcome)).toHaveLength(1);
      const winner = bodies[outcomes.indexOf(true)] ?? Buffer.alloc(0);
      for (const client of clients)
        expect(winner.equals((await get(client, Key)) ?? Buffer.alloc(0))).toBe(true);
    }
  });

  test("of many completions that want to be the first, on both, exactly one is", async () => {
    const uploads = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const upload = await begin("first/completed");
        const Body = randomBytes(20_000 + index);
        const { ETag } = await next().send(new sdk.UploadPartCommand({ ...upload, PartNumber: 1, Body }));
        return { ...upload, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] }, Body };
      }),
    );
    const outcomes = await Promise.all(
      uploads.map(({ Body: _, ...upload }, index) =>
        won(one(index).send(new sdk.CompleteMultipartUploadCommand({ ...upload, IfNoneMatch: "*" }))),
      ),
    );
    expect(outcomes.filter((outcome) => outcome)).toHaveLength(1);
    const winner = uploads[outcomes.indexOf(true)]?.Body ?? Buffer.alloc(0);
    for (const client of clients)
      expect(winner.equals((await get(client, "first/completed")) ?? Buffer.alloc(0))).toBe(true);
  });

  test("a counter that is only written If-Match loses no step", async () => {
    const where = { Bucket: "plain", Key: "counter" };
    await next().send(new sdk.PutObjectCommand({ ...where, Body: "0" }));
    let steps = 0;
    await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        for (let tries = 0; tries < 8; tries++) {
          const { Body, ETag } = await one(index + tries).send(new sdk.GetObjectCommand(where));
          const value = Number(await Body?.transformToString()) + 1;
          const put = new sdk.PutObjectCommand({ ...where, Body: `${value}`, IfMatch: ETag });
          if (await won(one(index).send(put))) steps += 1;
        }
      }),
    );
    expect(steps).toBeGreaterThan(0);
    for (const client of clients) expect((await get(client, "counter"))?.toString()).toBe(`${steps}`);
  });

  test("lifecycle takes old versions from under writers on both, and never the newest", async () => {
    const Bucket = "versioned";
    await next().send(
      new sdk.PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: {
          Rules: [
            {
              ...{ ID: "old", Status: "Enabled", Filter: { Prefix: "" } },
              NoncurrentVersionExpiration: { NoncurrentDays: 1 },
              Expiration: { ExpiredObjectDeleteMarker: true },
            },
          ],
        },
      }),
    );
    let written = 0;
    let done = false;
    const write = async (index: number): Promise<void> => {
      const where = { Bucket, Key: `writer/${index}` };
      for (let number = 0; !done; number++) {
        const Body = randomBytes(number % 2 === 0 ? 1000 : 40_000);
        await one(index + number).send(new sdk.PutObjectCommand({ ...where, Body }));
        written += 1;
        const found = await get(one(index + number + 1), where.Key, Bucket);
        expect(Body.equals(found ?? Buffer.alloc(0)), `${where.Key} ${number}`).toBe(true);
        // A marker is the newest as well: whether it goes with what it hides is lifecycle's affair.
        if (number % 7 === 6) await one(index).send(new sdk.DeleteObjectCommand(where));
        await sleep(20);
      }
      await one(index).send(new sdk.PutObjectCommand({ ...where, Body: `the last of ${index}` }));
      written += 1;
    };
    const writing = Promise.all(Array.from({ length: 6 }, (_, index) => write(index)));
    writing.catch(() => undefined);
    // Until lifecycle has been seen at work among them.
    for (let seen = false; !seen; await sleep(300)) {
      const before = written;
      seen = (await versions(Bucket)).length < before;
    }
    await Promise.race([sleep(4000), writing]);
    done = true;
    await writing;
    // In the end what is left is the newest of each key, and all of it can be read.
    let left = await versions(Bucket);
    for (; left.length > 6; left = await versions(Bucket)) await sleep(300);
    expect(left.map(({ Key }) => Key).toSorted()).toEqual(
      Array.from({ length: 6 }, (_, index) => `writer/${index}`),
    );
    for (const client of clients)
      for (let index = 0; index < 6; index++)
        expect((await get(client, `writer/${index}`, Bucket))?.toString()).toBe(`the last of ${index}`);
  });

  async function versions(Bucket: string): Promise<{ readonly Key?: string | undefined }[]> {
    const found: { readonly Key?: string | undefined }[] = [];
    let from: Pick<sdk.ListObjectVersionsCommandInput, "KeyMarker" | "VersionIdMarker"> = {};
    for (;;) {
      const page = await next().send(new sdk.ListObjectVersionsCommand({ Bucket, ...from }));
      found.push(...(page.Versions ?? []), ...(page.DeleteMarkers ?? []));
      if (!page.IsTruncated) return found;
      from = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    }
  }
});
