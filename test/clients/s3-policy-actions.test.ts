/** The action that a bucket's policy has to allow for each operation, over a real socket. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as sdk from "@aws-sdk/client-s3";
import { ALLOW, BOTH, type Command, get, HERE, list, OBJECT, serveSharedBucket } from "./shared-bucket.ts";

// A busy machine is no reason to fail.
setDefaultTimeout(60_000);

const shared = serveSharedBucket();

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
    [
      "DeleteObjectVersion",
      () => new sdk.DeleteObjectCommand({ ...HERE, Key: "none", VersionId: shared.version }),
    ],
    [
      "DeleteObjectVersionTagging",
      () => new sdk.DeleteObjectTaggingCommand({ ...OBJECT, VersionId: shared.version }),
    ],
    ["GetObject", () => get()],
    ["GetObject", () => new sdk.HeadObjectCommand(OBJECT)],
    ["GetObjectAcl", () => new sdk.GetObjectAclCommand(OBJECT)],
    ["GetObjectLegalHold", () => new sdk.GetObjectLegalHoldCommand(OBJECT)],
    ["GetObjectRetention", () => new sdk.GetObjectRetentionCommand(OBJECT)],
    ["GetObjectTagging", () => new sdk.GetObjectTaggingCommand(OBJECT)],
    ["GetObjectVersion", () => new sdk.GetObjectCommand({ ...OBJECT, VersionId: shared.version })],
    ["GetObjectVersionAcl", () => new sdk.GetObjectAclCommand({ ...OBJECT, VersionId: shared.version })],
    [
      "GetObjectVersionTagging",
      () => new sdk.GetObjectTaggingCommand({ ...OBJECT, VersionId: shared.version }),
    ],
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
      () => new sdk.PutObjectTaggingCommand({ ...OBJECT, VersionId: shared.version, Tagging: tags }),
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
    const { name, $metadata } = await shared.other.send(command as Command).then(
      () => ({ name: "ok", $metadata: { httpStatusCode: 200 } }),
      (error: unknown) => error as sdk.S3ServiceException,
    );
    // An object that is not archived cannot be restored: 403 too.
    return $metadata.httpStatusCode === 403 && name !== "InvalidObjectState";
  };

  test("none is another account's to use unless a policy says so", async () => {
    await shared.owner.send(new sdk.DeleteBucketPolicyCommand(HERE));
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
      await shared.setPolicy({ ...ALLOW, Action: needed.map((name) => `s3:${name}`), Resource: BOTH });
      if (await isDenied(command())) shut.push(action);
      const rest = names.filter((name) => name !== action).map((name) => `s3:${name}`);
      await shared.setPolicy({ ...ALLOW, Action: rest, Resource: BOTH });
      if (!(await isDenied(command()))) open.push(action);
    }
    expect({ shut, open }).toEqual({ shut: [], open: [] });
  }, 120_000);
});
