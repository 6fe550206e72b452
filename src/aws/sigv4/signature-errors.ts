/**
 * What each family of services answers a bad signature with. Sources: IAM User Guide "Troubleshoot signed
 * requests", the common errors of ECR (json), Lambda (rest-json), STS (query) and EC2, S3's "Error responses".
 * `detail` is the problem's own sentence; S3 words most of them once and for all.
 */
import { AwsError } from "../errors.ts";
import type { SignatureProblem, SignatureSituation } from "./problems.ts";

/** The families of services that word signature errors in their own way. */
export type SignatureErrorFamily = "json" | "rest-json" | "query" | "ec2" | "s3";

interface Wording {
  readonly name: string;
  readonly status: number;
  /** Said when the problem has no sentence of its own, or always when `fixed`. */
  readonly text: string;
  readonly fixed?: boolean;
  /** S3's words for a problem's own sentence. */
  readonly reword?: (detail: string) => string;
}

const MISMATCH =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
const BAD_TOKEN = "The security token included in the request is invalid.";
const TWICE = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";

type Wordings = Readonly<Record<SignatureSituation, Wording>>;

/** The families that differ from each other in names and statuses only. */
function commonWordings(names: {
  missing: Wording;
  incomplete: Omit<Wording, "text">;
  mismatch: Omit<Wording, "text">;
  unknown: Omit<Wording, "text">;
}): Wordings {
  const incomplete = { ...names.incomplete, text: "The request signature is incomplete." };
  const mismatch = { ...names.mismatch, text: MISMATCH };
  const unknown = { ...names.unknown, text: BAD_TOKEN };
  return {
    unsigned: names.missing,
    "signed-twice": { ...mismatch, text: TWICE },
    "malformed-header": incomplete,
    "malformed-query": incomplete,
    "bad-date": incomplete,
    "unsupported-algorithm": incomplete,
    "wrong-scope": mismatch,
    "malformed-payload-hash": mismatch,
    "missing-payload-hash": mismatch,
    expired: mismatch,
    "presigned-expired": mismatch,
    "not-yet-current": mismatch,
    "unsigned-headers": mismatch,
    "payload-mismatch": mismatch,
    mismatch,
    "unknown-key": unknown,
    "invalid-session-token": unknown,
  };
}

const QUERY = commonWordings({
  missing: {
    name: "MissingAuthenticationToken",
    status: 403,
    text: "Request is missing Authentication Token",
  },
  incomplete: { name: "IncompleteSignature", status: 400 },
  mismatch: { name: "SignatureDoesNotMatch", status: 403 },
  unknown: { name: "InvalidClientTokenId", status: 403 },
});

const EC2_AUTH_FAILURE: Wording = {
  name: "AuthFailure",
  status: 401,
  text: "AWS was not able to validate the provided access credentials",
  fixed: true,
};
const EC2_EXPIRED: Wording = {
  name: "RequestExpired",
  status: 400,
  text: "Request has expired.",
  fixed: true,
};

const S3_MISMATCH: Wording = {
  name: "SignatureDoesNotMatch",
  status: 403,
  text: "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
};
const S3_SKEWED: Wording = {
  name: "RequestTimeTooSkewed",
  status: 403,
  text: "The difference between the request time and the current time is too large.",
  fixed: true,
};
const S3_CREDENTIAL =
  'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".';

/** What S3 says where other services begin their sentence so. */
const S3_HEADER_DETAILS: readonly (readonly [begin: string, text: string])[] = [
  ["Credential must have", S3_CREDENTIAL],
  [
    "Authorization header requires '",
    "the authorization header requires three components: Credential, SignedHeaders, and Signature.",
  ],
];
const S3_QUERY_DETAILS: readonly (readonly [begin: string, text: string])[] = [
  ["Credential must have", `Error parsing the X-Amz-Credential parameter; ${S3_CREDENTIAL}`],
  ["Date must be in", `X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`],
  [
    "AWS query-string parameters must include",
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
  ],
];

function s3Detail(detail: string, details: readonly (readonly [begin: string, text: string])[]): string {
  return details.find(([begin]) => detail.startsWith(begin))?.[1] ?? detail;
}

const S3_UNSIGNED_HEADERS = "There were headers present in the request which were not signed";

const WORDINGS: Readonly<Record<SignatureErrorFamily, Wordings>> = {
  json: commonWordings({
    missing: {
      name: "MissingAuthenticationTokenException",
      status: 400,
      text: "Missing Authentication Token",
    },
    incomplete: { name: "IncompleteSignatureException", status: 400 },
    mismatch: { name: "InvalidSignatureException", status: 400 },
    unknown: { name: "UnrecognizedClientException", status: 400 },
  }),
  "rest-json": commonWordings({
    missing: {
      name: "MissingAuthenticationTokenException",
      status: 403,
      text: "Missing Authentication Token",
    },
    incomplete: { name: "IncompleteSignatureException", status: 403 },
    mismatch: { name: "InvalidSignatureException", status: 403 },
    unknown: { name: "UnrecognizedClientException", status: 403 },
  }),
  query: QUERY,
  ec2: {
    ...QUERY,
    "wrong-scope": EC2_AUTH_FAILURE,
    mismatch: EC2_AUTH_FAILURE,
    "payload-mismatch": EC2_AUTH_FAILURE,
    "unknown-key": EC2_AUTH_FAILURE,
    "invalid-session-token": EC2_AUTH_FAILURE,
    expired: EC2_EXPIRED,
    "presigned-expired": EC2_EXPIRED,
    "not-yet-current": EC2_EXPIRED,
  },
  s3: {
    unsigned: { name: "AccessDenied", status: 403, text: "Access Denied" },
    "signed-twice": {
      name: "InvalidArgument",
      status: 400,
      text: "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
    },
    "malformed-header": {
      name: "AuthorizationHeaderMalformed",
      status: 400,
      text: "The authorization header is malformed.",
      reword: (detail) => `The authorization header is malformed; ${s3Detail(detail, S3_HEADER_DETAILS)}`,
    },
    "malformed-query": {
      name: "AuthorizationQueryParametersError",
      status: 400,
      text: "Error parsing the X-Amz-Credential parameter.",
      reword: (detail) => s3Detail(detail, S3_QUERY_DETAILS),
    },
    "bad-date": {
      name: "AccessDenied",
      status: 403,
      text: "AWS authentication requires a valid Date or x-amz-date header",
      fixed: true,
    },
    "unsupported-algorithm": {
      name: "InvalidRequest",
      status: 400,
      text: "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
      fixed: true,
    },
    "wrong-scope": {
      name: "AuthorizationHeaderMalformed",
      status: 400,
      text: "The authorization header is malformed.",
      reword: (detail) => `The authorization header is malformed; ${s3Detail(detail, S3_HEADER_DETAILS)}`,
    },
    "malformed-payload-hash": {
      name: "InvalidArgument",
      status: 400,
      text: "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
    },
    "missing-payload-hash": {
      name: "InvalidRequest",
      status: 400,
      text: "Missing required header for this request: x-amz-content-sha256",
    },
    expired: S3_SKEWED,
    "presigned-expired": { name: "AccessDenied", status: 403, text: "Request has expired", fixed: true },
    "not-yet-current": S3_SKEWED,
    "unsigned-headers": { name: "AccessDenied", status: 403, text: S3_UNSIGNED_HEADERS, fixed: true },
    "payload-mismatch": {
      name: "XAmzContentSHA256Mismatch",
      status: 400,
      text: "The provided 'x-amz-content-sha256' header does not match what was computed.",
    },
    mismatch: S3_MISMATCH,
    "unknown-key": {
      name: "InvalidAccessKeyId",
      status: 403,
      text: "The AWS Access Key Id you provided does not exist in our records.",
    },
    "invalid-session-token": {
      name: "InvalidToken",
      status: 400,
      text: "The provided token is malformed or otherwise invalid.",
    },
  },
};

/** The error that services of `family` answer a bad signature with; only S3's carries further members. */
export function signatureError(family: SignatureErrorFamily, problem: SignatureProblem): AwsError {
  const { name, status, text, fixed, reword } = WORDINGS[family][problem.situation];
  const message = fixed || problem.message === "" ? text : (reword?.(problem.message) ?? problem.message);
  return new AwsError(name, message, {
    status,
    cause: problem,
    ...(family === "s3" ? { members: problem.members } : {}),
  });
}
