/** Checksums as members of S3's answers: `ChecksumCRC32` and its nine sisters, `ChecksumType` beside them. */
import type { ChecksumAlgorithm } from "../call.ts";
import { CHECKSUM_ALGORITHMS, type ChecksumMember, checksumMember } from "../checksums/checksums.ts";
import type { ObjectDescription } from "./version.ts";

export type ChecksumMembers = Partial<Record<ChecksumMember, string>>;

/** `x-amz-checksum-crc32` */
export function headerOf(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

export function checksumOutput(
  checksum: ObjectDescription["checksum"],
): ChecksumMembers & { ChecksumType?: "FULL_OBJECT" | "COMPOSITE" } {
  if (checksum?.value === undefined) return {};
  return { [checksumMember(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type };
}

/** Of a part, whose row keeps them by algorithm. */
export function partChecksumOutput(checksums: Readonly<Record<string, string>>): ChecksumMembers {
  const members: ChecksumMembers = {};
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = checksums[algorithm];
    if (value !== undefined) members[checksumMember(algorithm)] = value;
  }
  return members;
}
