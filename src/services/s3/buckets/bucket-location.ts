import type * as sdk from "@aws-sdk/client-s3";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { bucketArn } from "./bucket.ts";
import { openBucket } from "./open-bucket.ts";

export async function headBucket(
  s3: S3Context,
  call: S3Call,
  input: sdk.HeadBucketCommandInput,
): Promise<Omit<sdk.HeadBucketCommandOutput, "$metadata">> {
  const { region, name } = await openBucket(s3, call, input.Bucket, "s3:ListBucket");
  return { BucketRegion: region, AccessPointAlias: false, BucketArn: bucketArn(name) };
}

/** Nothing at all stands for us-east-1. */
export async function getBucketLocation(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketLocationCommandInput,
): Promise<Omit<sdk.GetBucketLocationCommandOutput, "$metadata">> {
  const { region } = await openBucket(s3, call, input.Bucket, "s3:GetBucketLocation");
  return region === "us-east-1" ? {} : { LocationConstraint: region as sdk.BucketLocationConstraint };
}
