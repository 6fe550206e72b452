/** Object Lock of a bucket (Amazon S3 User Guide, "Configuring S3 Object Lock"): once on, it stays. */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { invalidBucketState, malformedXml, noSuchConfiguration } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";
import { changeSettings } from "./settings.ts";

/** A hundred years, in each of the two units. */
const LONGEST = { Days: 36_500, Years: 100 };

export async function putObjectLockConfiguration(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutObjectLockConfigurationCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketObjectLockConfiguration");
  const objectLock = checked(input.ObjectLockConfiguration);
  await s3.metadata.write((tx) =>
    changeSettings(tx, bucket, (_, { versioning }) => {
      if (versioning !== "Enabled")
        throw invalidBucketState(
          "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
        );
      return { objectLock };
    }),
  );
  return {};
}

export async function getObjectLockConfiguration(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetObjectLockConfigurationCommandInput,
): Promise<Omit<sdk.GetObjectLockConfigurationCommandOutput, "$metadata">> {
  const { settings, name } = await openBucket(s3, call, input.Bucket, "s3:GetBucketObjectLockConfiguration");
  if (settings.objectLock === undefined)
    throw noSuchConfiguration(
      "ObjectLockConfigurationNotFoundError",
      "Object Lock configuration does not exist for this bucket",
      name,
    );
  return { ObjectLockConfiguration: settings.objectLock };
}

/** Throws MalformedXML, InvalidRetentionPeriod. */
function checked(given: sdk.ObjectLockConfiguration | undefined): sdk.ObjectLockConfiguration {
  if (given?.ObjectLockEnabled !== "Enabled") throw malformedXml();
  if (given.Rule === undefined) return { ObjectLockEnabled: "Enabled" };
  const retention = given.Rule.DefaultRetention;
  const { Mode: mode, Days: days, Years: years } = retention ?? {};
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") throw malformedXml();
  if ((days === undefined) === (years === undefined)) throw malformedXml();
  checkPeriod(days, LONGEST.Days);
  checkPeriod(years, LONGEST.Years);
  const period = days === undefined ? { Years: years } : { Days: days };
  return { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: mode, ...period } } };
}

function checkPeriod(length: number | undefined, longest: number): void {
  if (length === undefined) return;
  if (!Number.isInteger(length) || length < 1)
    throw new AwsError("InvalidRetentionPeriod", "Default retention period must be a positive integer value");
  if (length > longest) throw new AwsError("InvalidRetentionPeriod", "Default retention period too large");
}
