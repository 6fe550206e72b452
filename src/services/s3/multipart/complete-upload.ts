import type {
  CompleteMultipartUploadCommandInput,
  CompleteMultipartUploadCommandOutput,
} from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { openBucketFor } from "../buckets/open-bucket.ts";
import type { S3Call } from "../call.ts";
import { CHECKSUM_ALGORITHMS, checksumMember } from "../checksums/checksums.ts";
import type { S3Context } from "../context.ts";
import { expirationHeader } from "../lifecycle/headers.ts";
import { storedKey } from "../object-key.ts";
import { checksumOutput } from "../objects/checksum-members.ts";
import { conditionally } from "../objects/conditions.ts";
import { createWriteVersions } from "../objects/create-write-versions.ts";
import { causeOf } from "../objects/new-object.ts";
import { checkDecrypt, encryptionHeaders } from "../objects/object-encryption.ts";
import { standardRetention } from "../objects/object-lock.ts";
import { writtenVersionId } from "../objects/read-version.ts";
import type { Version } from "../objects/version.ts";
import { versionOf } from "../objects/version-rows.ts";
import { type Assembled, assemble } from "./assemble.ts";
import { type NamedPart, namedParts } from "./completed-parts.ts";
import { noSuchUpload } from "./errors.ts";
import { endUpload, findUpload, type StoredPart, storedParts, type Upload } from "./uploads.ts";

type Input = CompleteMultipartUploadCommandInput;

/**
 * Makes the parts a version, in one transaction and without moving a byte. The same call again after it succeeded gets
 * the same answer: clients repeat it when the first answer was lost.
 */
export async function completeMultipartUpload(
  s3: S3Context,
  call: S3Call,
  input: Input,
): Promise<Omit<CompleteMultipartUploadCommandOutput, "$metadata">> {
  const bucket = await openBucketFor(s3, call, input.Bucket, input.Key, "s3:PutObject", {
    ...(input.IfMatch !== undefined && { "s3:if-match": input.IfMatch }),
    ...(input.IfNoneMatch !== undefined && { "s3:if-none-match": input.IfNoneMatch }),
  });
  const named = namedParts(input.MultipartUpload);
  const conditions = { ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch };
  const version = await conditionally(conditions, input.Key, () => complete(s3, call, bucket, input, named));
  return {
    Location: `${call.baseUrl}/${bucket.name}/${encodeURIComponent(version.key).replaceAll("%2F", "/")}`,
    Bucket: bucket.name,
    Key: version.key,
    ETag: `"${version.etag}"`,
    VersionId: writtenVersionId(version),
    Expiration: expirationHeader(bucket, version, s3.clock),
    ...checksumOutput(version.description.checksum),
    ...encryptionHeaders(version.description.encryption, "written"),
  };
}

/** What is computed comes before the transaction, which begins again when a part was replaced meanwhile. */
async function complete(
  s3: S3Context,
  call: S3Call,
  bucket: Bucket,
  input: Input,
  named: readonly NamedPart[],
): Promise<Version> {
  const uploadId = input.UploadId ?? "";
  for (;;) {
    const before = await uploadOrVersion(s3.metadata.reader, bucket, input);
    if (!("upload" in before)) return before.version;
    const { upload } = before;
    await checkDecrypt(s3, call, bucket, upload);
    const stored = await storedParts(s3.metadata.reader, uploadId);
    checkChecksumType(upload, input);
    let assembled: Assembled;
    try {
      assembled = await assemble(upload, named, stored);
      checkWhole(upload, input, assembled);
    } catch (error) {
      // The upload may have ended between the two reads: then it had no parts.
      const now = await uploadOrVersion(s3.metadata.reader, bucket, input);
      if (!("upload" in now)) return now.version;
      throw error;
    }
    const version = await s3.metadata.write(async (tx) => {
      const now = await uploadOrVersion(tx, bucket, input);
      if (!("upload" in now)) return now.version;
      if (!sameParts(stored, await storedParts(tx, uploadId))) return undefined;
      const written = await createWriteVersions(s3).put(
        tx,
        bucket,
        {
          key: upload.key,
          size: assembled.size,
          etag: assembled.etag,
          blobId: undefined,
          parts: assembled.parts,
          storageClass: upload.storageClass,
          description: { ...upload.description, checksum: assembled.checksum, uploadId },
          tags: upload.tags,
          // The default is the bucket's at this moment, and counts from it: only now there is an object.
          retention: upload.retention ?? standardRetention(bucket, s3.clock),
          legalHold: upload.legalHold,
        },
        { ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch, begunAt: upload.initiatedAt },
        causeOf(call, "CompleteMultipartUpload"),
      );
      await endUpload(tx, s3, uploadId);
      return written;
    });
    if (version !== undefined) return version;
  }
}

/** Of that many of a key's newest versions it is known whether an upload became them. */
const REMEMBERED = 100;

/** The upload, or the version that it has become. Throws NoSuchUpload. */
async function uploadOrVersion(
  reader: Reader,
  bucket: Bucket,
  { Key: key = "", UploadId: uploadId = "" }: Input,
): Promise<{ readonly upload: Upload } | { readonly version: Version }> {
  const upload = await findUpload(reader, bucket, key, uploadId).catch((error: unknown) => {
    if (error instanceof AwsError && error.name === "NoSuchUpload") return undefined;
    throw error;
  });
  if (upload !== undefined) return { upload };
  const rows = await reader
    .selectFrom("s3_versions")
    .selectAll()
    .where("bucket_id", "=", bucket.id)
    .where("key", "=", storedKey(key))
    .orderBy("rank")
    .limit(REMEMBERED)
    .execute();
  for (const row of rows) {
    const version = versionOf(row);
    if (version.description.uploadId === uploadId) return { version };
  }
  throw noSuchUpload(uploadId);
}

function sameParts(left: readonly StoredPart[], right: readonly StoredPart[]): boolean {
  return (
    left.length === right.length &&
    left.every((part, index) => {
      const other = right[index];
      return (
        other !== undefined &&
        part.partNumber === other.partNumber &&
        part.blobId === other.blobId &&
        part.etag === other.etag
      );
    })
  );
}

/** Throws InvalidRequest. */
function checkChecksumType({ description }: Upload, { ChecksumType: type }: Input): void {
  const expected = description.checksum?.type;
  if (type === undefined || type === expected) return;
  if (type !== "COMPOSITE" && type !== "FULL_OBJECT")
    throw new AwsError("InvalidRequest", "Value for x-amz-checksum-type header is invalid.");
  throw new AwsError(
    "InvalidRequest",
    `The upload was created using the ${expected ?? "null"} checksum mode. The complete request must use the same checksum mode.`,
  );
}

/** What the client says of the whole object. Throws InvalidRequest, BadDigest. */
function checkWhole({ description }: Upload, input: Input, { size, checksum, parts }: Assembled): void {
  const { MpuObjectSize: said } = input;
  if (said !== undefined && Number(said) !== size)
    throw new AwsError(
      "InvalidRequest",
      `The provided 'x-amz-mp-object-size' header value ${said} does not match what was computed: ${size}`,
    );
  const given = CHECKSUM_ALGORITHMS.filter((algorithm) => input[checksumMember(algorithm)] !== undefined);
  const [algorithm] = given;
  if (algorithm === undefined) return;
  if (given.length > 1)
    throw new AwsError(
      "InvalidRequest",
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  const value = input[checksumMember(algorithm)] ?? "";
  if (description.checksum === undefined && algorithm !== checksum.algorithm) return;
  const counted = checksum.type === "COMPOSITE" && !value.includes("-") ? `${value}-${parts.length}` : value;
  if (algorithm === checksum.algorithm && counted === checksum.value) return;
  throw new AwsError(
    "BadDigest",
    `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
  );
}
