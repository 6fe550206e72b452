import type { CompletedMultipartUpload, CompletedPart } from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import { malformedXml } from "../buckets/errors.ts";
import type { ChecksumAlgorithm } from "../call.ts";
import { CHECKSUM_ALGORITHMS, checksumMember, isChecksum } from "../checksums/checksums.ts";
import { invalidPartOrder } from "./errors.ts";

/** A part as CompleteMultipartUpload names it. */
export interface NamedPart {
  readonly partNumber: number;
  /** Without quotes. */
  readonly etag: string;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined;
}

const MOST_PARTS = 10_000;

/** Throws MalformedXML, InvalidArgument, InvalidPartOrder. */
export function namedParts(upload: CompletedMultipartUpload | undefined): NamedPart[] {
  const parts = upload?.Parts ?? [];
  if (parts.length === 0 || parts.length > MOST_PARTS) throw malformedXml();
  let before = 0;
  return parts.map((part) => {
    const { PartNumber: partNumber, ETag: etag } = part;
    if (partNumber === undefined || etag === undefined || !Number.isInteger(partNumber)) throw malformedXml();
    if (partNumber < 1)
      throw new AwsError("InvalidArgument", "PartNumber must be >= 1", {
        members: { ArgumentName: "PartNumber", ArgumentValue: String(partNumber) },
      });
    if (partNumber <= before) throw invalidPartOrder();
    before = partNumber;
    return { partNumber, etag: unquoted(etag), checksum: checksumIn(part) };
  });
}

/** Without an expression that goes back over white space: a document may have megabytes of it. */
function unquoted(etag: string): string {
  const text = etag.trim();
  return text.slice(text.startsWith('"') ? 1 : 0, text.endsWith('"') && text.length > 1 ? -1 : undefined);
}

function checksumIn(part: CompletedPart): NamedPart["checksum"] {
  const said = CHECKSUM_ALGORITHMS.flatMap((algorithm) => {
    const value = part[checksumMember(algorithm)];
    return value === undefined ? [] : [{ algorithm, value }];
  });
  const [checksum] = said;
  if (said.length > 1 || (checksum !== undefined && !isChecksum(checksum.algorithm, checksum.value)))
    throw new AwsError("InvalidArgument", "Invalid Base64 or multiple checksums present in request", {
      members: { ArgumentName: "Checksum", ArgumentValue: said.map(({ value }) => value).join(", ") },
    });
  return checksum;
}
