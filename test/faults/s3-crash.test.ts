/** kill -9 while objects are put, completed, replaced and deleted: what was acknowledged holds, the rest is the old state or the new. */
import { expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-s3";
import { RunningServer } from "../running-server.ts";

const ROUNDS = 4;
const WRITERS = 60;
/** The least that S3 takes for a part which is not the last one. */
const PART = randomBytes(5 * 1_048_576);

/** Not an answer of the server: it died. */
const CUT = /ECONN|socket|hang up|EPIPE|closed|fetch|aborted/i;

/** What lies under a key: the bytes, or nothing. */
type State = Buffer | undefined;

/** One key with one writer: what is certain, and what a request that got no answer may have made of it. */
interface Ledger {
  readonly key: string;
  certain: State;
  tried: State | "nothing new";
}

/** Versions of one key whose writing was acknowledged. None may ever be missing. */
interface VersionLedger {
  readonly key: string;
  readonly versions: Map<string, Buffer>;
}

test("kill -9 among 60 concurrent writers: every key is as acknowledged, or as the last request wanted it", async () => {
  const server = await RunningServer.start();
  const connect = () =>
    new sdk.S3Client({
      ...{ endpoint: server.url, region: "us-east-1", maxAttempts: 1, credentials: server.rootKey },
      forcePathStyle: true,
    });
  const ledgers = Array.from({ length: WRITERS }, (_, index): Ledger => {
    return { key: `objects/${index}`, certain: undefined, tried: "nothing new" };
  });
  const versionLedgers = Array.from({ length: 5 }, (_, index): VersionLedger => {
    return { key: `versions/${index}`, versions: new Map() };
  });
  let acknowledged = 0;
  try {
    const setup = connect();
    await setup.send(new sdk.CreateBucketCommand({ Bucket: "plain" }));
    await setup.send(new sdk.CreateBucketCommand({ Bucket: "versioned" }));
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await setup.send(new sdk.PutBucketVersioningCommand({ Bucket: "versioned", VersioningConfiguration }));
    setup.destroy();

    for (let round = 0; round < ROUNDS; round++) {
      const client = connect();
      const before = acknowledged;
      const writing = [
        ...ledgers.map(async (ledger, index) => {
          for (let number = 0; ; number++) {
            const target = wanted(index, number);
            ledger.tried = target;
            if ((await untilCut(() => write(client, ledger.key, target))) === undefined) return;
            ledger.certain = target;
            ledger.tried = "nothing new";
            acknowledged += 1;
          }
        }),
        ...versionLedgers.map(async ({ key, versions }) => {
          for (;;) {
            const Body = randomBytes(1000 + Math.floor(Math.random() * 60_000));
            const put = { Bucket: "versioned", Key: key, Body };
            const answer = await untilCut(() => client.send(new sdk.PutObjectCommand(put)));
            if (answer === undefined) return;
            versions.set(answer.VersionId ?? "", Body);
            acknowledged += 1;
          }
        }),
      ];
      while (acknowledged === before) await sleep(10);
      await sleep(500 + Math.random() * 1500);
      await server.kill("SIGKILL");
      await Promise.all(writing);
      client.destroy();
      await server.restart();

      const reader = connect();
      const wrong = [
        ...(await Promise.all(ledgers.map((ledger) => checkKey(reader, ledger)))),
        ...(await Promise.all(versionLedgers.map((ledger) => checkVersions(reader, ledger)))),
      ];
      reader.destroy();
      expect(wrong.filter((text) => text !== "")).toEqual([]);
    }
    console.log(`${acknowledged} writes acknowledged over ${ROUNDS} crashes, all there`);
  } finally {
    await server.stop();
  }
}, 300_000);

/** A tenth of the writers upload in parts; every fifth request of the others deletes. */
function wanted(index: number, number: number): State {
  if (index % 10 === 0) return Buffer.concat([PART, randomBytes(1000)]);
  if (number % 5 === 4) return undefined;
  return randomBytes(index % 2 === 0 ? 500 : 20_000 + Math.floor(Math.random() * 150_000));
}

async function write(client: sdk.S3Client, Key: string, target: State): Promise<object> {
  const where = { Bucket: "plain", Key };
  if (target === undefined) return client.send(new sdk.DeleteObjectCommand(where));
  if (target.length < PART.length) return client.send(new sdk.PutObjectCommand({ ...where, Body: target }));
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(where));
  const bodies = [target.subarray(0, PART.length), target.subarray(PART.length)];
  const Parts = await Promise.all(
    bodies.map(async (Body, index) => {
      const part = { ...where, UploadId, PartNumber: index + 1 };
      const { ETag } = await client.send(new sdk.UploadPartCommand({ ...part, Body }));
      return { PartNumber: part.PartNumber, ETag };
    }),
  );
  return client.send(
    new sdk.CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload: { Parts } }),
  );
}

/** Undefined when the server died before it answered. */
async function untilCut<Answer>(send: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof Error && CUT.test(`${error.name} ${error.message}`)) return undefined;
    throw error;
  }
}

/** What is wrong with a key, or "". What was found is certain from here on. */
async function checkKey(client: sdk.S3Client, ledger: Ledger): Promise<string> {
  const where = { Bucket: "plain", Key: ledger.key };
  const found = await client.send(new sdk.GetObjectCommand(where)).catch(absent);
  const bytes = found && Buffer.from((await found.Body?.transformToByteArray()) ?? []);
  const { Contents = [] } = await client.send(
    new sdk.ListObjectsV2Command({ Bucket: "plain", Prefix: ledger.key }),
  );
  const listed = Contents.find(({ Key }) => Key === ledger.key);
  const possible = ledger.tried === "nothing new" ? [ledger.certain] : [ledger.certain, ledger.tried];
  ledger.certain = bytes;
  ledger.tried = "nothing new";
  if (!possible.some((state) => same(state, bytes)))
    return `${ledger.key}: ${bytes?.length} bytes are none of ${possible.map((state) => state?.length)}`;
  if (listed?.Size !== bytes?.length) return `${ledger.key}: listed with ${listed?.Size} bytes`;
  if (listed?.ETag !== found?.ETag) return `${ledger.key}: listed as ${listed?.ETag}`;
  const md5 =
    bytes && bytes.length < PART.length ? `"${createHash("md5").update(bytes).digest("hex")}"` : undefined;
  return md5 === undefined || md5 === found?.ETag ? "" : `${ledger.key}: its ETag is ${found?.ETag}`;
}

async function checkVersions(client: sdk.S3Client, { key, versions }: VersionLedger): Promise<string> {
  for (const [VersionId, bytes] of versions) {
    const asked = { Bucket: "versioned", Key: key, VersionId };
    const found = await client.send(new sdk.GetObjectCommand(asked)).catch(absent);
    if (!same(found && Buffer.from((await found.Body?.transformToByteArray()) ?? []), bytes))
      return `${key}: version ${VersionId} is not what was put`;
  }
  return "";
}

function same(a: State, b: State): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}

function absent(error: unknown): undefined {
  if (error instanceof sdk.S3ServiceException && ["NoSuchKey", "NoSuchVersion"].includes(error.name))
    return undefined;
  throw error;
}
