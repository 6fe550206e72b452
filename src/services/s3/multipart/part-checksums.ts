/** Which checksums of a part are computed, kept and told. */
import type { HashAlgorithm } from "../../../storage/blobs/hash-algorithms.ts";
import type { ChecksumAlgorithm } from "../call.ts";
import { checksumOf, HASH_OF } from "../checksums/checksums.ts";
import { STANDARD_CHECKSUM } from "../objects/verify-content.ts";
import { checksumTypeMismatch } from "./errors.ts";
import type { Upload } from "./uploads.ts";

/**
 * The algorithms that a part is hashed with: its upload's (CRC64NVME where that named none) and the client's own.
 * Throws InvalidRequest where the client speaks of another than the upload does, or of none although all parts have to.
 */
export function partAlgorithms(
  upload: Upload,
  announced: ChecksumAlgorithm | undefined,
): readonly ChecksumAlgorithm[] {
  const { checksum } = upload.description;
  if (checksum === undefined) return [...new Set([STANDARD_CHECKSUM, announced ?? STANDARD_CHECKSUM])];
  if (announced === undefined ? checksum.type === "COMPOSITE" : announced !== checksum.algorithm)
    throw checksumTypeMismatch(checksum.algorithm, announced ?? "null");
  return [checksum.algorithm];
}

/** For the blob engine; md5 is the part's etag. */
export function partHashes(algorithms: readonly ChecksumAlgorithm[]): readonly HashAlgorithm[] {
  return [...new Set<HashAlgorithm>(["md5", ...algorithms.map((algorithm) => HASH_OF[algorithm])])];
}

/** @param hashes lower-case hex */
export function partChecksums(
  algorithms: readonly ChecksumAlgorithm[],
  hashes: Readonly<Partial<Record<HashAlgorithm, string>>>,
): Record<string, string> {
  return Object.fromEntries(
    algorithms.map((algorithm) => [algorithm, checksumOf(algorithm, hashes[HASH_OF[algorithm]] ?? "")]),
  );
}
