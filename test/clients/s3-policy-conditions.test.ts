/** The conditions under which a bucket's policy lets somebody in, over a real socket. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as sdk from "@aws-sdk/client-s3";
import { ALLOW, BOTH, BUCKET, get, HERE, list, OBJECT, outcome, serveSharedBucket } from "./shared-bucket.ts";

// A busy machine is no reason to fail.
setDefaultTimeout(60_000);

const shared = serveSharedBucket();

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
      passes: [() => new sdk.GetObjectCommand({ ...OBJECT, VersionId: shared.version })],
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
      await shared.owner.send(
        new sdk.PutObjectCommand({ ...HERE, Key: "tagged", Body: "x", Tagging: "project=x" }),
      );
      await shared.setPolicy({ ...ALLOW, Action: `s3:${action}`, Resource: BOTH, Condition: condition });
      for (const command of passes) expect(await outcome(shared.other, command())).toBe("ok");
      for (const command of fails) expect(await outcome(shared.other, command())).toBe("AccessDenied");
    });

  test("aws:Referer and aws:UserAgent, of what anybody may read", async () => {
    const read = async (headers: Record<string, string>) =>
      (await fetch(`${shared.server.url}/${BUCKET}/team/a.txt`, { headers })).status;
    const condition = {
      StringLike: { "aws:Referer": "https://example.com/*", "aws:UserAgent": "Browser/*" },
    };
    const open = { ...ALLOW, Principal: "*", Action: "s3:GetObject", Resource: BOTH[1] };
    await shared.setPolicy({ ...open, Condition: condition });
    expect(await read({ referer: "https://example.com/page", "user-agent": "Browser/1" })).toBe(200);
    expect(await read({ referer: "https://example.org/page", "user-agent": "Browser/1" })).toBe(403);
    expect(await read({ "user-agent": "Browser/1" })).toBe(403);
  });
});
