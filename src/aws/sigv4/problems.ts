/**
 * What can be wrong with a request's signature, before any protocol's words for it. The tables of
 * signature-errors.ts turn a problem into the error that each family of services answers with.
 */
export type SignatureSituation =
  /** Neither an Authorization header nor X-Amz-* query parameters. */
  | "unsigned"
  /** Both of them. */
  | "signed-twice"
  /** An Authorization header or query that cannot be read; `detail` says what AWS says. */
  | "malformed-header"
  | "malformed-query"
  /** Neither X-Amz-Date nor Date says when it was signed. */
  | "bad-date"
  /** Another signature version (SigV2, SigV4A, Bearer); `detail` names it. */
  | "unsupported-algorithm"
  /** The credential scope names another date, region, service or terminator than it must. */
  | "wrong-scope"
  /** `x-amz-content-sha256` is none of its values, or S3 lacks it. */
  | "malformed-payload-hash"
  | "missing-payload-hash"
  /** Header signature more than 15 minutes old, or presigned URL past its end. */
  | "expired"
  | "presigned-expired"
  /** Signed more than 15 minutes ahead of our clock. */
  | "not-yet-current"
  /** A header that must be signed is not among SignedHeaders. */
  | "unsigned-headers"
  | "payload-mismatch"
  | "mismatch"
  /** No such access key, or it is not active. */
  | "unknown-key"
  | "invalid-session-token";

export class SignatureProblem extends Error {
  override readonly name = "SignatureProblem";
  readonly situation: SignatureSituation;
  /** Further members of S3's error document (`ServerTime`, `AWSAccessKeyId`). */
  readonly members: Readonly<Record<string, string>>;

  /** @param detail AWS's own sentence where there is one for the very case, else empty */
  constructor(situation: SignatureSituation, detail = "", members: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.situation = situation;
    this.members = members;
  }
}
