/**
 * How new objects are encrypted that do not say it themselves (PutBucketEncryption). Whether the KMS key is there and
 * may be used is asked when an object is written, as at AWS. Customers' keys are blocked unless the configuration says
 * NONE, AWS's default since April 2026.
 */
import type * as sdk from "@aws-sdk/client-s3";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import type { BucketSettings } from "./bucket.ts";
import { invalidArgument, malformedXml, notImplemented } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";
import { changeSettings } from "./settings.ts";

const BLOCKED_BY_DEFAULT: sdk.BlockedEncryptionTypes = { EncryptionType: ["SSE-C"] };
const BLOCKABLE: ReadonlySet<string> = new Set(["SSE-C", "NONE"]);

export async function putBucketEncryption(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketEncryptionCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutEncryptionConfiguration");
  const rules = input.ServerSideEncryptionConfiguration?.Rules ?? [];
  const [rule] = rules;
  if (rule === undefined || rules.length > 1) throw malformedXml();
  checkRule(rule);
  await s3.metadata.write((tx) =>
    changeSettings(tx, bucket, (current) => ({ encryption: completed(rule, current) })),
  );
  return {};
}

export async function getBucketEncryption(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketEncryptionCommandInput,
): Promise<Omit<sdk.GetBucketEncryptionCommandOutput, "$metadata">> {
  const { settings } = await openBucket(s3, call, input.Bucket, "s3:GetEncryptionConfiguration");
  return { ServerSideEncryptionConfiguration: settings.encryption ?? completed({}, settings) };
}

/** Back to what every bucket has: SSE-S3. */
export async function deleteBucketEncryption(
  s3: S3Context,
  call: S3Call,
  input: sdk.DeleteBucketEncryptionCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutEncryptionConfiguration");
  await s3.metadata.write((tx) =>
    changeSettings(tx, bucket, (current) => ({ encryption: completed({}, current) })),
  );
  return {};
}

function checkRule(rule: sdk.ServerSideEncryptionRule): void {
  const { ApplyServerSideEncryptionByDefault: standard, BlockedEncryptionTypes: blocked } = rule;
  if (standard === undefined && blocked === undefined) throw malformedXml();
  const blockedTypes: readonly string[] = blocked?.EncryptionType ?? [];
  if (!blockedTypes.every((type) => BLOCKABLE.has(type)) || blockedTypes.length > 1) throw malformedXml();
  if (standard === undefined) return;
  const { SSEAlgorithm: algorithm, KMSMasterKeyID: key } = standard;
  if (algorithm === "aws:kms:dsse" || algorithm === "aws:fsx")
    throw notImplemented(`the encryption ${algorithm}`);
  if (algorithm !== "AES256" && algorithm !== "aws:kms") throw malformedXml();
  if (algorithm === "AES256" && key !== undefined)
    throw invalidArgument(
      "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
      "ApplyServerSideEncryptionByDefault",
      key.slice(0, 2048),
    );
  if (key !== undefined && (key === "" || key.length > 2048))
    throw invalidArgument("The KMS key ID is not valid", "KMSMasterKeyID", key.slice(0, 2048));
}

function completed(
  rule: sdk.ServerSideEncryptionRule,
  { encryption }: BucketSettings,
): sdk.ServerSideEncryptionConfiguration {
  const current = encryption?.Rules?.[0]?.BlockedEncryptionTypes;
  return {
    Rules: [
      {
        ApplyServerSideEncryptionByDefault: rule.ApplyServerSideEncryptionByDefault ?? {
          SSEAlgorithm: "AES256",
        },
        BucketKeyEnabled: rule.BucketKeyEnabled ?? false,
        BlockedEncryptionTypes: rule.BlockedEncryptionTypes ?? current ?? BLOCKED_BY_DEFAULT,
      },
    ],
  };
}
