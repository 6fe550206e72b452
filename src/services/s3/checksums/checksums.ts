import { crc32, md5, sha1, sha256, sha512, xxhash3, xxhash64, xxhash128 } from "hash-wasm";
import type { ChecksumAlgorithm } from "../call.ts";

export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

/** What the blob engine calls them. */
export const HASH_OF = {
  CRC32: "crc32",
  CRC32C: "crc32c",
  CRC64NVME: "crc64nvme",
  SHA1: "sha1",
  SHA256: "sha256",
  SHA512: "sha512",
  MD5: "md5",
  XXHASH64: "xxhash64",
  XXHASH3: "xxhash3",
  XXHASH128: "xxhash128",
} as const satisfies Readonly<Record<ChecksumAlgorithm, string>>;

/** In the order in which the S3 API lists them. */
export const CHECKSUM_ALGORITHMS = Object.keys(HASH_OF) as readonly ChecksumAlgorithm[];

/** How long the value is, in bytes. */
export const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
  XXHASH64: 8,
  XXHASH3: 8,
  XXHASH128: 16,
};

/**
 * What a multipart upload may ask for, its default first (S3 user guide, "Checking object integrity"): a whole object's
 * checksum follows from those of its parts only with CRCs, and CRC64NVME knows nothing else. An object of one piece
 * is FULL_OBJECT always.
 */
export const MULTIPART_TYPES: Readonly<
  Record<ChecksumAlgorithm, readonly [ChecksumType, ...ChecksumType[]]>
> = {
  CRC32: ["COMPOSITE", "FULL_OBJECT"],
  CRC32C: ["COMPOSITE", "FULL_OBJECT"],
  CRC64NVME: ["FULL_OBJECT"],
  SHA1: ["COMPOSITE"],
  SHA256: ["COMPOSITE"],
  SHA512: ["COMPOSITE"],
  MD5: ["COMPOSITE"],
  XXHASH64: ["COMPOSITE"],
  XXHASH3: ["COMPOSITE"],
  XXHASH128: ["COMPOSITE"],
};

/** Of a multipart upload that names only the algorithm. */
export function defaultType(algorithm: ChecksumAlgorithm): ChecksumType {
  return MULTIPART_TYPES[algorithm][0];
}

/** A digest as the S3 API writes it. */
export function checksumOf(_algorithm: ChecksumAlgorithm, hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}

/** base64 of exactly as many bytes as the algorithm has. */
export function isChecksum(algorithm: ChecksumAlgorithm, value: string): boolean {
  const bytes = Buffer.from(value, "base64");
  return bytes.byteLength === CHECKSUM_BYTES[algorithm] && bytes.toString("base64") === value;
}

/** The hash of the parts' hashes one after the other, and how many they were: `base64-N`. */
export async function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly string[],
): Promise<string> {
  const hash = COMPOSITE_HASHES[algorithm];
  if (hash === undefined) throw new RangeError(`${algorithm} is never composite`);
  const hex = await hash(Buffer.concat(parts.map((part) => Buffer.from(part, "base64"))));
  return `${checksumOf(algorithm, hex)}-${parts.length}`;
}

const COMPOSITE_HASHES: Partial<Readonly<Record<ChecksumAlgorithm, (bytes: Uint8Array) => Promise<string>>>> =
  {
    CRC32: (bytes) => crc32(bytes),
    CRC32C: (bytes) => crc32(bytes, CASTAGNOLI),
    SHA1: sha1,
    SHA256: sha256,
    SHA512: sha512,
    MD5: md5,
    XXHASH64: (bytes) => xxhash64(bytes),
    XXHASH3: (bytes) => xxhash3(bytes),
    XXHASH128: (bytes) => xxhash128(bytes),
  };

/** Reversed, as hash-wasm takes it. */
const CASTAGNOLI = 0x82f63b78;

/** How inputs and outputs of the SDK call the member that holds the value. */
export type ChecksumMember = `Checksum${ChecksumAlgorithm}`;

export function checksumMember(algorithm: ChecksumAlgorithm): ChecksumMember {
  return `Checksum${algorithm}`;
}
