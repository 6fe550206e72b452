import { AwsError } from "../../../aws/errors.ts";
import type { ChecksumAlgorithm } from "../call.ts";
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumType,
  defaultType,
  MULTIPART_TYPES,
} from "../checksums/checksums.ts";

/** What CreateMultipartUpload's headers ask for; undefined without any. Throws InvalidRequest. */
export function chooseChecksum(
  algorithm: string | undefined,
  type: string | undefined,
): { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | undefined {
  if (type !== undefined && type !== "COMPOSITE" && type !== "FULL_OBJECT")
    throw refused("Value for x-amz-checksum-type header is invalid.");
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    throw refused(
      "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    );
  }
  const known = CHECKSUM_ALGORITHMS.find((one) => one === algorithm.toUpperCase());
  if (known === undefined)
    throw refused(
      `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${[...CHECKSUM_ALGORITHMS].sort().join(", ")}]`,
    );
  if (type !== undefined && !MULTIPART_TYPES[known].includes(type))
    throw refused(
      `The ${type} checksum type cannot be used with the ${known.toLowerCase()} checksum algorithm.`,
    );
  return { algorithm: known, type: type ?? defaultType(known) };
}

function refused(message: string): AwsError {
  return new AwsError("InvalidRequest", message);
}
