/** The configurations of buckets: `aws s3api` and boto3 on a running server. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { describeWithClients } from "../client.ts";
import { serveBuckets } from "./served-buckets.ts";

// A busy machine is no reason to fail.
setDefaultTimeout(300_000);

describeWithClients("buckets", ["aws", "python"], () => {
  const { s3api, refusal, s3, code } = serveBuckets();

  /** What each configuration answers before, what is put, and what is read then. */
  const CONFIGURATIONS: readonly {
    readonly name: string;
    readonly before: string | object | undefined;
    readonly flag: string;
    readonly put: object;
    readonly read?: unknown;
    readonly deletes?: true;
    readonly after?: string | object;
  }[] = [
    {
      name: "bucket-policy",
      before: "NoSuchBucketPolicy",
      flag: "--policy",
      put: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: "arn:aws:iam::210987654321:root" },
            Action: "s3:GetObject",
            Resource: "arn:aws:s3:::configured/*",
          },
        ],
      },
      read: { Policy: expect.stringContaining("210987654321") },
      deletes: true,
    },
    {
      name: "bucket-cors",
      before: "NoSuchCORSConfiguration",
      flag: "--cors-configuration",
      put: {
        CORSRules: [
          {
            ID: "web",
            AllowedHeaders: ["*"],
            AllowedMethods: ["GET", "PUT"],
            AllowedOrigins: ["https://*.example.com", "http://localhost"],
            ExposeHeaders: ["ETag"],
            MaxAgeSeconds: 3000,
          },
        ],
      },
      deletes: true,
    },
    {
      name: "bucket-encryption",
      before: {
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
              BucketKeyEnabled: false,
              BlockedEncryptionTypes: { EncryptionType: ["SSE-C"] },
            },
          ],
        },
      },
      flag: "--server-side-encryption-configuration",
      put: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "alias/team" },
            BucketKeyEnabled: true,
            BlockedEncryptionTypes: { EncryptionType: ["NONE"] },
          },
        ],
      },
      read: {
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "alias/team" },
              BucketKeyEnabled: true,
              BlockedEncryptionTypes: { EncryptionType: ["NONE"] },
            },
          ],
        },
      },
      deletes: true,
      after: {
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
              BucketKeyEnabled: false,
              BlockedEncryptionTypes: { EncryptionType: ["NONE"] },
            },
          ],
        },
      },
    },
    {
      name: "bucket-tagging",
      before: "NoSuchTagSet",
      flag: "--tagging",
      put: { TagSet: [{ Key: "team", Value: "büro 1/2" }] },
      deletes: true,
    },
    {
      name: "public-access-block",
      before: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          IgnorePublicAcls: true,
          BlockPublicPolicy: true,
          RestrictPublicBuckets: true,
        },
      },
      flag: "--public-access-block-configuration",
      put: { BlockPublicPolicy: true },
      read: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: false,
          IgnorePublicAcls: false,
          BlockPublicPolicy: true,
          RestrictPublicBuckets: false,
        },
      },
      deletes: true,
      after: "NoSuchPublicAccessBlockConfiguration",
    },
    {
      name: "bucket-ownership-controls",
      before: { OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] } },
      flag: "--ownership-controls",
      put: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      read: { OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] } },
      deletes: true,
      after: "OwnershipControlsNotFoundError",
    },
    {
      name: "bucket-notification-configuration",
      before: undefined,
      flag: "--notification-configuration",
      put: { EventBridgeConfiguration: {} },
    },
    {
      name: "bucket-request-payment",
      before: { Payer: "BucketOwner" },
      flag: "--request-payment-configuration",
      put: { Payer: "Requester" },
    },
    {
      name: "bucket-versioning",
      before: undefined,
      flag: "--versioning-configuration",
      put: { Status: "Enabled" },
    },
    {
      name: "object-lock-configuration",
      before: "ObjectLockConfigurationNotFoundError",
      flag: "--object-lock-configuration",
      put: {
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 30 } },
      },
      read: {
        ObjectLockConfiguration: {
          ObjectLockEnabled: "Enabled",
          Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 30 } },
        },
      },
    },
  ];

  for (const { name, before, flag, put, read = put, deletes, after = before } of CONFIGURATIONS) {
    test(`${name} is put, read${deletes ? " and taken away" : ""} with aws s3api`, async () => {
      await s3("create_bucket", { Bucket: "configured" });
      const got = () =>
        typeof before === "string" || typeof after === "string"
          ? s3api(`get-${name}`, "configured").catch(() => refusal(`get-${name}`, "configured"))
          : s3api(`get-${name}`, "configured");
      expect(await got()).toEqual(before);
      await s3api(`put-${name}`, "configured", flag, JSON.stringify(put));
      expect(await got()).toEqual(read);
      if (!deletes) return;
      await s3api(`delete-${name}`, "configured");
      expect(await got()).toEqual(after);
    });
  }

  test("whether a policy is public is told", async () => {
    await s3("create_bucket", { Bucket: "told" });
    const statement = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::told/*" };
    const put = (principal: unknown) =>
      code("put_bucket_policy", {
        Bucket: "told",
        Policy: JSON.stringify({ Statement: { ...statement, Principal: principal } }),
      });
    const isPublic = () => s3("get_bucket_policy_status", { Bucket: "told" });
    expect(await code("get_bucket_policy_status", { Bucket: "told" })).toBe("NoSuchBucketPolicy");
    expect(await put("*")).toBe("AccessDenied");
    await s3("delete_public_access_block", { Bucket: "told" });
    expect(await put("*")).toBe("none");
    expect(await isPublic()).toMatchObject({ PolicyStatus: { IsPublic: true } });
    expect(await put({ AWS: "210987654321" })).toBe("none");
    expect(await isPublic()).toMatchObject({ PolicyStatus: { IsPublic: false } });
  });

  test("ACLs say that everything is the owner's, and cannot say anything else", async () => {
    await s3("create_bucket", { Bucket: "without-acls" });
    const here = { Bucket: "without-acls" };
    await s3("put_object", { ...here, Key: "a", Body: "x" });
    const { Owner: owner } = (await s3("list_buckets", {})) as { Owner: { ID: string } };
    expect(owner.ID).toMatch(/^[0-9a-f]{64}$/);
    const acl = {
      Owner: owner,
      Grants: [{ Grantee: { ID: owner.ID, Type: "CanonicalUser" }, Permission: "FULL_CONTROL" }],
    };
    expect(await s3("get_bucket_acl", here)).toMatchObject(acl);
    expect(await s3("get_object_acl", { ...here, Key: "a" })).toMatchObject(acl);
    const refused = "AccessControlListNotSupported";
    for (const canned of ["private", "public-read", "authenticated-read"]) {
      expect(await code("put_bucket_acl", { ...here, ACL: canned })).toBe(refused);
      expect(await code("put_object_acl", { ...here, Key: "a", ACL: canned })).toBe(refused);
    }
    const everybody = { Type: "Group", URI: "http://acs.amazonaws.com/groups/global/AllUsers" };
    const open = { ...acl, Grants: [...acl.Grants, { Grantee: everybody, Permission: "READ" }] };
    expect(await code("put_bucket_acl", { ...here, AccessControlPolicy: open })).toBe(refused);
    expect(await code("put_bucket_acl", { ...here, GrantRead: `uri="${everybody.URI}"` })).toBe(refused);
    expect(await code("put_bucket_acl", { ...here, AccessControlPolicy: acl })).toBe("none");
    expect(await code("put_object_acl", { ...here, Key: "a", ACL: "bucket-owner-full-control" })).toBe(
      "none",
    );
    expect(await code("put_bucket_acl", here)).toBe("MissingSecurityHeader");
    expect(await code("create_bucket", { Bucket: "open-from-start", ACL: "public-read" })).toBe(
      "InvalidBucketAclWithObjectOwnership",
    );
    expect(await code("create_bucket", { Bucket: "theirs", ObjectOwnership: "ObjectWriter" })).toBe(
      "NotImplemented",
    );
    expect(await code("head_bucket", { Bucket: "open-from-start" })).toBe("404");
  });

  test("what this server does not do reads as never set, is refused when set, and deletes as nothing", async () => {
    const here = { Bucket: "not-offered" };
    await s3("create_bucket", here);
    const id = { ...here, Id: "a" };
    const gets: readonly (readonly [operation: string, input: object, expected: string])[] = [
      ["get_bucket_website", here, "NoSuchWebsiteConfiguration"],
      ["get_bucket_replication", here, "ReplicationConfigurationNotFoundError"],
      ["get_bucket_inventory_configuration", id, "NoSuchConfiguration"],
      ["get_bucket_analytics_configuration", id, "NoSuchConfiguration"],
      ["get_bucket_metrics_configuration", id, "NoSuchConfiguration"],
      ["get_bucket_intelligent_tiering_configuration", id, "NoSuchConfiguration"],
      ["get_bucket_accelerate_configuration", here, "none"],
      ["get_bucket_logging", here, "none"],
      ["list_bucket_inventory_configurations", here, "none"],
      ["list_bucket_analytics_configurations", here, "none"],
      ["list_bucket_metrics_configurations", here, "none"],
      ["list_bucket_intelligent_tiering_configurations", here, "none"],
      ["delete_bucket_website", here, "none"],
      ["delete_bucket_replication", here, "none"],
      [
        "put_bucket_website",
        { ...here, WebsiteConfiguration: { IndexDocument: { Suffix: "index.html" } } },
        "NotImplemented",
      ],
      [
        "put_bucket_accelerate_configuration",
        { ...here, AccelerateConfiguration: { Status: "Enabled" } },
        "NotImplemented",
      ],
      [
        "put_bucket_logging",
        {
          ...here,
          BucketLoggingStatus: { LoggingEnabled: { TargetBucket: "not-offered", TargetPrefix: "a" } },
        },
        "NotImplemented",
      ],
      ["put_bucket_logging", { ...here, BucketLoggingStatus: {} }, "none"],
      [
        "put_bucket_notification_configuration",
        {
          ...here,
          NotificationConfiguration: {
            QueueConfigurations: [
              { QueueArn: "arn:aws:sqs:us-east-1:123456789012:q", Events: ["s3:ObjectCreated:*"] },
            ],
          },
        },
        "NotImplemented",
      ],
      [
        "put_bucket_versioning",
        { ...here, VersioningConfiguration: { Status: "Enabled", MFADelete: "Enabled" } },
        "NotImplemented",
      ],
    ];
    const answers = [];
    for (const [operation, input] of gets) answers.push([operation, await code(operation, input)]);
    expect(answers).toEqual(gets.map(([operation, , expected]) => [operation, expected]));
    expect(await s3("get_bucket_logging", here)).not.toHaveProperty("LoggingEnabled");
  });
});
