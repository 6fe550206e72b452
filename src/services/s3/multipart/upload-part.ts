import type { UploadPartCommandInput, UploadPartCommandOutput } from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import { openBucketFor } from "../buckets/open-bucket.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { partChecksumOutput } from "../objects/checksum-members.ts";
import { encryptionHeaders } from "../objects/object-encryption.ts";
import { checkIntegrityOfLocked, standardRetention } from "../objects/object-lock.ts";
import { bodyOf, etagOf, incompleteBody, receiving } from "../objects/put-object.ts";
import { checkPartNumber } from "../objects/range.ts";
import { verifyContent } from "../objects/verify-content.ts";
import { partAlgorithms, partChecksums, partHashes } from "./part-checksums.ts";
import { partEncryption } from "./part-encryption.ts";
import { findUpload, keepPart } from "./uploads.ts";

export const LARGEST_PART: number = 5 * 1024 ** 3;

export async function uploadPart(
  s3: S3Context,
  call: S3Call,
  input: UploadPartCommandInput,
): Promise<Omit<UploadPartCommandOutput, "$metadata">> {
  const body = bodyOf(call);
  const partNumber = input.PartNumber ?? 0;
  checkPartNumber(partNumber, undefined);
  const bucket = await openBucketFor(s3, call, input.Bucket, input.Key, "s3:PutObject");
  const upload = await findUpload(s3.metadata.reader, bucket, input.Key, input.UploadId);
  const encryption = await partEncryption(s3, call, bucket, upload, input);
  const retention = upload.retention ?? standardRetention(bucket, s3.clock);
  checkIntegrityOfLocked(call, { ...upload, retention }, "Put Part");
  if (body.length !== undefined && body.length > LARGEST_PART) throw entityTooLarge(body.length);
  const algorithms = partAlgorithms(upload, body.algorithm);
  const announced = body.algorithm ?? algorithms[0];
  if (announced === undefined) throw new TypeError("parts have a checksum");

  const part = await receiving(() =>
    s3.blobs.take(
      body.stream,
      { maxSize: LARGEST_PART, signal: call.signal, encryption, hashes: partHashes(algorithms) },
      async ({ size, hashes }) => {
        if (body.length !== undefined && size !== body.length) throw incompleteBody();
        verifyContent(body, announced, hashes);
        return {
          etag: await etagOf(s3, hashes.md5, upload.description.encryption),
          checksums: partChecksums(algorithms, hashes),
        };
      },
      async (tx, blob, { etag, checksums }) => {
        const updatedAt = s3.clock.now().getTime();
        const stored = { partNumber, blobId: blob.id, size: blob.size, etag, checksums, updatedAt };
        await keepPart(tx, s3, bucket, upload, stored);
        return stored;
      },
    ),
  );
  const told = upload.description.checksum?.algorithm ?? body.algorithm;
  return {
    ETag: `"${part.etag}"`,
    ...(told !== undefined && partChecksumOutput({ [told]: part.checksums[told] ?? "" })),
    ...encryptionHeaders(upload.description.encryption),
  };
}

function entityTooLarge(size: number): AwsError {
  return new AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", {
    members: { ProposedSize: size, MaxSizeAllowed: LARGEST_PART },
  });
}
