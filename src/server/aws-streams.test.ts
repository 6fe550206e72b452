import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  CodeartifactClient,
  GetPackageVersionAssetCommand,
  PublishPackageVersionCommand,
} from "@aws-sdk/client-codeartifact";
import { DescribeRepositoriesCommand, ECRClient } from "@aws-sdk/client-ecr";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { AwsError } from "../aws/errors.ts";
import type { AccountId } from "../aws/names.ts";
import { verifySignature } from "../aws/sigv4/verify.ts";
import { AccessDenied } from "../identity/authorize.ts";
import { awsDoor } from "./aws-door.ts";
import { createBodyReader } from "./request-body.ts";
import { type OpenServer, openServer } from "./testing/open-server.ts";

const ACCOUNT = "123456789012" as AccountId;
const credentials = { accessKeyId: "AKIAEXAMPLEEXAMPLE01", secretAccessKey: "a secret of some length" };
const WHOLE_BODY_LIMIT = 10_000;

let opened: OpenServer;
let publish: (body: Readable) => Promise<object>;
let download: () => Readable;

const denied = async (): Promise<never> => {
  throw new AccessDenied("You may not.", {
    allowed: false,
    reason: "explicit-deny",
    side: "resource",
    statement: undefined,
  });
};

beforeEach(async () => {
  const bodies = createBodyReader(WHOLE_BODY_LIMIT, WHOLE_BODY_LIMIT);
  const door = awsDoor({
    services: [
      {
        model: "codeartifact",
        operations: {
          PublishPackageVersion: (_call: unknown, input: { assetContent: Readable }) =>
            publish(input.assetContent),
          GetPackageVersionAsset: async () => ({
            asset: download(),
            assetName: "file.bin",
            packageVersion: "1.0",
          }),
        },
      },
      { model: "ecr", operations: { DescribeRepositories: denied } },
      { model: "s3", operations: { ListBuckets: denied } },
    ],
    identity: {
      async authenticate(signed, request, bodySha256) {
        verifySignature(signed, credentials.secretAccessKey, request, await bodySha256?.());
        const { accessKeyId } = signed;
        return { kind: "root", account: ACCOUNT, arn: "arn", userId: ACCOUNT, accessKeyId };
      },
    },
    bodies: { ofSigners: bodies, ofStrangers: bodies },
  });
  opened = await openServer(door, { stallSeconds: 5 });
});

afterEach(() => opened.server.stop(0));

function settings() {
  return { endpoint: opened.server.url, region: "eu-west-1", credentials, maxAttempts: 1 };
}

const NAMES = {
  domain: "acme",
  repository: "app",
  format: "generic",
  namespace: "n",
  package: "p",
  packageVersion: "1.0",
} as const;

function send(assetContent: Uint8Array | Readable, assetSHA256: string) {
  return new CodeartifactClient(settings()).send(
    new PublishPackageVersionCommand({ ...NAMES, assetName: "file.bin", assetContent, assetSHA256 }),
  );
}

function get() {
  return new CodeartifactClient(settings()).send(
    new GetPackageVersionAssetCommand({ ...NAMES, asset: "file.bin" }),
  );
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("a body far beyond what is ever read whole arrives at its operation as a stream", async () => {
  const bytes = Buffer.alloc(20_000_000, "abcdefg");
  let biggest = 0;
  publish = async (body) => {
    const hash = createHash("sha256");
    for await (const chunk of body) {
      biggest = Math.max(biggest, chunk.length);
      hash.update(chunk);
    }
    return { version: "1.0", versionRevision: hash.digest("hex") };
  };
  const { versionRevision } = await send(bytes, sha256(bytes));
  expect(versionRevision).toBe(sha256(bytes));
  expect(biggest).toBeLessThan(2_000_000);
});

test("an operation that refuses without reading is heard by a client that is still sending", async () => {
  publish = async () => {
    throw new AwsError("ConflictException", "It is there already.", { status: 409 });
  };
  const bytes = Buffer.alloc(2_000_000);
  const failure = await send(bytes, sha256(bytes)).catch((error: Error) => error);
  expect(failure).toMatchObject({ name: "ConflictException", message: "It is there already." });
});

test("a wrong signature is refused before the operation sees anything", async () => {
  let called = false;
  publish = async () => {
    called = true;
    return {};
  };
  const wrong = new CodeartifactClient({
    ...settings(),
    credentials: { ...credentials, secretAccessKey: "another secret" },
  });
  const input = {
    ...NAMES,
    assetName: "f",
    assetContent: Buffer.from("x"),
    assetSHA256: sha256(Buffer.from("x")),
  };
  await expect(wrong.send(new PublishPackageVersionCommand(input))).rejects.toThrow();
  expect(called).toBe(false);
});

test("an answer streams with its headers", async () => {
  const bytes = Buffer.alloc(5_000_000, "0123456789");
  download = () => Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]);
  const answer = await get();
  expect(answer.assetName).toBe("file.bin");
  const received = await answer.asset?.transformToByteArray();
  expect(sha256(received ?? new Uint8Array(0))).toBe(sha256(bytes));
});

test("an answer that breaks off is no whole answer to the client", async () => {
  download = () =>
    Readable.from(
      (async function* () {
        yield Buffer.alloc(100_000);
        throw new Error("the disk is gone");
      })(),
    );
  const received = get().then((answer) => answer.asset?.transformToByteArray());
  await expect(received).rejects.toThrow();
});

test("a client that goes away ends what was read for it", async () => {
  const endless = new Readable({
    read() {
      this.push(Buffer.alloc(65_536));
    },
  });
  download = () => endless;
  const ended = new Promise((resolve) => endless.on("error", () => {}).once("close", resolve));
  const answer = await get();
  (answer.asset as unknown as Readable).destroy();
  await ended;
  expect(endless.destroyed).toBe(true);
});

test("a refusal of the permission check has each protocol's name and status", async () => {
  const failures = await Promise.all(
    [
      new ECRClient(settings()).send(new DescribeRepositoriesCommand({})),
      new S3Client(settings()).send(new ListBucketsCommand({})),
    ].map((sent) => (sent as Promise<unknown>).catch((error: unknown) => error)),
  );
  expect(failures).toMatchObject([
    { name: "AccessDeniedException", message: "You may not.", $metadata: { httpStatusCode: 400 } },
    { name: "AccessDenied", message: "You may not.", $metadata: { httpStatusCode: 403 } },
  ]);
  publish = denied;
  const failure = await send(Buffer.from("x"), sha256(Buffer.from("x"))).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: "AccessDeniedException", $metadata: { httpStatusCode: 403 } });
});
