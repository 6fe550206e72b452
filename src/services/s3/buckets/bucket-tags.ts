import type * as sdk from "@aws-sdk/client-s3";
import { NO_CONTENT, type S3Call, type XmlDocument } from "../call.ts";
import type { S3Context } from "../context.ts";
import { malformedXml, noSuchConfiguration } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";
import { changeSettings } from "./settings.ts";
import { checkTags, tagSet } from "./tag-set.ts";

export async function putBucketTagging(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketTaggingCommandInput,
): Promise<XmlDocument> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketTagging");
  if (input.Tagging?.TagSet === undefined) throw malformedXml();
  const given = checkTags(input.Tagging.TagSet);
  const tags = Object.keys(given).length === 0 ? undefined : given;
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ tags })));
  return NO_CONTENT;
}

export async function getBucketTagging(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketTaggingCommandInput,
): Promise<Omit<sdk.GetBucketTaggingCommandOutput, "$metadata">> {
  const { settings, name } = await openBucket(s3, call, input.Bucket, "s3:GetBucketTagging");
  if (settings.tags === undefined)
    throw noSuchConfiguration("NoSuchTagSet", "The TagSet does not exist", name);
  return { TagSet: tagSet(settings.tags) };
}

export async function deleteBucketTagging(
  s3: S3Context,
  call: S3Call,
  input: sdk.DeleteBucketTaggingCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketTagging");
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ tags: undefined })));
  return {};
}
