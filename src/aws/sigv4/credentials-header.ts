/**
 * The Authorization header of SigV4: `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`.
 * Deliberate difference: AWS repeats the header in its error text; ours does not, so that no bearer token
 * that was sent to the wrong door ends up in a log.
 */
import { SignatureProblem } from "./problems.ts";

/** What header and query have in common, still as text. */
export interface SignatureParts {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

export function parseAuthorization(header: string): SignatureParts {
  const space = header.search(/[ \t]/);
  const scheme = space < 0 ? header : header.slice(0, space);
  refuseOtherAlgorithm(scheme);
  const parameters = new Map<string, string>();
  for (const piece of space < 0 ? [] : header.slice(space).split(",")) {
    const pair = piece.trim();
    if (pair === "") continue;
    const mark = pair.indexOf("=");
    if (mark < 0) {
      throw malformed("a piece is not a valid key=value pair (missing equal-sign) in Authorization header.");
    }
    const name = pair.slice(0, mark);
    if (parameters.has(name)) throw malformed(`Authorization header has more than one '${name}' parameter.`);
    parameters.set(name, pair.slice(mark + 1));
  }
  const credential = parameters.get("Credential") ?? "";
  const signature = parameters.get("Signature") ?? "";
  const signedHeaders = parameters.get("SignedHeaders") ?? "";
  if (credential === "" || signature === "" || signedHeaders === "") throw missingParameters(parameters);
  return { credential, signature, signedHeaders };
}

function missingParameters(parameters: ReadonlyMap<string, string>): SignatureProblem {
  const missing = ["Credential", "Signature", "SignedHeaders"].filter((name) => !parameters.get(name));
  return malformed(missing.map((name) => `Authorization header requires '${name}' parameter.`).join(" "));
}

/** SigV4A, SigV2 and other schemes are named in the answer; everything else of the header is not. */
export function refuseOtherAlgorithm(name: string): void {
  if (name === ALGORITHM) return;
  const printable = /^[\w-]{1,40}$/.test(name) ? name : "";
  throw new SignatureProblem(
    "unsupported-algorithm",
    `Unsupported AWS 'algorithm': '${printable}' (only ${ALGORITHM} for now).`,
  );
}

export function malformed(detail: string): SignatureProblem {
  return new SignatureProblem("malformed-header", detail);
}
