/**
 * A request as S3 understands it before its operation is known: what the wire says in one way is said in the one way
 * that the model reads.
 */

import { joinHeaders } from "../../aws/sigv4/raw-headers.ts";
import { canonicalPairs, decodeComponent, splitTarget } from "../../aws/sigv4/raw-query.ts";
import type { WireRequest } from "../../aws/wire.ts";
import { hasControl } from "../../services/s3/index.ts";
import { invalidArgument, invalidUri } from "./errors.ts";
import { decodeHeaderText, decodeMetadataText, METADATA_PREFIX } from "./header-text.ts";

export interface RawHead {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  /** By the host's name. */
  readonly bucket: string | undefined;
}

export interface RequestHead {
  /** What the model reads. */
  readonly wire: WireRequest;
  /** A header as it came, but for its encoding; name in lower case. */
  header(name: string): string | undefined;
}

/**
 * Throws InvalidURI for a target that is not percent-encoded UTF-8.
 *
 * @param presigned whether x-amz-* parameters of the query stand for headers, as signers of URLs write them
 */
export function readHead(raw: RawHead, presigned: boolean): RequestHead {
  const target = encodeRawBytes(raw.target);
  if (target.includes("%") && decodeComponent(target) === undefined) throw invalidUri();
  const given = joinHeaders(raw.rawHeaders, decodedHeader);
  if (presigned) addHeadersOfQuery(given, splitTarget(raw.target).query);
  const headers: Record<string, string> = Object.assign(Object.create(null), given);
  dropAwsChunked(headers);
  for (const name of DATES) normalizeDate(headers, name);
  // S3 takes the name in any case.
  const algorithm = headers["x-amz-sdk-checksum-algorithm"];
  if (algorithm !== undefined) headers["x-amz-sdk-checksum-algorithm"] = algorithm.toUpperCase();
  const { method, bucket } = raw;
  return {
    wire: { method, target, headers, body: NO_BYTES, bucket },
    header: (name) => given[name],
  };
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Writes of whole objects. */
const WHOLE_OBJECT: ReadonlySet<string> = new Set(["PutObject", "CopyObject"]);
const OF_A_PART: ReadonlySet<string> = new Set(["partNumber", "uploadId"]);

/**
 * Throws InvalidArgument: who names half a part means no object. The router takes such a request for a write of the whole
 * object, which would lie there in place of the part.
 */
export function refuseLonePart(operation: string, target: string): void {
  if (!WHOLE_OBJECT.has(operation)) return;
  for (const [name, value] of canonicalPairs(splitTarget(target).query))
    if (OF_A_PART.has(name))
      throw invalidArgument("A part is named by both its partNumber and its uploadId.", name, value);
}

/** Repeats joined with a comma, as S3 keeps metadata that comes twice (User Guide, "Working with object metadata"). */
function decodedHeader(name: string, raw: string): string {
  return name.startsWith(METADATA_PREFIX) ? decodeMetadataText(raw) : decodeHeaderText(raw);
}

/** What says who signed is no header of the object's. */
const OF_THE_SIGNATURE: ReadonlySet<string> = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-expires",
  "x-amz-signedheaders",
  "x-amz-signature",
  "x-amz-security-token",
  "x-amz-content-sha256",
]);

/** Signed into an address, they hold whatever headers its user sends: it shall not write over what is there. */
const CONDITIONS: ReadonlySet<string> = new Set(["if-match", "if-none-match"]);

/** SDKs write a presigned request's headers into its query (S3 reads both); a header that is there goes before. */
function addHeadersOfQuery(headers: Record<string, string>, query: string): void {
  for (const [encodedName, encodedValue] of canonicalPairs(query)) {
    const name = encodedName.toLowerCase();
    const isCondition = CONDITIONS.has(name);
    if (!(name.startsWith("x-amz-") || isCondition) || OF_THE_SIGNATURE.has(name)) continue;
    const value = decodeComponent(encodedValue);
    if (value === undefined) continue;
    // No header could have said it, and none could answer it again.
    if (hasControl(value))
      throw invalidArgument("Header value must not contain control characters.", name, "");
    if (isCondition) headers[name] = value;
    else headers[name] ??= value;
  }
}

/** The framing of the upload, not of the object (S3 API reference, "Signature Calculations ... Chunked Upload"). */
function dropAwsChunked(headers: Record<string, string>): void {
  const coding = headers["content-encoding"];
  if (coding === undefined || !/aws-chunked/i.test(coding)) return;
  const rest = coding
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "" && part.toLowerCase() !== "aws-chunked");
  if (rest.length === 0) delete headers["content-encoding"];
  else headers["content-encoding"] = rest.join(", ");
}

/** Bound to times in the model. RFC 9110 section 13.1.3: a condition whose date is none is ignored. */
const DATES = [
  "if-modified-since",
  "if-unmodified-since",
  "x-amz-copy-source-if-modified-since",
  "x-amz-copy-source-if-unmodified-since",
  "expires",
  "x-amz-if-match-last-modified-time",
];

function normalizeDate(headers: Record<string, string>, name: string): void {
  const text = headers[name];
  if (text === undefined) return;
  const time = text.length > 64 ? Number.NaN : Date.parse(text);
  if (Number.isNaN(time)) delete headers[name];
  else headers[name] = new Date(time).toUTCString();
}

/** Bytes that a client should have percent-encoded are part of the key as they are. */
function encodeRawBytes(target: string): string {
  if (!RAW_BYTE.test(target)) return target;
  return target.replaceAll(RAW_BYTES, (character) => {
    const code = character.charCodeAt(0);
    return code < 256
      ? `%${code.toString(16).toUpperCase().padStart(2, "0")}`
      : encodeURIComponent(character);
  });
}

const RAW_BYTE = /[^\x21-\x7e]/;
const RAW_BYTES = new RegExp(RAW_BYTE, "g");

/** Bucket and key of a target, decoded as far as they can be. */
export function splitAddress(
  target: string,
  hostBucket: string | undefined,
): { readonly bucket: string | undefined; readonly key: string } {
  const path = splitTarget(target).path.slice(1);
  if (hostBucket !== undefined) return { bucket: hostBucket, key: decodeComponent(path) ?? path };
  const slash = path.indexOf("/");
  const bucket = slash < 0 ? path : path.slice(0, slash);
  const key = slash < 0 ? "" : path.slice(slash + 1);
  return { bucket: (decodeComponent(bucket) ?? bucket) || undefined, key: decodeComponent(key) ?? key };
}
