/** Who pays is nobody here; but callers of other accounts must say that they would (open-bucket.ts). */
import type * as sdk from "@aws-sdk/client-s3";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { malformedXml } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";
import { changeSettings } from "./settings.ts";

export async function putBucketRequestPayment(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketRequestPaymentCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketRequestPayment");
  const payer = input.RequestPaymentConfiguration?.Payer;
  if (payer !== "BucketOwner" && payer !== "Requester") throw malformedXml();
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ requestPayment: payer })));
  return {};
}

export async function getBucketRequestPayment(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketRequestPaymentCommandInput,
): Promise<Omit<sdk.GetBucketRequestPaymentCommandOutput, "$metadata">> {
  const { settings } = await openBucket(s3, call, input.Bucket, "s3:GetBucketRequestPayment");
  return { Payer: settings.requestPayment ?? "BucketOwner" };
}
