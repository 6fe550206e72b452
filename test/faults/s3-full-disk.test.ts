/** Buckets on a disk that is full to the last byte: puts and parts are refused with an error of S3, reads and deletes go on, room made is used. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import * as sdk from "@aws-sdk/client-s3";
import { RunningServer } from "../running-server.ts";
import { describeWithSmallDisks, fileOfSize, fill, MIB, type SmallDisk, smallDisk } from "../small-disk.ts";

setDefaultTimeout(60_000);

const Bucket = "artifacts";
const FULL = { name: "InsufficientStorage", $metadata: { httpStatusCode: 507 } };

describeWithSmallDisks("buckets on a full disk", () => {
  const disks: SmallDisk[] = [];
  afterAll(async () => {
    for (const disk of disks) await disk.remove();
  });

  for (const [situation, reserve] of [
    ["up to the reserve", 16 * MIB],
    ["to the last byte", 0],
  ] as const)
    test(`that uploads filled ${situation}`, async () => {
      await onDisk(96, reserve, async (s3) => {
        const kept = randomBytes(MIB);
        await s3.put("kept", kept);
        const upload = await s3.begin("parts");
        let written = 0;
        const filling = async () => {
          for (; written < 60; written++) await s3.put(`filler/${written}`, randomBytes(2 * MIB));
        };
        await expect(filling()).rejects.toMatchObject(FULL);
        expect(written).toBeGreaterThan(5);
        await expect(s3.part(upload, randomBytes(5 * MIB))).rejects.toMatchObject(FULL);
        expect(await s3.get("kept")).toEqual(kept);
        expect(await s3.keys()).toHaveLength(written + 1);
        expect(await s3.get(`filler/${written}`)).toBeUndefined();
        if (reserve === 0) return;
        // With the reserve the database has room to write: what makes room may be deleted through the API.
        await s3.remove("filler/0");
        expect(await s3.get("filler/0")).toBeUndefined();
        expect(await s3.keys()).toHaveLength(written);
      });
    });

  test("that another program filled to the last byte, also after a restart", async () => {
    await onDisk(128, 16 * MIB, async (s3, disk, server) => {
      const kept = randomBytes(MIB);
      await s3.put("kept", kept);
      for (const key of ["a", "b", "c", "d"]) await s3.put(key, randomBytes(100_000));
      const upload = await s3.begin("parts");
      await fileOfSize(`${disk.path}/data/metadata.db-reserve`, 16 * MIB);
      await fill(disk.path);
      // A small object lies in the database, a large one in a file: neither has room.
      for (const size of [1000, MIB])
        await expect(s3.put("no", randomBytes(size))).rejects.toMatchObject(FULL);
      await expect(s3.part(upload, randomBytes(5 * MIB))).rejects.toMatchObject(FULL);
      expect(await s3.get("kept")).toEqual(kept);
      expect(await s3.keys()).toEqual(["a", "b", "c", "d", "kept"]);
      await s3.remove("a");
      // The other program takes what was given up, too.
      await fill(disk.path);
      await s3.removeAll(["b", "c"]);
      expect(await s3.keys()).toEqual(["d", "kept"]);
      await server.restart();
      expect(await s3.get("kept")).toEqual(kept);
      expect(await s3.keys()).toEqual(["d", "kept"]);
      await s3.abort(upload);
      rmSync(`${disk.path}/filler`);
      await s3.remove("d");
      for (const size of [1000, MIB]) {
        const again = randomBytes(size);
        await s3.put("again", again);
        expect(await s3.get("again")).toEqual(again);
      }
    });
  });

  async function onDisk(
    mebibytes: number,
    reserve: number,
    work: (s3: Calls, disk: SmallDisk, server: RunningServer) => Promise<void>,
  ): Promise<void> {
    const disk = await smallDisk(mebibytes);
    disks.push(disk);
    const data = `${disk.path}/data`;
    const server = await RunningServer.start({ data, args: ["--min-free-disk", `${reserve}`] });
    const client = new sdk.S3Client({
      ...{ endpoint: server.url, region: "us-east-1", maxAttempts: 1, credentials: server.rootKey },
      forcePathStyle: true,
    });
    try {
      await client.send(new sdk.CreateBucketCommand({ Bucket }));
      await work(callsOf(client), disk, server);
    } finally {
      client.destroy();
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    }
  }
});

interface Begun {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
}

type Calls = ReturnType<typeof callsOf>;

function callsOf(client: sdk.S3Client) {
  return {
    put: (Key: string, Body: Buffer) => client.send(new sdk.PutObjectCommand({ Bucket, Key, Body })),
    remove: (Key: string) => client.send(new sdk.DeleteObjectCommand({ Bucket, Key })),
    removeAll: (keys: readonly string[]) =>
      client.send(
        new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
      ),
    async get(Key: string): Promise<Buffer | undefined> {
      try {
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket, Key }));
        return Buffer.from((await Body?.transformToByteArray()) ?? []);
      } catch (error) {
        if (error instanceof sdk.NoSuchKey) return undefined;
        throw error;
      }
    },
    async keys(): Promise<(string | undefined)[]> {
      const { Contents = [] } = await client.send(new sdk.ListObjectsV2Command({ Bucket }));
      return Contents.map(({ Key }) => Key);
    },
    async begin(Key: string): Promise<Begun> {
      const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key }));
      return { Bucket, Key, UploadId };
    },
    part: (upload: Begun, Body: Buffer) =>
      client.send(new sdk.UploadPartCommand({ ...upload, PartNumber: 1, Body })),
    abort: (upload: Begun) => client.send(new sdk.AbortMultipartUploadCommand(upload)),
  };
}
