import type { AbortMultipartUploadCommandInput } from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import { openBucketFor } from "../buckets/open-bucket.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { endUpload, findUpload } from "./uploads.ts";

export async function abortMultipartUpload(
  s3: S3Context,
  call: S3Call,
  input: AbortMultipartUploadCommandInput,
): Promise<object> {
  const { Key: key, UploadId: uploadId, IfMatchInitiatedTime: time } = input;
  const bucket = await openBucketFor(s3, call, input.Bucket, key, "s3:AbortMultipartUpload");
  await s3.metadata.write(async (tx) => {
    const upload = await findUpload(tx, bucket, key, uploadId);
    if (time !== undefined && seconds(time) !== seconds(upload.initiatedAt))
      throw new AwsError(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        { status: 412, members: { Condition: "x-amz-if-match-initiated-time" } },
      );
    await endUpload(tx, s3, upload.id);
  });
  return {};
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
