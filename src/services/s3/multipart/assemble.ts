/** What an object of these parts is: decided from rows alone, no byte is read. */
import { createHash } from "node:crypto";
import { AwsError } from "../../../aws/errors.ts";
import type { ChecksumAlgorithm } from "../call.ts";
import { type ChecksumType, compositeChecksum } from "../checksums/checksums.ts";
import { combineCrc } from "../checksums/crc.ts";
import { STANDARD_CHECKSUM } from "../objects/verify-content.ts";
import type { NewVersionPart } from "../objects/version.ts";
import type { NamedPart } from "./completed-parts.ts";
import { entityTooSmall, invalidPart } from "./errors.ts";
import type { StoredPart, Upload } from "./uploads.ts";

export interface Assembled {
  readonly size: number;
  readonly etag: string;
  readonly checksum: {
    readonly algorithm: ChecksumAlgorithm;
    readonly type: ChecksumType;
    readonly value: string;
  };
  readonly parts: readonly NewVersionPart[];
}

/** Of every part but the last. */
const SMALLEST_PART = 5 * 1024 ** 2;

/** Throws InvalidPart, EntityTooSmall, InvalidRequest, BadDigest. */
export async function assemble(
  upload: Upload,
  named: readonly NamedPart[],
  stored: readonly StoredPart[],
): Promise<Assembled> {
  const byNumber = new Map(stored.map((part) => [part.partNumber, part]));
  const parts = named.map((name, index) => {
    const part = byNumber.get(name.partNumber);
    if (part === undefined || part.etag !== name.etag)
      throw invalidPart(upload.id, name.partNumber, name.etag);
    if (part.size < SMALLEST_PART && index < named.length - 1)
      throw entityTooSmall(part.size, SMALLEST_PART, part.partNumber, part.etag);
    checkChecksum(upload, name, part);
    return part;
  });
  const asked = upload.description.checksum;
  const algorithm = asked?.algorithm ?? STANDARD_CHECKSUM;
  const type = asked?.type ?? "FULL_OBJECT";
  return {
    size: parts.reduce((sum, { size }) => sum + size, 0),
    etag: etagOfParts(parts),
    checksum: { algorithm, type, value: await checksumOfParts(algorithm, type, parts) },
    parts: parts.map(({ partNumber, size, blobId, checksums }) => ({
      partNumber,
      size,
      blobId,
      // What nobody asked for is told of the whole object only.
      checksums: asked === undefined ? {} : { [algorithm]: checksums[algorithm] ?? "" },
    })),
  };
}

function checkChecksum(upload: Upload, { partNumber, etag, checksum }: NamedPart, part: StoredPart): void {
  const asked = upload.description.checksum;
  if (checksum === undefined) {
    if (asked?.type !== "COMPOSITE") return;
    throw new AwsError(
      "InvalidRequest",
      `The upload was created using a ${asked.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${partNumber} in the request.`,
    );
  }
  const known = part.checksums[checksum.algorithm];
  if (known === checksum.value) return;
  if (known === undefined && asked !== undefined)
    throw new AwsError(
      "BadDigest",
      `The ${checksum.algorithm.toLowerCase()} you specified for part ${partNumber} did not match what we received.`,
    );
  throw invalidPart(upload.id, partNumber, etag);
}

/** The md5 of the parts' md5s, and how many they were. */
function etagOfParts(parts: readonly StoredPart[]): string {
  const hash = createHash("md5");
  for (const { etag } of parts) hash.update(etag, "hex");
  return `${hash.digest("hex")}-${parts.length}`;
}

async function checksumOfParts(
  algorithm: ChecksumAlgorithm,
  type: ChecksumType,
  parts: readonly StoredPart[],
): Promise<string> {
  const values = parts.map(({ checksums, size }) => ({ checksum: checksums[algorithm] ?? "", size }));
  if (type === "COMPOSITE")
    return compositeChecksum(
      algorithm,
      values.map(({ checksum }) => checksum),
    );
  if (algorithm !== "CRC32" && algorithm !== "CRC32C" && algorithm !== "CRC64NVME")
    throw new TypeError(`${algorithm} of a whole object does not follow from its parts`);
  return combineCrc(algorithm, values);
}
