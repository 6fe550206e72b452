/**
 * Who owns what others write: the bucket's owner, always. The two ownerships with which ACLs count are refused, not
 * stored: nobody is to believe in ACLs that nothing asks.
 */
import type * as sdk from "@aws-sdk/client-s3";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { malformedXml, noSuchConfiguration, notImplemented } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";
import { changeSettings } from "./settings.ts";

export async function putBucketOwnershipControls(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketOwnershipControlsCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketOwnershipControls");
  const rules = input.OwnershipControls?.Rules ?? [];
  if (rules.length !== 1) throw malformedXml();
  const ownership = checkOwnership(rules[0]?.ObjectOwnership);
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ ownership })));
  return {};
}

export async function getBucketOwnershipControls(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketOwnershipControlsCommandInput,
): Promise<Omit<sdk.GetBucketOwnershipControlsCommandOutput, "$metadata">> {
  const { settings, name } = await openBucket(s3, call, input.Bucket, "s3:GetBucketOwnershipControls");
  if (settings.ownership === undefined)
    throw noSuchConfiguration(
      "OwnershipControlsNotFoundError",
      "The bucket ownership controls were not found",
      name,
    );
  return { OwnershipControls: { Rules: [{ ObjectOwnership: settings.ownership }] } };
}

export async function deleteBucketOwnershipControls(
  s3: S3Context,
  call: S3Call,
  input: sdk.DeleteBucketOwnershipControlsCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketOwnershipControls");
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ ownership: undefined })));
  return {};
}

/** Throws MalformedXML for what is no ownership, NotImplemented for the two with ACLs. */
export function checkOwnership(ownership: string | undefined): "BucketOwnerEnforced" {
  if (ownership === "BucketOwnerEnforced") return ownership;
  if (ownership === "BucketOwnerPreferred" || ownership === "ObjectWriter")
    throw notImplemented(`ACLs, and so not the object ownership ${ownership}: use BucketOwnerEnforced`);
  throw malformedXml();
}
