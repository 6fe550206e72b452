import { SignatureProblem } from "./problems.ts";
import type { RawRequest, SignedRequest } from "./signed-request.ts";

/**
 * Reads who signed `request`, from its Authorization header or its presigned query, and checks all that needs
 * no secret: form, scope, clock skew (15 minutes), a presigned URL's end, and that the headers that must be
 * signed are. Throws SignatureProblem.
 */
export function parseSignedRequest(_request: RawRequest, _now: Date): SignedRequest {
  throw new SignatureProblem("unsigned");
}
