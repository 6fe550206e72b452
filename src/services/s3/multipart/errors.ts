/** What multipart operations refuse, in the words of the Amazon S3 API Reference. */
import { AwsError } from "../../../aws/errors.ts";

export function noSuchUpload(uploadId: string): AwsError {
  return new AwsError(
    "NoSuchUpload",
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    { status: 404, members: { UploadId: uploadId } },
  );
}

export function invalidPart(uploadId: string, partNumber: number, etag: string): AwsError {
  return new AwsError(
    "InvalidPart",
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { members: { UploadId: uploadId, PartNumber: partNumber, ETag: etag } },
  );
}

export function invalidPartOrder(): AwsError {
  return new AwsError(
    "InvalidPartOrder",
    "The list of parts was not in ascending order. Parts must be ordered by part number.",
  );
}

export function entityTooSmall(size: number, smallest: number, partNumber: number, etag: string): AwsError {
  return new AwsError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", {
    members: { ProposedSize: size, MinSizeAllowed: smallest, PartNumber: partNumber, ETag: etag },
  });
}

/** @param expected, actual an algorithm, or `null` without one */
export function checksumTypeMismatch(expected: string, actual: string): AwsError {
  return new AwsError(
    "InvalidRequest",
    `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()}, actual checksum Type: ${actual.toLowerCase()}`,
  );
}
