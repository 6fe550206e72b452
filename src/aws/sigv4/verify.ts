/**
 * Signature Version 4, the server's side (IAM User Guide, "Create a signed AWS API request", steps 2 to 4). Own
 * code on the raw request, because @smithy/signature-v4 signs from parsed headers and query, which no longer say
 * how the client wrote them. Known limit: SigV4A (ECDSA) is refused in parse.ts.
 */
import { hash, timingSafeEqual } from "node:crypto";
import { canonicalRequest, type SignedPath } from "./canonical-request.ts";
import { UNSIGNED_PAYLOAD } from "./payload.ts";
import { SignatureProblem } from "./problems.ts";
import { signsAsS3 } from "./s3-signing.ts";
import type { RawRequest, SignedRequest } from "./signed-request.ts";
import { hmac, signingKey } from "./signing-key.ts";
import { formatBasicTime } from "./time.ts";

const SIGNATURE_ONLY: ReadonlySet<string> = new Set(["X-Amz-Signature"]);
/** Some services' clients add the session token to a presigned URL after signing it. */
const SIGNATURE_AND_TOKEN: ReadonlySet<string> = new Set(["X-Amz-Signature", "X-Amz-Security-Token"]);
const NOTHING: ReadonlySet<string> = new Set();

/** What may have been left out when a request was signed: each is tried. */
function leftOutOf({ presigned, sessionToken }: SignedRequest): readonly ReadonlySet<string>[] {
  if (!presigned) return BY_HEADER;
  return sessionToken === undefined ? PRESIGNED : PRESIGNED_WITH_TOKEN;
}

const BY_HEADER = [NOTHING];
const PRESIGNED = [SIGNATURE_ONLY];
const PRESIGNED_WITH_TOKEN = [SIGNATURE_ONLY, SIGNATURE_AND_TOKEN];

const S3_PATHS: readonly SignedPath[] = ["as sent", "encoded anew"];
const OTHER_PATHS: readonly SignedPath[] = ["as sent"];

/**
 * Returns if `secretAccessKey` made the signature; throws SignatureProblem otherwise.
 *
 * @param bodySha256 hex sha256 of the body as received. May be left out while the body is not yet read, unless
 *   the signer left it to us (`signed.payload.kind` is "undeclared"): then only what was declared is proven, and
 *   the caller must call `verifyBody` before acting on the body.
 */
export function verifySignature(
  signed: SignedRequest,
  secretAccessKey: string,
  request: RawRequest,
  bodySha256?: string,
): void {
  const payloadHash = payloadLine(signed, bodySha256);
  const variants = leftOutOf(signed);
  const key = signingKey(secretAccessKey, signed.scope);
  const given = Buffer.from(signed.signature, "latin1");
  const paths = signsAsS3(signed.scope.service) ? S3_PATHS : OTHER_PATHS;
  let text = "";
  const matches = paths.some((path) =>
    variants.some((leaveOut) => {
      text = stringToSign(signed, canonicalRequest(signed, request, payloadHash, leaveOut, path));
      const hex = Buffer.from(hmac(key, text).toString("hex"), "latin1");
      return given.length === hex.length && timingSafeEqual(given, hex);
    }),
  );
  if (!matches)
    throw new SignatureProblem("mismatch", "", {
      AWSAccessKeyId: signed.accessKeyId,
      StringToSign: text,
      SignatureProvided: signed.signature,
    });
  if (bodySha256 !== undefined) verifyBody(signed, bodySha256);
}

/** Throws SignatureProblem if the signer declared another body than the one received. */
export function verifyBody(signed: SignedRequest, bodySha256: string): void {
  if (signed.payload.kind !== "sha256" || signed.payload.sha256 === bodySha256) return;
  throw new SignatureProblem("payload-mismatch", "", {
    ClientComputedContentSHA256: signed.payload.sha256,
    S3ComputedContentSHA256: bodySha256,
  });
}

function stringToSign(signed: SignedRequest, canonical: string): string {
  const { date, region, service } = signed.scope;
  return [
    "AWS4-HMAC-SHA256",
    formatBasicTime(signed.signedAt),
    `${date}/${region}/${service}/aws4_request`,
    hash("sha256", Buffer.from(canonical, "latin1"), "hex"),
  ].join("\n");
}

function payloadLine(signed: SignedRequest, bodySha256: string | undefined): string {
  switch (signed.payload.kind) {
    case "sha256":
      return signed.payload.sha256;
    case "unsigned":
      return UNSIGNED_PAYLOAD;
    case "streaming":
      return signed.payload.mode;
    case "undeclared":
      if (bodySha256 === undefined) {
        throw new TypeError("the signature covers a body whose sha256 was not given");
      }
      return bodySha256;
  }
}
