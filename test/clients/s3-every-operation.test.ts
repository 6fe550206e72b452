/**
 * Each operation of S3 that is offered, once by the AWS SDK and once by `aws s3api`, in an order in which each has
 * something to work on; and what AWS has beyond them says that it is not here. What the operations mean in detail is
 * tested beside them.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as sdk from "@aws-sdk/client-s3";
import { describeWithClients } from "../client.ts";
import { RunningServer } from "../running-server.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";

/** What answers said that later steps need. */
interface Known {
  UploadId?: string;
  ETag?: string;
  VersionId?: string;
}

interface Step {
  readonly operation: string;
  readonly input: (known: Known) => object;
  /** A text that the answer (as JSON), or the refusal, must contain. */
  readonly says: string;
}

const CONTENT = "the content of an object";

function steps(Bucket: string): readonly Step[] {
  const bucket = { Bucket };
  const object = { Bucket, Key: "releases/v1.0.0/app.jar" };
  const archived = { Bucket, Key: "archived" };
  const copied = { Bucket, Key: "copied" };
  const parts = { Bucket, Key: "parts" };
  const retention = { Mode: "GOVERNANCE", RetainUntilDate: new Date(Date.now() + 86_400_000) };
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        ...{ Effect: "Allow", Principal: { AWS: "210987654321" }, Action: "s3:GetObject" },
        Resource: `arn:aws:s3:::${Bucket}/*`,
      },
    ],
  });
  const step = (operation: string, input: object | ((known: Known) => object), says: string): Step => ({
    ...{ operation, says },
    input: (known) => (typeof input === "function" ? input(known) : input),
  });
  return [
    step("CreateBucket", { ...bucket, ObjectLockEnabledForBucket: true }, Bucket),
    step("HeadBucket", bucket, "us-east-1"),
    step("ListBuckets", {}, Bucket),
    step("GetBucketLocation", bucket, ""),
    step("PutBucketVersioning", { ...bucket, VersioningConfiguration: { Status: "Enabled" } }, ""),
    step("GetBucketVersioning", bucket, "Enabled"),
    step("PutBucketTagging", { ...bucket, Tagging: { TagSet: [{ Key: "team", Value: "build" }] } }, ""),
    step("GetBucketTagging", bucket, "build"),
    step("DeleteBucketTagging", bucket, ""),
    step(
      "PutBucketEncryption",
      {
        ...bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
        },
      },
      "",
    ),
    step("GetBucketEncryption", bucket, "AES256"),
    step("DeleteBucketEncryption", bucket, ""),
    step("PutBucketPolicy", { ...bucket, Policy }, ""),
    step("GetBucketPolicy", bucket, "210987654321"),
    step("GetBucketPolicyStatus", bucket, '"IsPublic":false'),
    step("DeleteBucketPolicy", bucket, ""),
    step("GetPublicAccessBlock", bucket, '"BlockPublicAcls":true'),
    step(
      "PutPublicAccessBlock",
      { ...bucket, PublicAccessBlockConfiguration: { BlockPublicPolicy: true } },
      "",
    ),
    step("DeletePublicAccessBlock", bucket, ""),
    step(
      "PutBucketOwnershipControls",
      { ...bucket, OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] } },
      "",
    ),
    step("GetBucketOwnershipControls", bucket, "BucketOwnerEnforced"),
    step("GetBucketAcl", bucket, "FULL_CONTROL"),
    step("PutBucketAcl", { ...bucket, ACL: "private" }, "The bucket does not allow ACLs"),
    step("DeleteBucketOwnershipControls", bucket, ""),
    step(
      "PutBucketCors",
      {
        ...bucket,
        CORSConfiguration: {
          CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["https://example.com"] }],
        },
      },
      "",
    ),
    step("GetBucketCors", bucket, "https://example.com"),
    step("DeleteBucketCors", bucket, ""),
    step(
      "PutBucketLifecycleConfiguration",
      {
        ...bucket,
        LifecycleConfiguration: {
          Rules: [
            {
              ...{ ID: "DeleteOldVersions", Status: "Enabled", Filter: { Prefix: "" } },
              NoncurrentVersionExpiration: { NoncurrentDays: 90 },
            },
          ],
        },
      },
      "",
    ),
    step("GetBucketLifecycleConfiguration", bucket, "DeleteOldVersions"),
    step("DeleteBucketLifecycle", bucket, ""),
    step(
      "PutBucketNotificationConfiguration",
      { ...bucket, NotificationConfiguration: { EventBridgeConfiguration: {} } },
      "",
    ),
    step("GetBucketNotificationConfiguration", bucket, "EventBridgeConfiguration"),
    step("PutBucketRequestPayment", { ...bucket, RequestPaymentConfiguration: { Payer: "BucketOwner" } }, ""),
    step("GetBucketRequestPayment", bucket, "BucketOwner"),
    step("GetBucketLogging", bucket, ""),
    step("PutBucketLogging", { ...bucket, BucketLoggingStatus: {} }, ""),
    step(
      "PutObjectLockConfiguration",
      { ...bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" } },
      "",
    ),
    step("GetObjectLockConfiguration", bucket, "Enabled"),
    ...neverConfigured(bucket),

    step("PutObject", { ...object, Body: CONTENT, Metadata: { commit: "0a1b" } }, "ETag"),
    step("HeadObject", object, "0a1b"),
    step("GetObject", object, "0a1b"),
    step(
      "GetObjectAttributes",
      { ...object, ObjectAttributes: ["ObjectSize", "StorageClass"] },
      '"ObjectSize":24',
    ),
    step("PutObjectTagging", { ...object, Tagging: { TagSet: [{ Key: "kind", Value: "release" }] } }, ""),
    step("GetObjectTagging", object, "release"),
    step("DeleteObjectTagging", object, ""),
    step("GetObjectAcl", object, "FULL_CONTROL"),
    step("PutObjectAcl", { ...object, ACL: "bucket-owner-full-control" }, ""),
    step("PutObjectRetention", { ...object, Retention: retention }, ""),
    step("GetObjectRetention", object, "GOVERNANCE"),
    step("PutObjectLegalHold", { ...object, LegalHold: { Status: "ON" } }, ""),
    step("GetObjectLegalHold", object, "ON"),
    step("PutObjectLegalHold", { ...object, LegalHold: { Status: "OFF" } }, ""),
    step("CopyObject", { ...copied, CopySource: `${Bucket}/${object.Key}` }, "CopyObjectResult"),
    step("PutObject", { ...archived, Body: CONTENT, StorageClass: "GLACIER" }, "ETag"),
    step("RestoreObject", { ...archived, RestoreRequest: { Days: 1 } }, ""),

    step("CreateMultipartUpload", parts, "UploadId"),
    step("ListMultipartUploads", bucket, '"Key":"parts"'),
    step("UploadPart", ({ UploadId }) => ({ ...parts, UploadId, PartNumber: 1, Body: CONTENT }), "ETag"),
    step("ListParts", ({ UploadId }) => ({ ...parts, UploadId }), '"PartNumber":1'),
    step(
      "CompleteMultipartUpload",
      ({ UploadId, ETag }) => ({ ...parts, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }),
      '-1\\""',
    ),
    step("CreateMultipartUpload", parts, "UploadId"),
    step(
      "UploadPartCopy",
      ({ UploadId }) => ({ ...parts, UploadId, PartNumber: 1, CopySource: `${Bucket}/${object.Key}` }),
      "CopyPartResult",
    ),
    step("AbortMultipartUpload", ({ UploadId }) => ({ ...parts, UploadId }), ""),

    step("ListObjects", { ...bucket, Delimiter: "/" }, '"Prefix":"releases/"'),
    step("ListObjectsV2", { ...bucket, Prefix: "releases/" }, object.Key),
    step("ListObjectVersions", { ...bucket, Prefix: "releases/" }, '"IsLatest":true'),
    step("DeleteObject", copied, '"DeleteMarker":true'),
    step("DeleteObjects", { ...bucket, Delete: { Objects: [{ Key: "parts" }] } }, '"DeleteMarker":true'),
    step("PutObject", { Bucket, Key: "last", Body: CONTENT }, "VersionId"),
    step("DeleteObject", ({ VersionId }) => ({ Bucket, Key: "last", VersionId }), "VersionId"),
    step("CreateBucket", { Bucket: `${Bucket}-empty` }, Bucket),
    step("DeleteBucket", { Bucket: `${Bucket}-empty` }, ""),
  ];
}

/** What buckets here never have: to ask for it, and to take it away, is answered as where it was never set. */
function neverConfigured(bucket: { readonly Bucket: string }): readonly Step[] {
  const asked: Readonly<Record<string, string>> = {
    GetBucketAccelerateConfiguration: "",
    GetBucketAbac: "",
    GetBucketReplication: "The replication configuration was not found",
    DeleteBucketReplication: "",
    GetBucketWebsite: "The specified bucket does not have a website configuration",
    DeleteBucketWebsite: "",
    ListBucketAnalyticsConfigurations: "",
    ListBucketIntelligentTieringConfigurations: "",
    ListBucketInventoryConfigurations: "",
    ListBucketMetricsConfigurations: "",
  };
  const named = ["Analytics", "IntelligentTiering", "Inventory", "Metrics"].flatMap((kind) => [
    `GetBucket${kind}Configuration`,
    `DeleteBucket${kind}Configuration`,
  ]);
  return [
    ...Object.entries(asked).map(([operation, says]) => ({ operation, says, input: () => bucket })),
    ...named.map((operation) => ({
      ...{ operation, says: "The specified configuration does not exist." },
      input: () => ({ ...bucket, Id: "id" }),
    })),
  ];
}

/** Where the address is the same as another operation's, or names another host. */
const NOT_TO_BE_TOLD_APART = new Set(["ListDirectoryBuckets", "WriteGetObjectResponse"]);

describeWithClients("every operation of S3", ["aws"], () => {
  let server: RunningServer;
  let folder: TemporaryFolder;
  let client: sdk.S3Client;
  beforeAll(async () => {
    folder = temporaryFolder("every-operation");
    server = await RunningServer.start();
    client = new sdk.S3Client({
      ...{ endpoint: server.url, region: "us-east-1", maxAttempts: 1, credentials: server.rootKey },
      forcePathStyle: true,
    });
  }, 60_000);
  afterAll(async () => {
    client?.destroy();
    await server?.stop();
    folder?.remove();
  });

  test("the AWS SDK drives each", async () => {
    await drive("by-sdk", async (operation, input) => {
      const { Body, $metadata, ...output } = await send(operation, input);
      if (operation === "GetObject")
        expect(await (Body as sdk.GetObjectCommandOutput["Body"])?.transformToString()).toBe(CONTENT);
      return output;
    });
  }, 120_000);

  test("aws s3api drives each", async () => {
    const file = join(folder.path, "content");
    const target = join(folder.path, "downloaded");
    writeFileSync(file, CONTENT);
    await drive("by-cli", async (operation, input) => {
      const { Body, ...json } = input as { Body?: string };
      const text = await server.aws([
        ...["s3api", kebab(operation), "--output", "json"],
        // Where the CLI writes a file it wants its options one by one.
        ...(operation === "GetObject"
          ? [...Object.entries(json).flatMap(([name, value]) => [`--${kebab(name)}`, String(value)]), target]
          : ["--cli-input-json", JSON.stringify(json)]),
        ...(Body === undefined ? [] : ["--body", file]),
      ]);
      if (operation === "GetObject") expect(readFileSync(target, "utf8")).toBe(CONTENT);
      return text === "" ? {} : JSON.parse(text);
    });
  }, 600_000);

  test("operations that are not offered say so by their names", async () => {
    const driven = new Set(steps("any").map(({ operation }) => operation));
    const offered = Object.keys(sdk).flatMap((name) => /^(\w+)Command$/.exec(name)?.[1] ?? []);
    const others = offered.filter((name) => !driven.has(name) && !NOT_TO_BE_TOLD_APART.has(name));
    const Bucket = "not-offered";
    await client.send(new sdk.CreateBucketCommand({ Bucket }));
    const members = {
      ...{ Bucket, Key: "key", Id: "id", AnnotationName: "name", RenameSource: "key" },
      ...{ AbacStatus: { Status: "Enabled" }, AccelerateConfiguration: { Status: "Enabled" } },
      AnalyticsConfiguration: { Id: "id", StorageClassAnalysis: {} },
      IntelligentTieringConfiguration: {
        ...{ Id: "id", Status: "Enabled", Tierings: [{ Days: 90, AccessTier: "ARCHIVE_ACCESS" }] },
      },
      InventoryConfiguration: {
        ...{ Id: "id", IsEnabled: true, IncludedObjectVersions: "All", Schedule: { Frequency: "Daily" } },
        Destination: { S3BucketDestination: { Bucket: "arn:aws:s3:::other", Format: "CSV" } },
      },
      MetricsConfiguration: { Id: "id" },
      ReplicationConfiguration: {
        Role: "arn:aws:iam::123456789012:role/copier",
        Rules: [
          { Status: "Enabled", Priority: 1, Filter: {}, Destination: { Bucket: "arn:aws:s3:::other" } },
        ],
      },
      WebsiteConfiguration: { IndexDocument: { Suffix: "index.html" } },
    };
    const said = await Promise.all(
      others.map((operation) =>
        send(operation, members).then(
          () => `${operation} was answered`,
          (error: Error) => `${error.name}: ${error.message}`,
        ),
      ),
    );
    expect(said.filter((text, index) => !names(text, others[index] ?? ""))).toEqual([]);
    expect(others.length).toBeGreaterThan(20);
  });

  /** Any of the SDK's commands by its name. */
  async function send(operation: string, input: object): Promise<Record<string, unknown>> {
    const Command = Reflect.get(sdk, `${operation}Command`);
    return { ...(await client.send(new Command(input))) };
  }

  async function drive(
    bucket: string,
    run: (operation: string, input: object) => Promise<Record<string, unknown>>,
  ): Promise<void> {
    const known: Known = {};
    for (const { operation, input, says } of steps(bucket)) {
      const said = await run(operation, input(known)).catch((error: Error) => {
        if (says === "" || !error.message.includes(says)) throw new Error(`${operation}: ${error.message}`);
        return { refused: says };
      });
      expect(`${operation}: ${JSON.stringify(said)}`).toContain(says);
      Object.assign(known, said);
    }
  }
});

function names(text: string, operation: string): boolean {
  if (!text.startsWith("NotImplemented: ")) return false;
  // What could be configured is told by its own name ("static websites").
  return operation.startsWith("PutBucket") || text.includes(operation);
}

/** `ListObjectsV2` and `CopySource` as the CLI spells them. */
function kebab(name: string): string {
  return name.replace(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}
