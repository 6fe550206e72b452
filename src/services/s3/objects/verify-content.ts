/** What came is what the client meant: Content-MD5 and the announced checksum (user guide, "Checking object integrity"). */
import { AwsError } from "../../../aws/errors.ts";
import type { HashAlgorithm } from "../../../storage/blobs/hash-algorithms.ts";
import { invalidRequest } from "../buckets/errors.ts";
import type { ChecksumAlgorithm, UploadBody } from "../call.ts";
import { checksumOf, HASH_OF, isChecksum } from "../checksums/checksums.ts";
import { headerOf } from "./checksum-members.ts";

export interface VerifiedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** base64 */
  readonly value: string;
}

/** What S3 computes of content that came without a checksum. */
export const STANDARD_CHECKSUM: ChecksumAlgorithm = "CRC64NVME";

/** What has to be computed on the way; md5 is the etag, or what Content-MD5 is compared with. */
export function hashesFor(algorithm: ChecksumAlgorithm): readonly HashAlgorithm[] {
  return [...new Set<HashAlgorithm>(["md5", HASH_OF[algorithm]])];
}

/**
 * Called when the body has ended. Throws BadDigest, InvalidRequest.
 * @param hashes lower-case hex
 */
export function verifyContent(
  body: UploadBody,
  algorithm: ChecksumAlgorithm,
  hashes: Readonly<Partial<Record<HashAlgorithm, string>>>,
): VerifiedChecksum {
  if (body.md5 !== undefined && hashes.md5 !== body.md5)
    throw new AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.", {
      members: {
        ExpectedDigest: body.md5,
        CalculatedDigest: Buffer.from(hashes.md5 ?? "", "hex").toString("base64"),
      },
    });
  const value = checksumOf(algorithm, hashes[HASH_OF[algorithm]] ?? "");
  if (body.algorithm === undefined) return { algorithm, value };
  const said = body.checksum();
  // The SDKs send an MD5 that they are asked for as Content-MD5, and name the algorithm beside it.
  if (said === undefined && algorithm === "MD5" && body.md5 !== undefined) return { algorithm, value };
  if (said === undefined)
    throw invalidRequest(
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  if (!isChecksum(algorithm, said))
    throw invalidRequest(`Value for ${headerOf(algorithm)} header is invalid.`);
  if (said !== value)
    throw new AwsError("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`);
  return { algorithm, value };
}
