import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import type { Blobs } from "../../../storage/blobs/blobs.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import type { Bucket } from "./bucket.ts";
import { noSuchBucket } from "./errors.ts";
import { findBucket, openBucket } from "./open-bucket.ts";

/** Parts that are given up in one transaction, so that other writers do not wait. */
const BATCH = 500;

/** Throws BucketNotEmpty where any version or delete marker is left. Uploads in progress are aborted, as by AWS. */
export async function deleteBucket(
  s3: S3Context,
  call: S3Call,
  input: sdk.DeleteBucketCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:DeleteBucket");
  let gone = false;
  while (!gone) {
    gone = await s3.metadata.write(async (tx) => {
      await checkEmpty(tx, bucket);
      if (await abortUploads(tx, s3.blobs, bucket)) return false;
      await tx.deleteFrom("s3_buckets").where("id", "=", bucket.id).execute();
      return true;
    });
  }
  return {};
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

/** Whether there may be more to abort. */
async function abortUploads(tx: Transaction, blobs: Blobs, bucket: Bucket): Promise<boolean> {
  const parts = await tx
    .selectFrom("s3_upload_parts")
    .innerJoin("s3_uploads", "s3_uploads.id", "s3_upload_parts.upload_id")
    .select(["s3_upload_parts.upload_id", "s3_upload_parts.part_number", "s3_upload_parts.blob_id"])
    .where("s3_uploads.bucket_id", "=", bucket.id)
    .limit(BATCH)
    .execute();
  for (const part of parts) {
    await tx
      .deleteFrom("s3_upload_parts")
      .where("upload_id", "=", part.upload_id)
      .where("part_number", "=", part.part_number)
      .execute();
    await blobs.release(tx, part.blob_id, partReferrer(part.upload_id, part.part_number));
  }
  if (parts.length === BATCH) return true;
  await tx.deleteFrom("s3_uploads").where("bucket_id", "=", bucket.id).execute();
  return false;
}

/** As multipart uploads name themselves towards blobs. */
function partReferrer(uploadId: string, partNumber: number): string {
  return `s3-upload/${uploadId}/${partNumber}`;
}
