/** Events of a bucket go to EventBridge, or nowhere: queues, topics and functions are not here to receive them. */
import type * as sdk from "@aws-sdk/client-s3";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { malformedXml, notImplemented } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";
import { changeSettings } from "./settings.ts";

const DESTINATIONS = {
  QueueConfigurations: "SQS queues",
  TopicConfigurations: "SNS topics",
  LambdaFunctionConfigurations: "Lambda functions",
} as const;

export async function putBucketNotificationConfiguration(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketNotificationConfigurationCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketNotification");
  const given = input.NotificationConfiguration;
  if (given === undefined) throw malformedXml();
  for (const [member, what] of Object.entries(DESTINATIONS))
    if ((given[member as keyof typeof DESTINATIONS] ?? []).length > 0)
      throw notImplemented(`${what} as destinations of bucket notifications; EventBridge can be switched on`);
  const notification =
    given.EventBridgeConfiguration === undefined ? undefined : { EventBridgeConfiguration: {} };
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ notification })));
  return {};
}

export async function getBucketNotificationConfiguration(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketNotificationConfigurationCommandInput,
): Promise<Omit<sdk.GetBucketNotificationConfigurationCommandOutput, "$metadata">> {
  const { settings } = await openBucket(s3, call, input.Bucket, "s3:GetBucketNotification");
  return settings.notification ?? {};
}
