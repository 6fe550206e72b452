/**
 * What `x-amz-content-sha256` can say about a body (S3 API reference, "Authenticating Requests: Using the
 * Authorization Header", and "Signature Calculations ... Including Trailing Headers"). Only S3 lets a body go
 * unsigned or in signed chunks; for every other service the signature covers the body's sha256.
 */
import { SignatureProblem } from "./problems.ts";
import { signsAsS3 } from "./s3-signing.ts";

/** The body comes in aws-chunked framing; S3's decoder checks its chunks and trailers. */
const STREAMING_MODES = [
  "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
  "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
  "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
] as const;

export type StreamingMode = (typeof STREAMING_MODES)[number];

export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

export type PayloadDeclaration =
  /** The signer named the body's sha256 (64 hex digits). */
  | { readonly kind: "sha256"; readonly sha256: string }
  /** No header: the signature covers the sha256 of the body as received. */
  | { readonly kind: "undeclared" }
  | { readonly kind: "unsigned" }
  | { readonly kind: "streaming"; readonly mode: StreamingMode };

/** @param value of the header, or of the query parameter of a presigned URL */
export function readPayloadDeclaration(
  service: string,
  value: string | undefined,
  presigned: boolean,
): PayloadDeclaration {
  if (value !== undefined && /^[0-9a-f]{64}$/.test(value)) return { kind: "sha256", sha256: value };
  if (!signsAsS3(service)) {
    if (value === undefined) return { kind: "undeclared" };
    throw new SignatureProblem("malformed-payload-hash");
  }
  if (value === UNSIGNED_PAYLOAD || (value === undefined && presigned)) return { kind: "unsigned" };
  if (value === undefined) throw new SignatureProblem("missing-payload-hash");
  const mode = STREAMING_MODES.find((known) => known === value);
  if (mode === undefined) throw new SignatureProblem("malformed-payload-hash");
  return { kind: "streaming", mode };
}
