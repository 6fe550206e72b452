/** Get-, Put- and DeleteBucketLifecycleConfiguration. A put replaces all rules; they hold for what is there already, too. */
import type * as sdk from "@aws-sdk/client-s3";
import { openBucket } from "../buckets/open-bucket.ts";
import { changeSettings } from "../buckets/settings.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { noSuchLifecycle } from "./errors.ts";
import { checkLifecycle, checkMinimumSize } from "./validation.ts";

export async function getBucketLifecycle(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketLifecycleConfigurationCommandInput,
): Promise<Omit<sdk.GetBucketLifecycleConfigurationCommandOutput, "$metadata">> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:GetLifecycleConfiguration");
  const { lifecycle } = bucket.settings;
  if (lifecycle === undefined) throw noSuchLifecycle(bucket.name);
  return {
    Rules: lifecycle.rules.map(withDates),
    TransitionDefaultMinimumObjectSize: lifecycle.minimumSize,
  };
}

/** Settings are stored as JSON, where dates are texts. */
function withDates(rule: sdk.LifecycleRule): sdk.LifecycleRule {
  const { Expiration: expiration, Transitions: transitions } = rule;
  return {
    ...rule,
    ...(expiration && { Expiration: withDate(expiration) }),
    ...(transitions && { Transitions: transitions.map(withDate) }),
  };
}

function withDate<Timed extends { Date?: Date | undefined }>(timed: Timed): Timed {
  return timed.Date === undefined ? timed : { ...timed, Date: new Date(timed.Date) };
}

export async function putBucketLifecycle(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketLifecycleConfigurationCommandInput,
): Promise<Omit<sdk.PutBucketLifecycleConfigurationCommandOutput, "$metadata">> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutLifecycleConfiguration");
  const minimumSize = checkMinimumSize(input.TransitionDefaultMinimumObjectSize);
  const rules = checkLifecycle(input.LifecycleConfiguration);
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ lifecycle: { rules, minimumSize } })));
  return { TransitionDefaultMinimumObjectSize: minimumSize };
}

/** Fine when there is none. */
export async function deleteBucketLifecycle(
  s3: S3Context,
  call: S3Call,
  input: sdk.DeleteBucketLifecycleCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutLifecycleConfiguration");
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ lifecycle: undefined })));
  return {};
}
