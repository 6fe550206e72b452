/**
 * Presigned URLs of Signature Version 2 (Amazon S3 User Guide, "Signing and authenticating REST requests", "Query string
 * request authentication alternative"). Old as it is, it is what boto3 and `aws s3 presign` of version 1 still make for
 * us-east-1 unless they are told otherwise. Known limit: only in the query and in forms, not as a header.
 */
import { AwsError } from "../errors.ts";
import { SignatureProblem } from "../sigv4/problems.ts";
import { readHeaders } from "../sigv4/raw-headers.ts";
import { canonicalPairs, decodeComponent, splitTarget } from "../sigv4/raw-query.ts";
import type { RawRequest } from "../sigv4/signed-request.ts";

export interface PresignedV2 {
  readonly accessKeyId: string;
  /** base64 */
  readonly signature: string;
  readonly stringToSign: string;
}

/** Parameters that are part of what is signed. */
const SIGNED: ReadonlySet<string> = new Set([
  "accelerate",
  "acl",
  "analytics",
  "cors",
  "defaultObjectAcl",
  "delete",
  "inventory",
  "lifecycle",
  "location",
  "logging",
  "metrics",
  "notification",
  "object-lock",
  "partNumber",
  "policy",
  "replication",
  "requestPayment",
  "response-cache-control",
  "response-content-disposition",
  "response-content-encoding",
  "response-content-language",
  "response-content-type",
  "response-expires",
  "restore",
  "select",
  "select-type",
  "storageClass",
  "tagging",
  "torrent",
  "uploadId",
  "uploads",
  "versionId",
  "versioning",
  "versions",
  "website",
]);

/** Those that say who signed, or are signed as headers. */
const OWN = /^(AWSAccessKeyId|Signature|Expires|content-type|content-md5|x-amz-.*)$/i;

/** Those that nobody signs and that turn no request into another one. Anything else might: it is refused. */
const UNSIGNED: ReadonlySet<string> = new Set([
  "continuation-token",
  "delimiter",
  "encoding-type",
  "fetch-owner",
  "key-marker",
  "list-type",
  "marker",
  "max-keys",
  "max-parts",
  "max-uploads",
  "part-number-marker",
  "prefix",
  "start-after",
  "upload-id-marker",
  "version-id-marker",
  "x-id",
]);

export function isPresignedV2(query: string): boolean {
  return /(^|&)AWSAccessKeyId=/.test(query);
}

/**
 * @param bucket of the host's name, which the path lacks then
 * Throws AwsError: AccessDenied; SignatureProblem for a session's token.
 */
export function parsePresignedV2(request: RawRequest, bucket: string | undefined, now: Date): PresignedV2 {
  const { path, query } = splitTarget(request.target);
  const parameters = new Map<string, string>();
  const signed: [name: string, value: string | undefined][] = [];
  for (const pair of query.split("&").filter((part) => part !== "")) {
    const [encodedName, encodedValue] = canonicalPairs(pair)[0] ?? ["", ""];
    const name = decodeComponent(encodedName) ?? "";
    const value = decodeComponent(encodedValue) ?? "";
    if (OWN.test(name)) {
      // One of the two would be signed, and perhaps the other one done.
      if (parameters.has(name.toLowerCase()))
        throw denied(`The parameter '${name.slice(0, 64)}' must be sent once.`);
      parameters.set(name.toLowerCase(), value);
    } else if (SIGNED.has(name) && !looksLikeMore(value))
      signed.push([name, pair.includes("=") ? value : undefined]);
    else if (!UNSIGNED.has(name))
      throw denied(`The parameter '${name.slice(0, 64)}' needs Signature Version 4.`);
  }
  const accessKeyId = parameters.get("awsaccesskeyid");
  const signature = parameters.get("signature");
  const expires = parameters.get("expires");
  if (!accessKeyId || !signature || !expires)
    throw denied("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
  // No session of ours can be behind a token.
  if (parameters.has("x-amz-security-token")) throw new SignatureProblem("invalid-session-token");
  checkEnd(expires, now);
  const headers = signedHeaders(request, parameters);
  const resource = `${bucket === undefined ? "" : `/${bucket}`}${path}`;
  const subResources = signed
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([name, value]) => (value === undefined ? name : `${name}=${value}`))
    .join("&");
  return {
    accessKeyId,
    signature,
    stringToSign: [
      request.method,
      headers.get("content-md5") ?? "",
      headers.get("content-type") ?? "",
      expires,
      ...[...headers]
        .filter(([name]) => name.startsWith("x-amz-"))
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([name, value]) => `${name}:${value}`),
      subResources === "" ? resource : `${resource}?${subResources}`,
    ].join("\n"),
  };
}

/** Values are signed decoded: `a&versionId=b` as one parameter's would be signed like two parameters. */
function looksLikeMore(value: string): boolean {
  return value
    .split("&")
    .slice(1)
    .some((piece) => SIGNED.has(piece.split("=")[0] ?? ""));
}

/** A week is what SigV4 allows too: longer ones could outlive whoever made them. */
const LONGEST_LIFE = 604_800;

function checkEnd(expires: string, now: Date): void {
  if (!/^\d{1,11}$/.test(expires))
    throw denied(`Invalid date (should be seconds since epoch): ${expires.slice(0, 40)}`);
  const end = Number(expires);
  const seconds = Math.floor(now.getTime() / 1000);
  const members = { Expires: isoSeconds(new Date(end * 1000)), ServerTime: isoSeconds(now) };
  if (end < seconds) throw new AwsError("AccessDenied", "Request has expired", { status: 403, members });
  if (end > seconds + LONGEST_LIFE + 900)
    throw denied("Invalid expires: a presigned request can be valid for a week at most");
}

function isoSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** Those of the request and, as SDKs write them, those of the query. */
function signedHeaders(
  request: RawRequest,
  parameters: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of parameters)
    if (name.startsWith("x-amz-") || name.startsWith("content-")) headers.set(name, value);
  for (const [name, values] of readHeaders(request.rawHeaders))
    if (name.startsWith("x-amz-") || name === "content-type" || name === "content-md5")
      headers.set(name, utf8(values.map((value) => value.trim()).join(",")));
  return headers;
}

function denied(message: string): AwsError {
  return new AwsError("AccessDenied", message, { status: 403 });
}

/** Bytes of a header as the text they are signed as. */
function utf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}
