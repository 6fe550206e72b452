import { describe, expect, test } from "bun:test";
import { publicPolicy } from "./public-policy.ts";

type Conditions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function policy(principal: unknown, condition?: Conditions, effect = "Allow"): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: {
      Effect: effect,
      Principal: principal,
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::bucket/*",
      ...(condition && { Condition: condition }),
    },
  });
}

const EVERYBODY = [
  ["*", "*"],
  ['{"AWS": "*"}', { AWS: "*" }],
  ["* among others", { AWS: ["111122223333", "*"] }],
] as const;

describe("open to everybody", () => {
  for (const [title, principal] of EVERYBODY)
    test(title, () => expect(publicPolicy(policy(principal))).toBe(true));

  const conditions: Readonly<Record<string, Conditions>> = {
    "a condition that limits nobody": { StringEquals: { "s3:prefix": "home/" } },
    "any referer": { StringLike: { "aws:Referer": "https://example.com/*" } },
    "a VPC with a wildcard": { StringLike: { "aws:SourceVpc": "vpc-*" } },
    "a policy variable": { StringEquals: { "aws:SourceVpc": `\${aws:userid}` } },
    "one value fixed, one not": { StringLike: { "aws:SourceVpc": ["vpc-91237329", "vpc-*"] } },
    "all but one VPC": { StringNotEquals: { "aws:SourceVpc": "vpc-91237329" } },
    "a VPC, if there is any": { StringEqualsIfExists: { "aws:SourceVpc": "vpc-91237329" } },
    "all values, of which there may be none": {
      "ForAllValues:StringEquals": { "aws:PrincipalOrgID": "o-1234567890" },
    },
    "all IPv4 addresses": { IpAddress: { "aws:SourceIp": "0.0.0.0/0" } },
    "half of all IPv4 addresses": { IpAddress: { "aws:SourceIp": ["10.0.0.0/8", "128.0.0.0/1"] } },
    "a wide range of IPv6": { IpAddress: { "aws:SourceIp": "2001::/16" } },
    "all but one address": { NotIpAddress: { "aws:SourceIp": "203.0.113.7/32" } },
    "only over TLS": { Bool: { "aws:SecureTransport": "true" } },
  };
  for (const [title, condition] of Object.entries(conditions))
    test(title, () => expect(publicPolicy(policy("*", condition))).toBe(true));
});

describe("limited", () => {
  const principals: Readonly<Record<string, unknown>> = {
    "an account": { AWS: "111122223333" },
    "the ARN of an account": { AWS: "arn:aws:iam::111122223333:root" },
    "a service": { Service: "cloudfront.amazonaws.com" },
  };
  for (const [title, principal] of Object.entries(principals))
    test(title, () => expect(publicPolicy(policy(principal))).toBe(false));

  const conditions: Readonly<Record<string, Conditions>> = {
    "a VPC": { StringEquals: { "aws:SourceVpc": "vpc-91237329" } },
    "an organisation": { StringEquals: { "aws:PrincipalOrgID": ["o-1234567890", "o-0987654321"] } },
    "an account that the request is made for": { StringEquals: { "AWS:SourceAccount": "111122223333" } },
    "a range of addresses": { IpAddress: { "aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"] } },
    "one address": { IpAddress: { "aws:SourceIp": "203.0.113.7" } },
    "a KMS key": {
      StringEquals: {
        "s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:us-east-1:111122223333:key/a",
      },
    },
    "the access points of an account": {
      ArnLike: { "s3:DataAccessPointArn": "arn:aws:s3:us-west-2:111122223333:accesspoint/*" },
    },
    "one fixed value beside an open one": {
      StringEquals: { "aws:SourceVpce": "vpce-1a2b3c4d" },
      StringLike: { "s3:prefix": "*" },
    },
  };
  for (const [title, condition] of Object.entries(conditions))
    test(title, () => expect(publicPolicy(policy("*", condition))).toBe(false));

  test("a denial for everybody", () => expect(publicPolicy(policy("*", undefined, "Deny"))).toBe(false));
  test("one public statement makes the whole policy public", () => {
    const closed = JSON.parse(policy({ AWS: "111122223333" }));
    const open = JSON.parse(policy("*"));
    const both = { ...closed, Statement: [closed.Statement, open.Statement] };
    expect(publicPolicy(JSON.stringify(both))).toBe(true);
  });
});
