/** What a client says about the bytes it uploads: Content-MD5, x-amz-checksum-*, and which of these a trailer will say. */
import { readBase64 } from "../../aws/protocols/text-values.ts";
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, isChecksum } from "../../services/s3/index.ts";
import { invalidDigest, invalidRequest } from "./errors.ts";
import type { RequestHead } from "./request-head.ts";

export interface AnnouncedChecksum {
  /** Lower-case hex. */
  readonly md5: string | undefined;
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** base64, of a header. */
  readonly value: string | undefined;
  /** The trailer that will have it, in lower case. */
  readonly trailer: string | undefined;
}

/** Their checksum headers speak of the object that they make, and are the operation's to compare. */
const CHECKSUM_OF_OBJECT: ReadonlySet<string> = new Set(["CompleteMultipartUpload"]);

/** What a request says about its body. Throws AwsError: InvalidDigest, InvalidRequest. */
export function announcedFor(operation: string, head: Pick<RequestHead, "header">): AnnouncedChecksum {
  if (!CHECKSUM_OF_OBJECT.has(operation)) return readAnnouncedChecksum(head.header);
  return readAnnouncedChecksum((name) => (name === "content-md5" ? head.header(name) : undefined));
}

/** Throws AwsError: InvalidDigest, InvalidRequest. */
export function readAnnouncedChecksum(header: (name: string) => string | undefined): AnnouncedChecksum {
  const md5 = readMd5(header("content-md5"));
  const given: ChecksumAlgorithm[] = [];
  for (const algorithm of CHECKSUM_ALGORITHMS)
    if (header(HEADERS[algorithm]) !== undefined) given.push(algorithm);
  if (given.length > 1)
    throw invalidRequest(
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  const trailer = checksumTrailer(header("x-amz-trailer"));
  const named = namedAlgorithm(header("x-amz-sdk-checksum-algorithm"));
  const [algorithm] = given;
  if (named !== undefined && named !== (algorithm ?? trailer ?? named))
    throw invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.");
  if (algorithm !== undefined) {
    if (trailer !== undefined)
      throw invalidRequest(
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
      );
    const value = header(headerOf(algorithm)) ?? "";
    if (!isChecksum(algorithm, value))
      throw invalidRequest(`Value for ${headerOf(algorithm)} header is invalid.`);
    return { md5, algorithm, value, trailer: undefined };
  }
  return {
    md5,
    algorithm: trailer ?? named,
    value: undefined,
    trailer: trailer && headerOf(trailer),
  };
}

/** Throws InvalidRequest for a value that cannot be that algorithm's. */
export function checkTrailer(algorithm: ChecksumAlgorithm, value: string): void {
  if (!isChecksum(algorithm, value))
    throw invalidRequest(`Value for ${headerOf(algorithm)} trailing header is invalid.`);
}

export function headerOf(algorithm: ChecksumAlgorithm): string {
  return HEADERS[algorithm];
}

const HEADERS = Object.fromEntries(
  CHECKSUM_ALGORITHMS.map((algorithm) => [algorithm, `x-amz-checksum-${algorithm.toLowerCase()}`]),
) as Readonly<Record<ChecksumAlgorithm, string>>;

function readMd5(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (bytesOf(text) !== 16) throw invalidDigest(text);
  return Buffer.from(text, "base64").toString("hex");
}

/** Undefined when it is no base64. */
function bytesOf(base64: string): number | undefined {
  try {
    return readBase64(base64).byteLength;
  } catch {
    return undefined;
  }
}

function checksumTrailer(names: string | undefined): ChecksumAlgorithm | undefined {
  if (names === undefined) return undefined;
  const name = names.trim().toLowerCase();
  const algorithm = CHECKSUM_ALGORITHMS.find((known) => headerOf(known) === name);
  if (algorithm === undefined)
    throw invalidRequest("The value specified in the x-amz-trailer header is not supported");
  return algorithm;
}

function namedAlgorithm(text: string | undefined): ChecksumAlgorithm | undefined {
  if (text === undefined) return undefined;
  const algorithm = CHECKSUM_ALGORITHMS.find((known) => known === text.toUpperCase());
  if (algorithm === undefined)
    throw invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.");
  return algorithm;
}
