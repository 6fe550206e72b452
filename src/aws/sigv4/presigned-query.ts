/** The query of a presigned URL (S3 API reference, "Authenticating Requests: Using Query Parameters"). */
import { refuseOtherAlgorithm, type SignatureParts } from "./credentials-header.ts";
import { SignatureProblem } from "./problems.ts";
import { canonicalPairs, decodeComponent } from "./raw-query.ts";

/** A week, in seconds: the longest life of a presigned URL. */
const LONGEST_LIFE = 604_800;
/** Services other than S3 do not ask for X-Amz-Expires; their URLs live as long as the clock skew. */
const DEFAULT_LIFE = 900;

export interface PresignedParts extends SignatureParts {
  readonly date: string;
  /** In seconds. */
  readonly life: number;
  readonly lifeIsGiven: boolean;
  readonly sessionToken: string | undefined;
  readonly payloadHash: string | undefined;
}

const REQUIRED = [
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Signature",
  "X-Amz-SignedHeaders",
  "X-Amz-Date",
] as const;

const KNOWN: ReadonlySet<string> = new Set([
  ...REQUIRED.map((name) => name.toLowerCase()),
  "x-amz-expires",
  "x-amz-security-token",
  "x-amz-content-sha256",
]);

/** Whether the query claims to be signed; SigV2's form counts, so that it is refused by its name. */
export function isPresigned(query: string): boolean {
  return /(^|&)(X-Amz-(Algorithm|Credential|Signature)|AWSAccessKeyId)(=|&|$)/.test(query);
}

export function parsePresignedQuery(query: string): PresignedParts {
  const parameters = readAuthParameters(query);
  if (parameters.has("awsaccesskeyid")) refuseOtherAlgorithm("AWS2");
  const required = (name: (typeof REQUIRED)[number]) => parameters.get(name.toLowerCase()) ?? "";
  const missing = REQUIRED.filter((name) => required(name) === "");
  if (missing.length > 0) throw malformedQuery(missingParameters(missing));
  refuseOtherAlgorithm(required("X-Amz-Algorithm"));
  return {
    credential: required("X-Amz-Credential"),
    signature: required("X-Amz-Signature"),
    signedHeaders: required("X-Amz-SignedHeaders"),
    date: required("X-Amz-Date"),
    life: parseLife(parameters.get("x-amz-expires")),
    lifeIsGiven: parameters.has("x-amz-expires"),
    sessionToken: parameters.get("x-amz-security-token"),
    payloadHash: parameters.get("x-amz-content-sha256"),
  };
}

export function missingParameters(names: readonly string[]): string {
  const sentences = names.map((name) => `AWS query-string parameters must include '${name}'.`);
  return `${sentences.join(" ")} Re-examine the query-string parameters.`;
}

/** By lower-case name; each may come once. */
function readAuthParameters(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [encodedName, encodedValue] of canonicalPairs(query)) {
    const name = encodedName.toLowerCase();
    if (!KNOWN.has(name) && name !== "awsaccesskeyid") continue;
    const value = decodeComponent(encodedValue);
    if (value === undefined || parameters.has(name)) {
      throw malformedQuery(`AWS query-string parameters must include '${encodedName}' once.`);
    }
    parameters.set(name, value);
  }
  return parameters;
}

function parseLife(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIFE;
  if (/^-\d+$/.test(text)) throw malformedQuery("X-Amz-Expires must be non-negative");
  if (!/^\d+$/.test(text)) throw malformedQuery("X-Amz-Expires should be a number");
  const life = Number(text);
  if (life > LONGEST_LIFE) {
    throw malformedQuery(
      "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
    );
  }
  return life;
}

export function malformedQuery(detail: string): SignatureProblem {
  return new SignatureProblem("malformed-query", detail);
}
