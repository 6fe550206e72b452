import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { endUpload } from "../multipart/uploads.ts";
import type { Bucket } from "./bucket.ts";
import { noSuchBucket } from "./errors.ts";
import { findBucket, openBucket } from "./open-bucket.ts";

/** Throws BucketNotEmpty where any version or delete marker is left. Uploads in progress are aborted, as by AWS. */
export async function deleteBucket(
  s3: S3Context,
  call: S3Call,
  input: sdk.DeleteBucketCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:DeleteBucket");
  // One upload a transaction: each may have ten thousand parts, and other writers wait meanwhile.
  while (!(await s3.metadata.write((tx) => removeOrAbort(tx, s3, bucket))));
  return {};
}

/** Whether the bucket is gone; else one upload less is in its way. */
async function removeOrAbort(tx: Transaction, s3: S3Context, bucket: Bucket): Promise<boolean> {
  await checkEmpty(tx, bucket);
  const upload = await tx
    .selectFrom("s3_uploads")
    .select("id")
    .where("bucket_id", "=", bucket.id)
    .limit(1)
    .executeTakeFirst();
  if (upload !== undefined) {
    await endUpload(tx, s3, upload.id);
    return false;
  }
  await tx.deleteFrom("s3_buckets").where("id", "=", bucket.id).execute();
  return true;
}

async function checkEmpty(tx: Transaction, bucket: Bucket): Promise<void> {
  const current = await findBucket(tx, bucket.name);
  if (current.id !== bucket.id) throw noSuchBucket(bucket.name);
  const left = await tx
    .selectFrom("s3_versions")
    .select("id")
    .where("bucket_id", "=", bucket.id)
    .limit(1)
    .executeTakeFirst();
  if (left === undefined) return;
  const text =
    current.versioning === ""
      ? "The bucket you tried to delete is not empty"
      : "The bucket you tried to delete is not empty. You must delete all versions in the bucket.";
  throw new AwsError("BucketNotEmpty", text, { status: 409, members: { BucketName: bucket.name } });
}
