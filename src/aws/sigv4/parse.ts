/**
 * Reading a signed request (IAM User Guide, "Elements of an AWS API request signature"; checks in the order in
 * which AWS answers them: form, time, signed headers, scope). Known limit: SigV4A and SigV2 are refused.
 */
import { parseRegion } from "../names.ts";
import { malformed, parseAuthorization, type SignatureParts } from "./credentials-header.ts";
import { readPayloadDeclaration } from "./payload.ts";
import { isPresigned, malformedQuery, missingParameters, parsePresignedQuery } from "./presigned-query.ts";
import { SignatureProblem } from "./problems.ts";
import { type HeaderValues, readHeaders, singleHeader } from "./raw-headers.ts";
import { splitTarget } from "./raw-query.ts";
import { signsAsS3 } from "./s3-signing.ts";
import type { CredentialScope, RawRequest, SignedRequest } from "./signed-request.ts";
import { formatBasicTime, parseBasicTime, parseHttpDate } from "./time.ts";

/** How far a client's clock may be off, in milliseconds. */
const SKEW = 15 * 60 * 1000;

/**
 * Reads who signed `request`, from its Authorization header or its presigned query, and checks all that needs
 * no secret: form, scope, clock skew (15 minutes), a presigned URL's end, and that the headers that must be
 * signed are. Throws SignatureProblem.
 */
export function parseSignedRequest(request: RawRequest, now: Date): SignedRequest {
  const headers = readHeaders(request.rawHeaders);
  const { query } = splitTarget(request.target);
  const authorization = singleHeader(headers, "authorization");
  if (authorization === "repeated") throw malformed("Authorization header must be sent once.");
  const presigned = isPresigned(query);
  if (authorization && presigned) throw new SignatureProblem("signed-twice");
  if (authorization) return parseHeaderSigned(parseAuthorization(authorization.value), headers, now);
  if (presigned) return parsePresigned(query, headers, now);
  throw new SignatureProblem("unsigned");
}

function parseHeaderSigned(parts: SignatureParts, headers: HeaderValues, now: Date): SignedRequest {
  const signedAt = readDate(headers);
  checkSkew(signedAt, now);
  const signedHeaders = readSignedHeaders(parts.signedHeaders, headers, malformed);
  const { accessKeyId, scope } = readCredential(parts.credential, signedAt, malformed);
  checkPresent(signedHeaders, headers, scope.service, malformed);
  const payloadHash = onlyHeader(headers, "x-amz-content-sha256");
  return {
    accessKeyId,
    scope,
    signedAt,
    signedHeaders,
    signature: parts.signature,
    payload: readPayloadDeclaration(scope.service, payloadHash, false),
    sessionToken: onlyHeader(headers, "x-amz-security-token"),
    presigned: false,
  };
}

function parsePresigned(query: string, headers: HeaderValues, now: Date): SignedRequest {
  const parts = parsePresignedQuery(query);
  const signedAt = parseBasicTime(parts.date);
  if (!signedAt) throw malformedQuery(notBasicFormat(parts.date));
  const end = new Date(signedAt.getTime() + parts.life * 1000);
  if (signedAt.getTime() > now.getTime() + SKEW) throw notYetCurrent(signedAt, now);
  if (end < now) {
    throw new SignatureProblem(
      "presigned-expired",
      `Signature expired: ${formatBasicTime(end)} is now earlier than ${formatBasicTime(now)}.`,
      { "X-Amz-Expires": String(parts.life), Expires: seconds(end), ServerTime: seconds(now) },
    );
  }
  const signedHeaders = readSignedHeaders(parts.signedHeaders, headers, malformedQuery);
  const { accessKeyId, scope } = readCredential(parts.credential, signedAt, malformedQuery);
  checkPresent(signedHeaders, headers, scope.service, malformedQuery);
  if (!parts.lifeIsGiven && signsAsS3(scope.service))
    throw malformedQuery(missingParameters(["X-Amz-Expires"]));
  const payloadHash = parts.payloadHash ?? onlyHeader(headers, "x-amz-content-sha256");
  return {
    accessKeyId,
    scope,
    signedAt,
    signedHeaders,
    signature: parts.signature,
    payload: readPayloadDeclaration(scope.service, payloadHash, true),
    sessionToken: parts.sessionToken ?? onlyHeader(headers, "x-amz-security-token"),
    presigned: true,
  };
}

function readDate(headers: HeaderValues): Date {
  const amzDate = onlyHeader(headers, "x-amz-date");
  const text = amzDate ?? onlyHeader(headers, "date");
  if (text === undefined) {
    throw new SignatureProblem(
      "bad-date",
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  }
  const time = parseBasicTime(text) ?? (amzDate === undefined ? parseHttpDate(text) : undefined);
  if (!time) throw new SignatureProblem("bad-date", notBasicFormat(text));
  return time;
}

function notBasicFormat(text: string): string {
  const got = /^[\x20-\x7e]{0,40}$/.test(text) ? text : "";
  return `Date must be in ISO-8601 'basic format'. Got '${got}'. See http://en.wikipedia.org/wiki/ISO_8601`;
}

function checkSkew(signedAt: Date, now: Date): void {
  if (signedAt.getTime() > now.getTime() + SKEW) throw notYetCurrent(signedAt, now);
  if (signedAt.getTime() >= now.getTime() - SKEW) return;
  const earliest = new Date(now.getTime() - SKEW);
  throw new SignatureProblem(
    "expired",
    `Signature expired: ${formatBasicTime(signedAt)} is now earlier than ${formatBasicTime(earliest)} (${formatBasicTime(now)} - 15 min.)`,
    skewMembers(signedAt, now),
  );
}

function notYetCurrent(signedAt: Date, now: Date): SignatureProblem {
  const latest = formatBasicTime(new Date(now.getTime() + SKEW));
  return new SignatureProblem(
    "not-yet-current",
    `Signature not yet current: ${formatBasicTime(signedAt)} is still later than ${latest} (${formatBasicTime(now)} + 15 min.)`,
    skewMembers(signedAt, now),
  );
}

function skewMembers(signedAt: Date, now: Date): Record<string, string> {
  return {
    RequestTime: formatBasicTime(signedAt),
    ServerTime: seconds(now),
    MaxAllowedSkewMilliseconds: String(SKEW),
  };
}

function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, "Z");
}

type Malformed = (detail: string) => SignatureProblem;

/**
 * `host` and every `x-amz-*` header must be signed, or one could redirect a request to another operation
 * (X-Amz-Target). Only the session token may be added after signing: it is proven by itself.
 */
function readSignedHeaders(text: string, headers: HeaderValues, malformedAs: Malformed): readonly string[] {
  const names = text.split(";");
  const distinct = new Set(names);
  // A name that comes twice would let a small request make us hash a huge canonical one.
  if (distinct.size !== names.length || !HEADER_NAMES.test(text)) {
    throw malformedAs("'SignedHeaders' must be distinct lower-case header names.");
  }
  if (!distinct.has("host")) {
    throw notSigned("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", ["host"]);
  }
  const unsigned: string[] = [];
  for (const name of headers.keys())
    if (name.startsWith("x-amz-") && name !== "x-amz-security-token" && !distinct.has(name))
      unsigned.push(name);
  if (unsigned.length > 0) {
    throw notSigned(`'${unsigned[0]}' must be a 'SignedHeader' in the AWS Authorization.`, unsigned);
  }
  return names;
}

/** To S3 a request without a header that was signed is one whose signature does not match. */
function checkPresent(
  signed: readonly string[],
  headers: HeaderValues,
  service: string,
  malformedAs: Malformed,
): void {
  if (signsAsS3(service)) return;
  const absent = signed.find((name) => !headers.has(name));
  if (absent !== undefined) throw malformedAs(`The signed header '${absent}' is missing from the request.`);
}

/** Separated by ";", none empty. */
const HEADER_NAMES = /^[!#$%&'*+.^_`|~0-9a-z-]+(?:;[!#$%&'*+.^_`|~0-9a-z-]+)*$/;

function notSigned(detail: string, names: readonly string[]): SignatureProblem {
  return new SignatureProblem("unsigned-headers", detail, { HeadersNotSigned: names.join(", ") });
}

function readCredential(
  credential: string,
  signedAt: Date,
  malformedAs: Malformed,
): { accessKeyId: string; scope: CredentialScope } {
  const [accessKeyId = "", date = "", regionName = "", service = "", terminator, ...more] =
    credential.split("/");
  const keyIsGood = /^[\w.-]{1,128}$/.test(accessKeyId);
  if (terminator === undefined || more.length > 0 || !keyIsGood) {
    throw malformedAs(
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
    );
  }
  if (terminator !== "aws4_request") {
    throw wrongScope("Credential should be scoped with a valid terminator: 'aws4_request'.");
  }
  const day = formatBasicTime(signedAt).slice(0, 8);
  if (date !== day) {
    throw wrongScope(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date.slice(0, 8)}' != '${day}', from '${formatBasicTime(signedAt)}'.`,
    );
  }
  const region = parseRegion(regionName);
  if (!region) {
    const detail = `Credential should be scoped to a valid region, not '${regionName.slice(0, 40)}'.`;
    // s3cmd begins with the region "US" and signs again for the one it is told.
    throw new SignatureProblem("wrong-scope", detail, { Region: "us-east-1" });
  }
  if (!/^[a-z0-9-]{1,63}$/.test(service)) {
    throw wrongScope("Credential should be scoped to a valid service.");
  }
  return { accessKeyId, scope: { date, region, service } };
}

function wrongScope(detail: string): SignatureProblem {
  return new SignatureProblem("wrong-scope", detail);
}

function onlyHeader(headers: HeaderValues, name: string): string | undefined {
  const header = singleHeader(headers, name);
  if (header === "repeated") throw malformed(`The header '${name}' must be sent once.`);
  return header?.value;
}
