/** Key policies: the default ones, and what a stored one must be (KMS developer guide, "Key policies in AWS KMS"). */
import { AccessDenied } from "../../identity/authorize.ts";
import { parsePolicy } from "../../identity/policy/parse-policy.ts";
import { PolicyProblem } from "../../identity/policy/policy.ts";
import { malformedPolicy } from "./errors.ts";
import type { KeyPlace } from "./key.ts";

/** KMS's limit, in bytes. */
const MAX_BYTES = 32_768;

/** What AWS gives a key that was made without a policy: the account decides. */
export function defaultPolicy(account: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Id: "key-default-1",
    Statement: [
      {
        Sid: "Enable IAM User Permissions",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: "kms:*",
        Resource: "*",
      },
    ],
  });
}

/** Of an AWS managed key: used through its service only; the account may look at it. */
export function managedPolicy({ account, region }: KeyPlace, service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Id: `auto-${service}-1`,
    Statement: [
      {
        Sid: `Allow access through ${service} for all principals in the account that are authorized to use it`,
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: [
          "kms:Encrypt",
          "kms:Decrypt",
          "kms:ReEncrypt*",
          "kms:GenerateDataKey*",
          "kms:CreateGrant",
          "kms:DescribeKey",
        ],
        Resource: "*",
        Condition: {
          StringEquals: {
            "kms:CallerAccount": account,
            "kms:ViaService": `${service}.${region}.amazonaws.com`,
          },
        },
      },
      {
        Sid: "Allow direct access to key metadata to the account",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        Resource: "*",
      },
    ],
  });
}

/** Throws MalformedPolicyDocumentException. A statement must name its resource ("*", the key itself). */
export function validateKeyPolicy(text: string): void {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw malformedPolicy(`The policy is longer than ${MAX_BYTES} bytes.`);
  try {
    parsePolicy(text, { kind: "resource", resource: "required", maxLength: MAX_BYTES });
  } catch (error) {
    if (error instanceof PolicyProblem) throw malformedPolicy(error.message, error);
    throw error;
  }
}

/** Whoever sets a policy must be able to set another one afterwards. */
export async function requireNoLockout(mayPutPolicy: () => Promise<void>): Promise<void> {
  try {
    await mayPutPolicy();
  } catch (error) {
    if (!(error instanceof AccessDenied)) throw error;
    throw malformedPolicy(
      "The new key policy will not allow you to update the key policy in the future.",
      error,
    );
  }
}
