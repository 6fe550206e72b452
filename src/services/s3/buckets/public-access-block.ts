/**
 * Block Public Access (Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage"). Policies are held to
 * it in bucket-policy.ts (BlockPublicPolicy) and open-bucket.ts (RestrictPublicBuckets); public ACLs there are none,
 * for no bucket here allows ACLs (access-control-lists.ts).
 */
import type * as sdk from "@aws-sdk/client-s3";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { malformedXml, noSuchConfiguration } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";
import { changeSettings } from "./settings.ts";

export async function putPublicAccessBlock(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutPublicAccessBlockCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketPublicAccessBlock");
  const given = input.PublicAccessBlockConfiguration;
  if (given === undefined) throw malformedXml();
  const publicAccessBlock: sdk.PublicAccessBlockConfiguration = {
    BlockPublicAcls: given.BlockPublicAcls ?? false,
    IgnorePublicAcls: given.IgnorePublicAcls ?? false,
    BlockPublicPolicy: given.BlockPublicPolicy ?? false,
    RestrictPublicBuckets: given.RestrictPublicBuckets ?? false,
  };
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ publicAccessBlock })));
  return {};
}

export async function getPublicAccessBlock(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetPublicAccessBlockCommandInput,
): Promise<Omit<sdk.GetPublicAccessBlockCommandOutput, "$metadata">> {
  const { settings, name } = await openBucket(s3, call, input.Bucket, "s3:GetBucketPublicAccessBlock");
  if (settings.publicAccessBlock === undefined)
    throw noSuchConfiguration(
      "NoSuchPublicAccessBlockConfiguration",
      "The public access block configuration was not found",
      name,
    );
  return { PublicAccessBlockConfiguration: settings.publicAccessBlock };
}

export async function deletePublicAccessBlock(
  s3: S3Context,
  call: S3Call,
  input: sdk.DeletePublicAccessBlockCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketPublicAccessBlock");
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ publicAccessBlock: undefined })));
  return {};
}
