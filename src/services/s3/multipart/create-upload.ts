import type {
  CreateMultipartUploadCommandInput,
  CreateMultipartUploadCommandOutput,
} from "@aws-sdk/client-s3";
import { accessDenied, noSuchBucket } from "../buckets/errors.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { abortRule } from "../lifecycle/headers.ts";
import { storedKey } from "../object-key.ts";
import { checkKey, openForWriting } from "../objects/new-object.ts";
import { encryptionFor, encryptionHeaders } from "../objects/object-encryption.ts";
import { describeHeaders } from "../objects/object-headers.ts";
import { tagsColumn } from "../objects/tag-set.ts";
import type { ObjectDescription } from "../objects/version.ts";
import { chooseChecksum } from "./checksum-choice.ts";
import { makeUploadId } from "./upload-id.ts";

export async function createMultipartUpload(
  s3: S3Context,
  call: S3Call,
  input: CreateMultipartUploadCommandInput,
): Promise<Omit<CreateMultipartUploadCommandOutput, "$metadata">> {
  const { bucket, key, storageClass, tags, lock } = await openForWriting(s3, call, input);
  if (call.principal.kind === "anonymous")
    throw accessDenied("Anonymous users cannot initiate multipart uploads.  Please authenticate.");
  checkKey(key);
  const checksum = chooseChecksum(input.ChecksumAlgorithm, input.ChecksumType);
  const described = describeHeaders(call, input);
  const { description: encryption } = await encryptionFor(s3, call, bucket, input);
  const description: ObjectDescription = { ...described, ...(checksum && { checksum }), encryption };
  // The bucket's default waits: it counts from when the object is there (complete-upload.ts).
  const retention = input.ObjectLockMode === undefined ? undefined : lock.retention;
  const initiatedAt = s3.clock.now();
  const uploadId = makeUploadId(initiatedAt);
  await s3.metadata.write(async (tx) => {
    const there = await tx
      .selectFrom("s3_buckets")
      .select("id")
      .where("id", "=", bucket.id)
      .executeTakeFirst();
    if (there === undefined) throw noSuchBucket(bucket.name);
    await tx
      .insertInto("s3_uploads")
      .values({
        id: uploadId,
        bucket_id: bucket.id,
        key: storedKey(key),
        initiated_at: initiatedAt.getTime(),
        storage_class: storageClass,
        description: JSON.stringify(description),
        tags: tagsColumn(tags),
        retention_mode: retention?.mode ?? "",
        retain_until: retention?.until.getTime() ?? null,
        legal_hold: lock.legalHold ? 1 : 0,
      })
      .execute();
  });
  const rule = abortRule(bucket, { key, initiatedAt }, s3.clock);
  return {
    Bucket: bucket.name,
    Key: key,
    UploadId: uploadId,
    ChecksumAlgorithm: checksum?.algorithm,
    ChecksumType: checksum?.type,
    AbortDate: rule?.abortDate,
    AbortRuleId: rule?.abortRuleId,
    ...encryptionHeaders(encryption, "written"),
  };
}
