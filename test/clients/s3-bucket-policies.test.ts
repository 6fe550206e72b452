/** Who may do what with a bucket: its own account, another one, and nobody in particular, over a real socket. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import * as sdk from "@aws-sdk/client-s3";
import { runCommand } from "../command.ts";
import { projectRoot, type RootKey, RunningServer } from "../running-server.ts";

// A busy machine is no reason to fail.
setDefaultTimeout(60_000);

const OTHER = "210987654321";
const BUCKET = "shared";
const HERE = { Bucket: BUCKET };
const OBJECT = { ...HERE, Key: "team/a.txt" };

let server: RunningServer;
let owner: sdk.S3Client;
let other: sdk.S3Client;
/** Of a version that is there. */
let version = "";

beforeAll(async () => {
  server = await RunningServer.start();
  owner = clientOf(server.rootKey);
  other = clientOf(await createAccount(OTHER));
  await owner.send(new sdk.CreateBucketCommand(HERE));
  await owner.send(new sdk.DeletePublicAccessBlockCommand(HERE));
  await owner.send(
    new sdk.PutBucketVersioningCommand({ ...HERE, VersioningConfiguration: { Status: "Enabled" } }),
  );
  const put = await owner.send(
    new sdk.PutObjectCommand({ ...OBJECT, Body: "x", Tagging: "team=a&secret=no" }),
  );
  version = put.VersionId ?? "";
}, 60_000);

afterAll(async () => {
  owner?.destroy();
  other?.destroy();
  await server?.stop();
});

function clientOf(credentials: RootKey, userAgentAppId?: string): sdk.S3Client {
  return new sdk.S3Client({
    endpoint: server.url,
    region: "us-east-1",
    forcePathStyle: true,
    maxAttempts: 1,
    credentials,
    ...(userAgentAppId !== undefined && { userAgentAppId }),
  });
}

async function createAccount(id: string): Promise<RootKey> {
  const command = [join(projectRoot, "src", "main.ts"), "account", "create", id, "--data", server.data];
  const text = await runCommand(process.execPath, command);
  const value = (label: string) => new RegExp(`^${label}\\s+(\\S+)$`, "m").exec(text)?.[1] ?? "";
  return { accessKeyId: value("Access key id"), secretAccessKey: value("Secret access key") };
}

type Command = Parameters<sdk.S3Client["send"]>[0];

/** `ok`, or the code of the error. */
async function outcome(client: sdk.S3Client, command: object): Promise<string> {
  return client.send(command as Command).then(
    () => "ok",
    (error: unknown) => (error instanceof sdk.S3ServiceException ? error.name : String(error)),
  );
}

async function message(client: sdk.S3Client, command: object): Promise<string> {
  return client.send(command as Command).then(
    () => "ok",
    (error: unknown) => String(error instanceof Error ? error.message : error),
  );
}

async function setPolicy(...statements: object[]): Promise<void> {
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  await owner.send(new sdk.PutBucketPolicyCommand({ ...HERE, Policy }));
}

const BOTH = [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`];
const ALLOW = { Effect: "Allow", Principal: { AWS: OTHER } };
const DENY = { Effect: "Deny", Principal: "*" };

const get = () => new sdk.GetObjectCommand(OBJECT);
const list = (more: object = {}) => new sdk.ListObjectsV2Command({ ...HERE, ...more });

describe("of every operation", () => {
  const upload = { ...OBJECT, UploadId: "none" };
  const tags = { TagSet: [{ Key: "a", Value: "b" }] };
  const retention = { Mode: "GOVERNANCE", RetainUntilDate: new Date("2030-01-01T00:00:00Z") } as const;
  const lifecycle: sdk.BucketLifecycleConfiguration = {
    Rules: [{ ID: "a", Status: "Enabled", Filter: { Prefix: "x" }, Expiration: { Days: 1 } }],
  };
  const metrics = { Id: "a" };

  /** What is asked for, and the action that lets another account do it. Refused for other reasons counts as let in. */
  const ACTIONS: readonly (readonly [action: string, command: () => object])[] = [
    ["AbortMultipartUpload", () => new sdk.AbortMultipartUploadCommand(upload)],
    ["DeleteObject", () => new sdk.DeleteObjectCommand({ ...HERE, Key: "none" })],
    ["DeleteObjectTagging", () => new sdk.DeleteObjectTaggingCommand(OBJECT)],
    ["DeleteObjectVersion", () => new sdk.DeleteObjectCommand({ ...HERE, Key: "none", VersionId: version })],
    [
      "DeleteObjectVersionTagging",
      () => new sdk.DeleteObjectTaggingCommand({ ...OBJECT, VersionId: version }),
    ],
    ["GetObject", () => get()],
    ["GetObject", () => new sdk.HeadObjectCommand(OBJECT)],
    ["GetObjectAcl", () => new sdk.GetObjectAclCommand(OBJECT)],
    ["GetObjectLegalHold", () => new sdk.GetObjectLegalHoldCommand(OBJECT)],
    ["GetObjectRetention", () => new sdk.GetObjectRetentionCommand(OBJECT)],
    ["GetObjectTagging", () => new sdk.GetObjectTaggingCommand(OBJECT)],
    ["GetObjectVersion", () => new sdk.GetObjectCommand({ ...OBJECT, VersionId: version })],
    ["GetObjectVersionAcl", () => new sdk.GetObjectAclCommand({ ...OBJECT, VersionId: version })],
    ["GetObjectVersionTagging", () => new sdk.GetObjectTaggingCommand({ ...OBJECT, VersionId: version })],
    ["ListMultipartUploadParts", () => new sdk.ListPartsCommand(upload)],
    ["PutObject", () => new sdk.PutObjectCommand({ ...HERE, Key: "theirs", Body: "x" })],
    ["PutObject", () => new sdk.CreateMultipartUploadCommand({ ...HERE, Key: "theirs" })],
    ["PutObject", () => new sdk.UploadPartCommand({ ...upload, PartNumber: 1, Body: "x" })],
    [
      "PutObject",
      () =>
        new sdk.CompleteMultipartUploadCommand({
          ...upload,
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag: "x" }] },
        }),
    ],
    ["PutObjectAcl", () => new sdk.PutObjectAclCommand({ ...OBJECT, ACL: "bucket-owner-full-control" })],
    [
      "PutObjectLegalHold",
      () => new sdk.PutObjectLegalHoldCommand({ ...OBJECT, LegalHold: { Status: "OFF" } }),
    ],
    ["PutObjectRetention", () => new sdk.PutObjectRetentionCommand({ ...OBJECT, Retention: retention })],
    ["PutObjectTagging", () => new sdk.PutObjectTaggingCommand({ ...OBJECT, Tagging: tags })],
    [
      "PutObjectVersionTagging",
      () => new sdk.PutObjectTaggingCommand({ ...OBJECT, VersionId: version, Tagging: tags }),
    ],
    ["RestoreObject", () => new sdk.RestoreObjectCommand({ ...OBJECT, RestoreRequest: { Days: 1 } })],

    ["GetAccelerateConfiguration", () => new sdk.GetBucketAccelerateConfigurationCommand(HERE)],
    [
      "GetAnalyticsConfiguration",
      () => new sdk.GetBucketAnalyticsConfigurationCommand({ ...HERE, ...metrics }),
    ],
    ["GetBucketAcl", () => new sdk.GetBucketAclCommand(HERE)],
    ["GetBucketCORS", () => new sdk.GetBucketCorsCommand(HERE)],
    ["GetBucketLocation", () => new sdk.GetBucketLocationCommand(HERE)],
    ["GetBucketLogging", () => new sdk.GetBucketLoggingCommand(HERE)],
    ["GetBucketNotification", () => new sdk.GetBucketNotificationConfigurationCommand(HERE)],
    ["GetBucketObjectLockConfiguration", () => new sdk.GetObjectLockConfigurationCommand(HERE)],
    ["GetBucketOwnershipControls", () => new sdk.GetBucketOwnershipControlsCommand(HERE)],
    ["GetBucketPolicy", () => new sdk.GetBucketPolicyCommand(HERE)],
    ["GetBucketPolicyStatus", () => new sdk.GetBucketPolicyStatusCommand(HERE)],
    ["GetBucketPublicAccessBlock", () => new sdk.GetPublicAccessBlockCommand(HERE)],
    ["GetBucketRequestPayment", () => new sdk.GetBucketRequestPaymentCommand(HERE)],
    ["GetBucketTagging", () => new sdk.GetBucketTaggingCommand(HERE)],
    ["GetBucketVersioning", () => new sdk.GetBucketVersioningCommand(HERE)],
    ["GetBucketWebsite", () => new sdk.GetBucketWebsiteCommand(HERE)],
    ["GetEncryptionConfiguration", () => new sdk.GetBucketEncryptionCommand(HERE)],
    ["GetInventoryConfiguration", () => new sdk.ListBucketInventoryConfigurationsCommand(HERE)],
    ["GetLifecycleConfiguration", () => new sdk.GetBucketLifecycleConfigurationCommand(HERE)],
    ["GetMetricsConfiguration", () => new sdk.ListBucketMetricsConfigurationsCommand(HERE)],
    ["GetReplicationConfiguration", () => new sdk.GetBucketReplicationCommand(HERE)],
    ["ListBucket", () => list()],
    ["ListBucket", () => new sdk.ListObjectsCommand(HERE)],
    ["ListBucket", () => new sdk.HeadBucketCommand(HERE)],
    ["ListBucketMultipartUploads", () => new sdk.ListMultipartUploadsCommand(HERE)],
    ["ListBucketVersions", () => new sdk.ListObjectVersionsCommand(HERE)],
    ["PutBucketAcl", () => new sdk.PutBucketAclCommand({ ...HERE, ACL: "private" })],
    ["PutBucketCORS", () => new sdk.DeleteBucketCorsCommand(HERE)],
    [
      "PutBucketNotification",
      () => new sdk.PutBucketNotificationConfigurationCommand({ ...HERE, NotificationConfiguration: {} }),
    ],
    [
      "PutBucketObjectLockConfiguration",
      () => new sdk.PutObjectLockConfigurationCommand({ ...HERE, ObjectLockConfiguration: {} }),
    ],
    [
      "PutBucketOwnershipControls",
      () =>
        new sdk.PutBucketOwnershipControlsCommand({
          ...HERE,
          OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
        }),
    ],
    ["PutBucketPublicAccessBlock", () => new sdk.DeletePublicAccessBlockCommand(HERE)],
    ["PutBucketTagging", () => new sdk.PutBucketTaggingCommand({ ...HERE, Tagging: tags })],
    [
      "PutBucketVersioning",
      () => new sdk.PutBucketVersioningCommand({ ...HERE, VersioningConfiguration: { Status: "Enabled" } }),
    ],
    ["PutEncryptionConfiguration", () => new sdk.DeleteBucketEncryptionCommand(HERE)],
    [
      "PutLifecycleConfiguration",
      () => new sdk.PutBucketLifecycleConfigurationCommand({ ...HERE, LifecycleConfiguration: lifecycle }),
    ],
    ["PutLifecycleConfiguration", () => new sdk.DeleteBucketLifecycleCommand(HERE)],
  ];

  const isDenied = async (command: object) => {
    const { name, $metadata } = await other.send(command as Command).then(
      () => ({ name: "ok", $metadata: { httpStatusCode: 200 } }),
      (error: unknown) => error as sdk.S3ServiceException,
    );
    // An object that is not archived cannot be restored: 403 too.
    return $metadata.httpStatusCode === 403 && name !== "InvalidObjectState";
  };

  test("none is another account's to use unless a policy says so", async () => {
    await owner.send(new sdk.DeleteBucketPolicyCommand(HERE));
    const open = [];
    for (const [action, command] of ACTIONS) if (!(await isDenied(command()))) open.push(action);
    expect(open).toEqual([]);
  });

  test("each is let in by its own action, and by no other", async () => {
    const names = [...new Set(ACTIONS.map(([action]) => action))];
    const shut = [];
    const open = [];
    for (const [action, command] of ACTIONS) {
      // Who may not list the bucket is not told what is missing.
      const needed = [action, ...(action === "ListBucket" ? [] : ["ListBucket"])];
      await setPolicy({ ...ALLOW, Action: needed.map((name) => `s3:${name}`), Resource: BOTH });
      if (await isDenied(command())) shut.push(action);
      const rest = names.filter((name) => name !== action).map((name) => `s3:${name}`);
      await setPolicy({ ...ALLOW, Action: rest, Resource: BOTH });
      if (!(await isDenied(command()))) open.push(action);
    }
    expect({ shut, open }).toEqual({ shut: [], open: [] });
  }, 120_000);
});

describe("who asks", () => {
  test("nobody in particular gets in only where a policy names everybody, and no further", async () => {
    const anonymous = async (path: string) => (await fetch(`${server.url}/${path}`)).status;
    await owner.send(new sdk.DeleteBucketPolicyCommand(HERE));
    expect(await anonymous(`${BUCKET}/team/a.txt`)).toBe(403);
    await setPolicy({ ...ALLOW, Action: "s3:GetObject", Resource: BOTH[1] });
    expect(await anonymous(`${BUCKET}/team/a.txt`)).toBe(403);
    await setPolicy({ ...ALLOW, Principal: "*", Action: "s3:GetObject", Resource: `${BOTH[1]}` });
    expect(await anonymous(`${BUCKET}/team/a.txt`)).toBe(200);
    expect(await anonymous(`${BUCKET}`)).toBe(403);
    expect(await anonymous("")).toBe(403);
    const answer = await fetch(`${server.url}/${BUCKET}`, { method: "DELETE" });
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining("<Message>Access Denied</Message>"),
    ]);
    expect((await fetch(`${server.url}/${BUCKET}/a`, { method: "PUT", body: "x" })).status).toBe(403);
  });

  test("what is missing is told only to who may list the bucket", async () => {
    const missing = () => new sdk.GetObjectCommand({ ...HERE, Key: "public/none" });
    await setPolicy({ ...ALLOW, Action: "s3:GetObject", Resource: BOTH[1] });
    expect(await outcome(other, missing())).toBe("AccessDenied");
    const prefix = { StringLike: { "s3:prefix": "public/*" } };
    await setPolicy(
      { ...ALLOW, Action: "s3:GetObject", Resource: BOTH[1] },
      { ...ALLOW, Action: "s3:ListBucket", Resource: BOTH[0], Condition: prefix },
    );
    expect(await outcome(other, missing())).toBe("NoSuchKey");
    expect(await outcome(other, new sdk.GetObjectCommand({ ...HERE, Key: "private/none" }))).toBe(
      "AccessDenied",
    );
  });

  test("a denial holds for the owner too, whom S3 tells why; others hear only that", async () => {
    await setPolicy({ ...DENY, Action: "s3:GetObject", Resource: BOTH[1] });
    expect(await message(owner, get())).toBe(
      'User: arn:aws:iam::123456789012:root is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::shared/team/a.txt" with an explicit deny in a resource-based policy',
    );
    expect(await message(other, get())).toBe("Access Denied");
  });

  test("the owner's root is never locked out of its policy", async () => {
    await setPolicy({ ...DENY, Action: "s3:*", Resource: BOTH });
    expect(await outcome(owner, list())).toBe("AccessDenied");
    expect(await outcome(owner, new sdk.GetBucketPolicyCommand(HERE))).toBe("ok");
    expect(await outcome(owner, new sdk.DeleteBucketPolicyCommand(HERE))).toBe("ok");
    expect(await outcome(owner, list())).toBe("ok");
  });

  test("a policy is its owner's affair, whatever it says itself", async () => {
    await setPolicy({ ...ALLOW, Action: ["s3:PutBucketPolicy", "s3:GetBucketPolicy"], Resource: BOTH[0] });
    const Policy = JSON.stringify({ Statement: { ...ALLOW, Action: "s3:*", Resource: BOTH } });
    expect(await outcome(other, new sdk.PutBucketPolicyCommand({ ...HERE, Policy }))).toBe(
      "MethodNotAllowed",
    );
    expect(await outcome(other, new sdk.GetBucketPolicyCommand(HERE))).toBe("MethodNotAllowed");
    expect(await outcome(other, new sdk.DeleteBucketPolicyCommand(HERE))).toBe("AccessDenied");
  });

  test("the bucket must be the expected owner's", async () => {
    expect(await outcome(owner, list({ ExpectedBucketOwner: OTHER }))).toBe("AccessDenied");
    expect(await outcome(owner, list({ ExpectedBucketOwner: "123456789012" }))).toBe("ok");
    expect(await outcome(owner, list({ ExpectedBucketOwner: "me" }))).toBe("InvalidBucketOwnerAWSAccountID");
  });

  test("the name of a bucket is one account's", async () => {
    expect(await outcome(other, new sdk.CreateBucketCommand(HERE))).toBe("BucketAlreadyExists");
    const { Buckets } = await other.send(new sdk.ListBucketsCommand({}));
    expect(Buckets ?? []).toEqual([]);
  });

  test("where requesters pay, others say that they would, and nobody cannot", async () => {
    const payer = (Payer: sdk.Payer) =>
      owner.send(new sdk.PutBucketRequestPaymentCommand({ ...HERE, RequestPaymentConfiguration: { Payer } }));
    await setPolicy({ ...ALLOW, Principal: "*", Action: "s3:GetObject", Resource: BOTH[1] });
    await payer("Requester");
    expect(await outcome(other, get())).toBe("AccessDenied");
    expect(await outcome(other, new sdk.GetObjectCommand({ ...OBJECT, RequestPayer: "requester" }))).toBe(
      "ok",
    );
    expect(await outcome(owner, get())).toBe("ok");
    expect((await fetch(`${server.url}/${BUCKET}/team/a.txt?x-amz-request-payer=requester`)).status).toBe(
      403,
    );
    await payer("BucketOwner");
    expect(await outcome(other, get())).toBe("ok");
  });
});

describe("Block Public Access", () => {
  const block = (PublicAccessBlockConfiguration: sdk.PublicAccessBlockConfiguration) =>
    owner.send(new sdk.PutPublicAccessBlockCommand({ ...HERE, PublicAccessBlockConfiguration }));
  const open = { ...ALLOW, Principal: "*", Action: "s3:GetObject", Resource: BOTH[1] };

  test("BlockPublicPolicy refuses a public policy and leaves the one that is there", async () => {
    await setPolicy({ ...ALLOW, Action: "s3:GetObject", Resource: BOTH[1] });
    await block({ BlockPublicPolicy: true });
    expect(await setPolicy(open).catch((error: Error) => error.message)).toContain(
      "because public policies are blocked by the BlockPublicPolicy block public access setting",
    );
    const { Policy } = await owner.send(new sdk.GetBucketPolicyCommand(HERE));
    expect(Policy).toContain(OTHER);
    await owner.send(new sdk.DeletePublicAccessBlockCommand(HERE));
  });

  test("RestrictPublicBuckets lets only the own account in while the policy is public", async () => {
    const named = { ...ALLOW, Action: "s3:ListBucket", Resource: BOTH[0] };
    await setPolicy(open, named);
    expect(await outcome(other, list())).toBe("ok");
    await block({ RestrictPublicBuckets: true });
    expect((await fetch(`${server.url}/${BUCKET}/team/a.txt`)).status).toBe(403);
    expect(await outcome(other, list())).toBe("AccessDenied");
    expect(await outcome(owner, get())).toBe("ok");
    await setPolicy(named);
    expect(await outcome(other, list())).toBe("ok");
    await owner.send(new sdk.DeletePublicAccessBlockCommand(HERE));
  });
});

describe("conditions of a policy", () => {
  const put = (more: Partial<sdk.PutObjectCommandInput> = {}) =>
    new sdk.PutObjectCommand({ ...HERE, Key: "theirs", Body: "x", ...more });

  /** What another account may do under a policy that allows `action` where the condition holds. */
  const CASES: readonly {
    readonly title: string;
    readonly action: string;
    readonly condition: object;
    readonly passes: readonly (() => object)[];
    readonly fails: readonly (() => object)[];
  }[] = [
    {
      title: "s3:prefix",
      action: "ListBucket",
      condition: { StringLike: { "s3:prefix": "team/*" } },
      passes: [
        () => list({ Prefix: "team/" }),
        () => new sdk.ListObjectsCommand({ ...HERE, Prefix: "team/a" }),
      ],
      fails: [() => list(), () => list({ Prefix: "x" })],
    },
    {
      title: "s3:delimiter",
      action: "ListBucket",
      condition: { StringEquals: { "s3:delimiter": "/" } },
      passes: [() => list({ Delimiter: "/" })],
      fails: [() => list()],
    },
    {
      title: "s3:max-keys",
      action: "ListBucketVersions",
      condition: { NumericLessThanEquals: { "s3:max-keys": "10" } },
      passes: [() => new sdk.ListObjectVersionsCommand({ ...HERE, MaxKeys: 10 })],
      fails: [() => new sdk.ListObjectVersionsCommand({ ...HERE, MaxKeys: 11 })],
    },
    {
      title: "s3:x-amz-server-side-encryption",
      action: "PutObject",
      condition: { StringEquals: { "s3:x-amz-server-side-encryption": "AES256" } },
      passes: [() => put({ ServerSideEncryption: "AES256" })],
      fails: [() => put()],
    },
    {
      title: "s3:x-amz-storage-class",
      action: "PutObject",
      condition: { StringEquals: { "s3:x-amz-storage-class": ["STANDARD_IA"] } },
      passes: [() => put({ StorageClass: "STANDARD_IA" })],
      fails: [() => put({ StorageClass: "GLACIER" }), () => put()],
    },
    {
      title: "s3:x-amz-acl",
      action: "PutObject",
      condition: { StringEquals: { "s3:x-amz-acl": "bucket-owner-full-control" } },
      passes: [() => put({ ACL: "bucket-owner-full-control" })],
      fails: [() => put()],
    },
    {
      title: "s3:if-none-match",
      action: "PutObject",
      condition: { Null: { "s3:if-none-match": "false" } },
      passes: [() => put({ Key: "brand-new", IfNoneMatch: "*" })],
      fails: [() => put()],
    },
    {
      title: "s3:VersionId",
      action: "GetObjectVersion",
      condition: { StringNotEquals: { "s3:VersionId": "null" } },
      passes: [() => new sdk.GetObjectCommand({ ...OBJECT, VersionId: version })],
      fails: [() => new sdk.GetObjectCommand({ ...OBJECT, VersionId: "null" })],
    },
    {
      title: "s3:ExistingObjectTag that is there",
      action: "GetObject",
      condition: { StringEquals: { "s3:ExistingObjectTag/project": "x" } },
      passes: [() => new sdk.GetObjectCommand({ ...HERE, Key: "tagged" })],
      fails: [() => new sdk.GetObjectCommand(OBJECT)],
    },
    {
      title: "s3:RequestObjectTag",
      action: "PutObject*",
      condition: { StringEquals: { "s3:RequestObjectTag/project": "x" } },
      passes: [
        () => put({ Tagging: "project=x&more=y" }),
        () =>
          new sdk.PutObjectTaggingCommand({
            ...HERE,
            Key: "tagged",
            Tagging: { TagSet: [{ Key: "project", Value: "x" }] },
          }),
      ],
      fails: [() => put({ Tagging: "project=y" }), () => put()],
    },
    {
      title: "s3:RequestObjectTagKeys",
      action: "PutObject*",
      condition: { "ForAllValues:StringEquals": { "s3:RequestObjectTagKeys": ["project", "team"] } },
      passes: [() => put({ Tagging: "project=x" }), () => put()],
      fails: [() => put({ Tagging: "project=x&secret=y" })],
    },
    {
      title: "aws:SourceIp",
      action: "GetObject",
      condition: { IpAddress: { "aws:SourceIp": "127.0.0.0/8" } },
      passes: [get],
      fails: [],
    },
    {
      title: "aws:SourceIp of others",
      action: "GetObject",
      condition: { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } },
      passes: [],
      fails: [get],
    },
    {
      title: "aws:SecureTransport",
      action: "GetObject",
      condition: { Bool: { "aws:SecureTransport": "true" } },
      passes: [],
      fails: [get],
    },
    {
      title: "s3:authType and s3:signatureversion",
      action: "GetObject",
      condition: {
        StringEquals: { "s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-HMAC-SHA256" },
        NumericLessThan: { "s3:signatureAge": "600000" },
      },
      passes: [get],
      fails: [],
    },
    {
      title: "s3:x-amz-content-sha256",
      action: "GetObject",
      condition: { StringEquals: { "s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD" } },
      passes: [],
      fails: [get],
    },
  ];

  for (const { title, action, condition, passes, fails } of CASES)
    test(title, async () => {
      await owner.send(new sdk.PutObjectCommand({ ...HERE, Key: "tagged", Body: "x", Tagging: "project=x" }));
      await setPolicy({ ...ALLOW, Action: `s3:${action}`, Resource: BOTH, Condition: condition });
      for (const command of passes) expect(await outcome(other, command())).toBe("ok");
      for (const command of fails) expect(await outcome(other, command())).toBe("AccessDenied");
    });

  test("aws:Referer and aws:UserAgent, of what anybody may read", async () => {
    const read = async (headers: Record<string, string>) =>
      (await fetch(`${server.url}/${BUCKET}/team/a.txt`, { headers })).status;
    const condition = {
      StringLike: { "aws:Referer": "https://example.com/*", "aws:UserAgent": "Browser/*" },
    };
    const open = { ...ALLOW, Principal: "*", Action: "s3:GetObject", Resource: BOTH[1] };
    await setPolicy({ ...open, Condition: condition });
    expect(await read({ referer: "https://example.com/page", "user-agent": "Browser/1" })).toBe(200);
    expect(await read({ referer: "https://example.org/page", "user-agent": "Browser/1" })).toBe(403);
    expect(await read({ "user-agent": "Browser/1" })).toBe(403);
  });
});

test("--new-buckets open: what is made public is public at once, and customers' keys are taken", async () => {
  const open = await RunningServer.start({ args: ["--new-buckets", "open"] });
  const client = new sdk.S3Client({
    endpoint: open.url,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: open.rootKey,
  });
  try {
    await client.send(new sdk.CreateBucketCommand(HERE));
    const Policy = JSON.stringify({
      Statement: { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: BOTH[1] },
    });
    await client.send(new sdk.PutBucketPolicyCommand({ ...HERE, Policy }));
    await client.send(new sdk.PutObjectCommand({ ...OBJECT, Body: "x" }));
    expect(await (await fetch(`${open.url}/${BUCKET}/team/a.txt`)).text()).toBe("x");
    const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: Buffer.alloc(32, 7).toString("base64") };
    const put = new sdk.PutObjectCommand({ ...HERE, Key: "mine", Body: "x", ...key });
    expect(await outcome(client, put)).toBe("ok");
    expect(await outcome(owner, put)).toBe("AccessDenied");
  } finally {
    client.destroy();
    await open.stop();
  }
}, 60_000);
