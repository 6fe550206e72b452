/** What clients send with everything although it says nothing; ceph/s3-tests and old clients do. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as sdk from "@aws-sdk/client-s3";
import { sendRaw } from "../bad-input/raw-client.ts";
import { RunningServer } from "../running-server.ts";

const Bucket = "habits";

describe("habits of S3 clients", () => {
  let server: RunningServer;
  let s3: sdk.S3Client;
  beforeAll(async () => {
    server = await RunningServer.start();
    s3 = new sdk.S3Client({
      ...{ endpoint: server.url, region: "us-east-1", maxAttempts: 1, credentials: server.rootKey },
      forcePathStyle: true,
    });
    await s3.send(new sdk.CreateBucketCommand({ Bucket }));
  }, 60_000);
  afterAll(async () => {
    s3?.destroy();
    await server?.stop();
  });

  test("an ACL that says what holds anyway is taken, one that says more is refused", async () => {
    for (const ACL of ["private", "bucket-owner-full-control"] as const)
      await s3.send(new sdk.PutObjectCommand({ Bucket, Key: ACL, Body: "x", ACL }));
    const opened = s3.send(new sdk.PutObjectCommand({ Bucket, Key: "open", Body: "x", ACL: "public-read" }));
    await expect(opened).rejects.toMatchObject({ name: "AccessControlListNotSupported" });
    const { Contents } = await s3.send(new sdk.ListObjectsV2Command({ Bucket }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(["bucket-owner-full-control", "private"]);
  });

  test("aws-chunked is no coding of the object, those beside it stay as they are written", async () => {
    const kept = {
      "gzip, aws-chunked": "gzip",
      "aws-chunked, deflate, gzip": "deflate, gzip",
      "br,gzip": "br,gzip",
    };
    for (const [ContentEncoding, stored] of Object.entries(kept)) {
      await s3.send(new sdk.PutObjectCommand({ Bucket, Key: "coded", Body: "x", ContentEncoding }));
      const head = await s3.send(new sdk.HeadObjectCommand({ Bucket, Key: "coded" }));
      expect(head.ContentEncoding).toBe(stored);
    }
  });

  test("an expectation that is none is ignored", async () => {
    const headers = { Expect: "200" };
    const answer = await sendRaw(server.port, { method: "GET", target: `/${Bucket}`, headers });
    expect(answer.status).toBe(403);
    expect(answer.body).toContain("<Code>AccessDenied</Code>");
  });

  test("the first version of the listing repeats the prefix as it came", async () => {
    const asked = { Bucket, Prefix: "a b\n", EncodingType: "url" } as const;
    expect((await s3.send(new sdk.ListObjectsCommand(asked))).Prefix).toBe("a b\n");
    expect((await s3.send(new sdk.ListObjectsV2Command(asked))).Prefix).not.toContain(" ");
  });
});
