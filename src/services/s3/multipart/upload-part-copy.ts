/**
 * UploadPartCopy. A whole object of one piece that lies under the upload's own key becomes a part without a byte being
 * moved, when its etag and checksum are known; everything else is read and written anew.
 */
import type { UploadPartCopyCommandInput, UploadPartCopyCommandOutput } from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import type { ByteRange } from "../../../storage/blobs/blobs.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { invalidArgument, invalidRequest } from "../buckets/errors.ts";
import { openBucketFor } from "../buckets/open-bucket.ts";
import type { ChecksumAlgorithm, S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { isArchived } from "../lifecycle/storage-classes.ts";
import { partChecksumOutput } from "../objects/checksum-members.ts";
import { openCopySource } from "../objects/copy-source.ts";
import { encryptionHeaders } from "../objects/object-encryption.ts";
import { openContent } from "../objects/open-content.ts";
import { etagOf, receiving } from "../objects/put-object.ts";
import { checkPartNumber } from "../objects/range.ts";
import { STANDARD_CHECKSUM } from "../objects/verify-content.ts";
import type { Version } from "../objects/version.ts";
import { partChecksums, partHashes } from "./part-checksums.ts";
import { partEncryption } from "./part-encryption.ts";
import { LARGEST_PART } from "./upload-part.ts";
import { findUpload, keepPart, type StoredPart, type Upload } from "./uploads.ts";

export async function uploadPartCopy(
  s3: S3Context,
  call: S3Call,
  input: UploadPartCopyCommandInput,
): Promise<Omit<UploadPartCopyCommandOutput, "$metadata">> {
  const partNumber = input.PartNumber ?? 0;
  checkPartNumber(partNumber, undefined);
  const bucket = await openBucketFor(s3, call, input.Bucket, input.Key, "s3:PutObject");
  const upload = await findUpload(s3.metadata.reader, bucket, input.Key, input.UploadId);
  const source = await openCopySource(s3, call, input);
  const { version } = source;
  const range = copiedRange(input.CopySourceRange, version.size);
  const encryption = await partEncryption(s3, call, bucket, upload, input);
  const algorithm = upload.description.checksum?.algorithm ?? STANDARD_CHECKSUM;
  const keep = async (tx: Transaction, content: Content): Promise<StoredPart> => {
    const part = { ...content, partNumber, updatedAt: s3.clock.now().getTime() };
    await keepPart(tx, s3, bucket, upload, part);
    return part;
  };

  const shared = range === undefined ? sharedContent(version, upload, algorithm) : undefined;
  const part = shared === undefined ? await rewrite() : await s3.metadata.write((tx) => keep(tx, shared));

  async function rewrite(): Promise<StoredPart> {
    const bytes = await openContent(s3, version, range, source.customerKey);
    try {
      return await receiving(() =>
        s3.blobs.take(
          bytes,
          { signal: call.signal, encryption, hashes: partHashes([algorithm]) },
          async ({ size, hashes }) => {
            const expected = range === undefined ? version.size : range.end - range.start + 1;
            if (size !== expected) throw new Error(`${size} bytes of ${version.id} came, not ${expected}`);
            return {
              etag: await etagOf(s3, hashes.md5, upload.description.encryption),
              checksums: partChecksums([algorithm], hashes),
            };
          },
          (tx, blob, described) => keep(tx, { ...described, blobId: blob.id, size: blob.size }),
        ),
      );
    } finally {
      bytes.destroy();
    }
  }

  const told = upload.description.checksum === undefined ? {} : partChecksumOutput(part.checksums);
  return {
    CopyPartResult: { ETag: `"${part.etag}"`, LastModified: new Date(part.updatedAt), ...told },
    CopySourceVersionId: source.versionId,
    ...encryptionHeaders(upload.description.encryption),
  };
}

type Content = Pick<StoredPart, "blobId" | "size" | "etag" | "checksums">;

/** The part that needs no byte to be read; undefined where one has to be. */
function sharedContent(version: Version, upload: Upload, algorithm: ChecksumAlgorithm): Content | undefined {
  const { blobId, size, etag, description } = version;
  const { checksum, encryption } = description;
  if (blobId === undefined || encryption.scope !== upload.description.encryption.scope) return undefined;
  if (isArchived(version.storageClass)) return undefined;
  if (checksum?.value === undefined || checksum.algorithm !== algorithm || checksum.type !== "FULL_OBJECT")
    return undefined;
  return {
    blobId,
    size,
    // Of one piece and under the same key: it is what the part would have.
    etag,
    checksums: { [algorithm]: checksum.value },
  };
}

/** Throws InvalidArgument, InvalidRange, InvalidRequest. Undefined: the whole object. */
function copiedRange(header: string | undefined, size: number): ByteRange | undefined {
  const range = header === undefined ? undefined : parseRange(header, size);
  const length = range === undefined ? size : range.end - range.start + 1;
  if (length > LARGEST_PART)
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${LARGEST_PART}`,
    );
  return length === size ? undefined : range;
}

function parseRange(header: string, size: number): ByteRange {
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header) ?? [];
  const range = { start: Number(first), end: Number(last) };
  if (first === undefined || last === undefined || range.end < range.start)
    throw invalidArgument(
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
      "x-amz-copy-source-range",
      header,
    );
  if (range.end < size) return range;
  throw new AwsError("InvalidRange", `Range specified is not valid for source object of size: ${size}`, {
    status: 416,
    members: { RangeRequested: header, ActualObjectSize: size },
  });
}
