import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { invalidBucketState, malformedXml, notImplemented } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";
import { changeBucket } from "./settings.ts";

export async function getBucketVersioning(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketVersioningCommandInput,
): Promise<Omit<sdk.GetBucketVersioningCommandOutput, "$metadata">> {
  const { versioning } = await openBucket(s3, call, input.Bucket, "s3:GetBucketVersioning");
  return versioning === "" ? {} : { Status: versioning };
}

/** Throws InvalidBucketState for Suspended where Object Lock is enabled. */
export async function putBucketVersioning(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketVersioningCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketVersioning");
  const { Status: status, MFADelete: mfaDelete } = input.VersioningConfiguration ?? {};
  if (mfaDelete === "Enabled") throw notImplemented("MFA delete");
  if (status === undefined)
    throw new AwsError("IllegalVersioningConfigurationException", "The Versioning element must be specified");
  if (status !== "Enabled" && status !== "Suspended") throw malformedXml();
  await s3.metadata.write((tx) =>
    changeBucket(tx, bucket, (current) => {
      if (status === "Suspended" && current.settings.objectLock !== undefined)
        throw invalidBucketState(
          "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
        );
      return { versioning: status };
    }),
  );
  return {};
}
