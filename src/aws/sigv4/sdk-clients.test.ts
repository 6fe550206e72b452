import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Readable } from "node:stream";
import {
  CodeartifactClient,
  DescribePackageCommand,
  PublishPackageVersionCommand,
} from "@aws-sdk/client-codeartifact";
import { CreateRepositoryCommand, ECRClient } from "@aws-sdk/client-ecr";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { startVerifyingServer, type VerifyingServer } from "./testing/verifying-server.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

let server: VerifyingServer;

beforeEach(async () => {
  server = await startVerifyingServer(SECRET);
});

afterEach(() => server[Symbol.asyncDispose]());

const settings = (secretAccessKey = SECRET) => ({
  endpoint: server.url,
  region: "eu-west-1",
  maxAttempts: 1,
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey },
});

/** What the answer means to the client does not matter here. */
async function outcomeOf(send: Promise<unknown>): Promise<string> {
  await send.catch(() => {});
  return server.verdicts.at(-1)?.outcome ?? "nothing came";
}

describe("the AWS SDK's clients over a real socket are accepted", () => {
  const s3 = () => new S3Client({ ...settings(), forcePathStyle: true });
  const key = "a b/ü+(1)/../~正倉院 &=?#";
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    "awsJson: ecr CreateRepository": () =>
      new ECRClient(settings()).send(new CreateRepositoryCommand({ repositoryName: "正倉院" })),
    "query: sts GetCallerIdentity": () => new STSClient(settings()).send(new GetCallerIdentityCommand({})),
    "restJson: codeartifact with an awkward path and query": () =>
      new CodeartifactClient(settings()).send(
        new DescribePackageCommand({
          domain: "d",
          repository: "r",
          format: "npm",
          namespace: "@a/b c",
          package: "x+y*z",
        }),
      ),
    "restJson: codeartifact upload": () =>
      new CodeartifactClient(settings()).send(
        new PublishPackageVersionCommand({
          domain: "d",
          repository: "r",
          format: "generic",
          namespace: "n",
          package: "p",
          packageVersion: "1.0.0",
          assetName: "a",
          assetContent: Buffer.from("hello"),
          assetSHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        }),
      ),
    "s3: upload of a buffer": () =>
      s3().send(
        new PutObjectCommand({
          Bucket: "bucket",
          Key: key,
          Body: "hello",
          Metadata: { note: "two  spaces" },
        }),
      ),
    "s3: upload of a stream": () =>
      s3().send(
        new PutObjectCommand({
          Bucket: "bucket",
          Key: key,
          Body: Readable.from([Buffer.from("hello")]),
          ContentLength: 5,
        }),
      ),
    "s3: download": () => s3().send(new GetObjectCommand({ Bucket: "bucket", Key: key, Range: "bytes=0-1" })),
    "s3: list with a prefix": () =>
      s3().send(
        new ListObjectsV2Command({ Bucket: "bucket", Prefix: key, Delimiter: "/", StartAfter: "a+b" }),
      ),
  };
  for (const [name, call] of Object.entries(calls)) {
    test(name, async () => {
      expect(await outcomeOf(call())).toBe("accepted");
      expect(server.verdicts.at(-1)?.signed?.scope.region).toBe("eu-west-1" as never);
    });
  }
  test("and refused with another secret", async () => {
    const send = new STSClient(settings("another secret")).send(new GetCallerIdentityCommand({}));
    expect(await outcomeOf(send)).toStartWith("mismatch");
  });
});
