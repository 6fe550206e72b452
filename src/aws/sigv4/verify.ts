import type { RawRequest, SignedRequest } from "./signed-request.ts";

/**
 * Returns if `secretAccessKey` made the signature; throws SignatureProblem otherwise.
 *
 * @param bodySha256 hex sha256 of the body as received. May be left out while the body is not yet read, if the
 *   signer declared a hash (`signed.payload.kind` is not "undeclared"): then only what was declared is proven,
 *   and the caller must compare the body with it before acting on it.
 */
export function verifySignature(
  _signed: SignedRequest,
  _secretAccessKey: string,
  _request: RawRequest,
  _bodySha256?: string,
): void {
  throw new Error("not yet");
}
