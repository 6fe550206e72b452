/**
 * `Range` and `partNumber` of GetObject and HeadObject (RFC 9110 section 14). As S3 does, of several ranges none is
 * served, and a header that is not understood is passed over: the answer is the whole object.
 */
import { AwsError } from "../../../aws/errors.ts";
import type { ByteRange } from "../../../storage/blobs/blobs.ts";
import { S3Error } from "../s3-error.ts";

const LONGEST_RANGE = 256;

/** Throws InvalidRange. Undefined: everything. */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  // Longer ones are nothing but white space, over which the expression would go back and forth.
  const match =
    header === undefined || header.length > LONGEST_RANGE
      ? null
      : /^bytes=\s*(\d{0,20})\s*-\s*(\d{0,20})\s*$/i.exec(header);
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const suffix = Math.min(Number(last), size);
    if (suffix === 0) throw invalidRange(header, size);
    return { start: size - suffix, end: size - 1 };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Number(last);
  if (last !== "" && end < start) return undefined;
  if (start >= size) throw invalidRange(header, size);
  return { start, end: Math.min(end, size - 1) };
}

export function contentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end}/${size}`;
}

function invalidRange(header: string | undefined, size: number): AwsError {
  return new S3Error("InvalidRange", "The requested range is not satisfiable", {
    status: 416,
    members: { RangeRequested: header, ActualObjectSize: size },
    headers: { "content-range": `bytes */${size}` },
  });
}

/** Throws InvalidRequest, InvalidArgument. */
export function checkPartNumber(partNumber: number, range: string | undefined): void {
  if (range !== undefined)
    throw new AwsError("InvalidRequest", "Cannot specify both Range header and partNumber query parameter");
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > 10_000)
    throw new AwsError("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", {
      members: { ArgumentName: "partNumber", ArgumentValue: partNumber },
    });
}

export function invalidPartNumber(partNumber: number, parts: number): AwsError {
  return new AwsError("InvalidPartNumber", "The requested partnumber is not satisfiable", {
    status: 416,
    members: { ActualPartCount: parts, PartNumberRequested: partNumber },
  });
}
