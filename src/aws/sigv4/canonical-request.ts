/**
 * The canonical request of Signature Version 4 (IAM User Guide, "Create a signed AWS API request", step 1),
 * rebuilt from the raw request on the server's side. Header bytes are kept as they came (Latin-1 text), so a
 * header that was signed as UTF-8 verifies. Known limit: no folded header lines; Node refuses them already.
 */
import { type HeaderValues, readHeaders } from "./raw-headers.ts";
import { canonicalPairs, encodeComponent, percentEncode, splitTarget } from "./raw-query.ts";
import { signsAsS3 } from "./s3-signing.ts";
import type { RawRequest, SignedRequest } from "./signed-request.ts";

/** In which form the path of S3's requests was signed; of other services' there is one. */
export type SignedPath = "as sent" | "encoded anew";

/**
 * @param payloadHash what the last line says: a hex sha256, `UNSIGNED-PAYLOAD` or a streaming mode
 * @param leaveOut names of query parameters that were added after signing
 * @returns Latin-1 text
 */
export function canonicalRequest(
  signed: SignedRequest,
  request: RawRequest,
  payloadHash: string,
  leaveOut: ReadonlySet<string>,
  signedPath: SignedPath,
): string {
  const { path, query } = splitTarget(request.target);
  return [
    request.method,
    signsAsS3(signed.scope.service) ? s3Path(path, signedPath) : encodePath(normalizePath(path)),
    canonicalQuery(query, leaveOut),
    ...canonicalHeaders(signed.signedHeaders, readHeaders(request.rawHeaders)),
    "",
    signed.signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
}

/** Nothing is normalised; but a client's HTTP library may have written `(` where `%28` was signed, as S3 reads it. */
function s3Path(path: string, signedPath: SignedPath): string {
  return signedPath === "as sent"
    ? path
    : path
        .split("/")
        .map((segment) => encodeComponent(segment, "%2B"))
        .join("/");
}

/** Without empty and "." segments, ".." taking back one; a slash at the end stays. As all SDKs' signers do. */
function normalizePath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(segment);
  }
  return segments.length === 0 ? "/" : `/${segments.join("/")}${path.endsWith("/") ? "/" : ""}`;
}

function encodePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~/]/gu, percentEncode);
}

function canonicalQuery(query: string, leaveOut: ReadonlySet<string>): string {
  if (query === "") return "";
  return canonicalPairs(query)
    .filter(([name]) => !leaveOut.has(name))
    .sort(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Repeats joined with ",", outer spaces gone, inner runs of spaces squeezed to one. */
function canonicalHeaders(names: readonly string[], headers: HeaderValues): string[] {
  return names.map((name) => {
    const values = headers.get(name) ?? [];
    const [first = ""] = values;
    return `${name}:${values.length === 1 ? squeezed(first) : values.map(squeezed).join(",")}`;
  });
}

function squeezed(value: string): string {
  return UNEVEN.test(value) ? value.replace(/[ \t]+/g, " ").replace(/^ | $/g, "") : value;
}

/** Hardly any value has spaces to lose. */
const UNEVEN = /\t| {2}|^ | $/;
