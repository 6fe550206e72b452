import { describe, expect, test } from "bun:test";
import { parseSignedRequest } from "./parse.ts";
import { SignatureProblem } from "./problems.ts";
import { signatureError } from "./signature-errors.ts";
import { SIGNED_AT } from "./testing/sdk-signer.ts";

const SIGNATURE = "0".repeat(64);
const CREDENTIAL = "AKIDEXAMPLE/20150830/us-east-1/ecr/aws4_request";
const GOOD = `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature=${SIGNATURE}`;
const DATE = "20150830T123600Z";

interface Wire {
  readonly authorization?: string | readonly string[];
  readonly date?: string | readonly string[];
  readonly target?: string;
  readonly more?: readonly string[];
  readonly now?: string;
}

function problemOf(wire: Wire): SignatureProblem | undefined {
  const all = (name: string, values: string | readonly string[] | undefined) =>
    (values === undefined ? [] : [values].flat()).flatMap((value) => [name, value]);
  const rawHeaders = [
    "Host",
    "localhost",
    ...all("X-Amz-Date", wire.date ?? DATE),
    ...all("Authorization", wire.authorization),
    ...(wire.more ?? []),
  ];
  try {
    parseSignedRequest(
      { method: "GET", target: wire.target ?? "/", rawHeaders },
      new Date(wire.now ?? SIGNED_AT),
    );
  } catch (error) {
    if (error instanceof SignatureProblem) return error;
    throw error;
  }
  return undefined;
}

const header = (parts: { credential?: string; signedHeaders?: string; algorithm?: string }) =>
  `${parts.algorithm ?? "AWS4-HMAC-SHA256"} Credential=${parts.credential ?? CREDENTIAL}, SignedHeaders=${parts.signedHeaders ?? "host;x-amz-date"}, Signature=${SIGNATURE}`;

const presigned = (changes: Readonly<Record<string, string | undefined>> = {}) => {
  const parameters: Record<string, string | undefined> = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": CREDENTIAL,
    "X-Amz-Date": DATE,
    "X-Amz-Expires": "3600",
    "X-Amz-SignedHeaders": "host;x-amz-date",
    "X-Amz-Signature": SIGNATURE,
    ...changes,
  };
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return `/?${pairs.join("&")}`;
};

/** name, wire, expected error of an awsJson service, text it contains */
const HOSTILE: readonly (readonly [string, Wire, string, string])[] = [
  ["no signature", {}, "MissingAuthenticationTokenException", "Missing Authentication Token"],
  [
    "an empty Authorization",
    { authorization: "" },
    "IncompleteSignatureException",
    "Unsupported AWS 'algorithm': ''",
  ],
  ["a bearer token", { authorization: "Bearer abc.def" }, "IncompleteSignatureException", "'Bearer'"],
  ["SigV2", { authorization: "AWS AKID:c2ln" }, "IncompleteSignatureException", "'AWS'"],
  [
    "SigV4A",
    { authorization: header({ algorithm: "AWS4-ECDSA-P256-SHA256" }) },
    "IncompleteSignatureException",
    "'AWS4-ECDSA-P256-SHA256'",
  ],
  [
    "the algorithm alone",
    { authorization: "AWS4-HMAC-SHA256" },
    "IncompleteSignatureException",
    "'Credential'",
  ],
  [
    "a piece without an equal sign",
    { authorization: "AWS4-HMAC-SHA256 Credential" },
    "IncompleteSignatureException",
    "missing equal-sign",
  ],
  [
    "two credentials",
    { authorization: `${GOOD}, Credential=${CREDENTIAL}` },
    "IncompleteSignatureException",
    "more than one 'Credential'",
  ],
  ["two Authorization headers", { authorization: [GOOD, GOOD] }, "IncompleteSignatureException", "once"],
  ["two dates", { authorization: GOOD, date: [DATE, DATE] }, "IncompleteSignatureException", "once"],
  [
    "header and query",
    { authorization: GOOD, target: presigned() },
    "InvalidSignatureException",
    "Found both 'X-Amz-Algorithm' as a query-string param",
  ],
  [
    "no date",
    { authorization: GOOD, date: [] },
    "IncompleteSignatureException",
    "'X-Amz-Date' or a 'Date' header",
  ],
  ...["", "yesterday", "20150830", "20150230T123600Z", "99999999T999999Z", "2015-08-30T12:36:00Z"].map(
    (date) =>
      [
        `the date '${date}'`,
        { authorization: GOOD, date },
        "IncompleteSignatureException",
        "basic format",
      ] as const,
  ),
  [
    "a request signed 16 minutes ago",
    { authorization: GOOD, now: "2015-08-30T12:52:00Z" },
    "InvalidSignatureException",
    "Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T125200Z - 15 min.)",
  ],
  [
    "a request signed 16 minutes ahead",
    { authorization: GOOD, now: "2015-08-30T12:20:00Z" },
    "InvalidSignatureException",
    "Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z (20150830T122000Z + 15 min.)",
  ],
  [
    "host not signed",
    { authorization: header({ signedHeaders: "x-amz-date" }) },
    "InvalidSignatureException",
    "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
  ],
  [
    "the operation's name not signed",
    { authorization: GOOD, more: ["X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DeleteRepository"] },
    "InvalidSignatureException",
    "'x-amz-target' must be a 'SignedHeader'",
  ],
  [
    "a signed header that did not arrive",
    { authorization: header({ signedHeaders: "host;x-amz-date;x-gone" }) },
    "IncompleteSignatureException",
    "'x-gone' is missing",
  ],
  [
    "a header signed a thousand times",
    { authorization: header({ signedHeaders: `host;x-amz-date${";host".repeat(1000)}` }) },
    "IncompleteSignatureException",
    "distinct",
  ],
  [
    "a line break in a signed header's name",
    { authorization: header({ signedHeaders: "host;x-amz-date;a\nb" }) },
    "IncompleteSignatureException",
    "distinct lower-case",
  ],
  ...[
    "",
    "AKID",
    "AKID/20150830/us-east-1/ecr",
    "AKID/20150830/us-east-1/ecr/aws4_request/x",
    "/20150830/us-east-1/ecr/aws4_request",
    "a b/20150830/us-east-1/ecr/aws4_request",
  ].map(
    (credential) =>
      [
        `the credential '${credential}'`,
        { authorization: header({ credential }) },
        "IncompleteSignatureException",
        "'Credential' parameter|exactly 5 slash-delimited",
      ] as const,
  ),
  ...[
    ["AKID/20150829/us-east-1/ecr/aws4_request", "'20150829' != '20150830'"],
    ["AKID/20150830/us-east-1/ecr/aws3_request", "valid terminator: 'aws4_request'"],
    ["AKID/20150830/Mars/ecr/aws4_request", "valid region, not 'Mars'"],
    ["AKID/20150830/us-east-1//aws4_request", "valid service"],
    [`AKID/20150830/us-east-1/${"x".repeat(5000)}/aws4_request`, "valid service"],
  ].map(
    ([credential = "", text = ""]) =>
      [
        `the scope '${credential.slice(0, 60)}'`,
        { authorization: header({ credential }) },
        "InvalidSignatureException",
        text,
      ] as const,
  ),
  [
    "a payload hash that is none",
    {
      authorization: header({ signedHeaders: "host;x-amz-date;x-amz-content-sha256" }),
      more: ["x-amz-content-sha256", "UNSIGNED-PAYLOAD"],
    },
    "InvalidSignatureException",
    "does not match the signature you provided",
  ],
  [
    "a huge Authorization",
    { authorization: `AWS4-HMAC-SHA256 ${"x=y,".repeat(50_000)}` },
    "IncompleteSignatureException",
    "more than one 'x'",
  ],
  [
    "a presigned URL without its date",
    { target: presigned({ "X-Amz-Date": undefined }) },
    "IncompleteSignatureException",
    "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
  ],
  [
    "a presigned URL with two signatures",
    { target: `${presigned()}&x-amz-signature=${SIGNATURE}` },
    "IncompleteSignatureException",
    "once",
  ],
  [
    "a presigned URL that is not UTF-8",
    { target: `${presigned({ "X-Amz-Credential": undefined })}&X-Amz-Credential=%FF%FE` },
    "IncompleteSignatureException",
    "'X-Amz-Credential'",
  ],
  [
    "a presigned URL of eight days",
    { target: presigned({ "X-Amz-Expires": "691200" }) },
    "IncompleteSignatureException",
    "less than a week",
  ],
  [
    "a negative life",
    { target: presigned({ "X-Amz-Expires": "-1" }) },
    "IncompleteSignatureException",
    "non-negative",
  ],
  [
    "a life of 1e3",
    { target: presigned({ "X-Amz-Expires": "1e3" }) },
    "IncompleteSignatureException",
    "a number",
  ],
  [
    "a presigned URL past its end",
    { target: presigned(), now: "2015-08-30T13:36:01Z" },
    "InvalidSignatureException",
    "Signature expired: 20150830T133600Z is now earlier than 20150830T133601Z",
  ],
  [
    "a presigned URL from the future",
    { target: presigned(), now: "2015-08-30T12:20:00Z" },
    "InvalidSignatureException",
    "Signature not yet current",
  ],
];

describe("a hostile request is refused with AWS's error", () => {
  for (const [name, wire, error, text] of HOSTILE) {
    test(name, () => {
      const problem = problemOf(wire);
      if (problem === undefined) throw new Error("accepted");
      const answer = signatureError("json", problem);
      expect(answer.name).toBe(error);
      expect(text.split("|").some((one) => answer.message.includes(one))).toBe(true);
      // What was sent never comes back at length: not into an answer, not into a log.
      expect(answer.message.length).toBeLessThan(400);
    });
  }
  test("a good one is read", () => {
    expect(problemOf({ authorization: GOOD })).toBeUndefined();
    expect(problemOf({ target: presigned() })).toBeUndefined();
    expect(problemOf({ authorization: GOOD.replaceAll(", ", ",") })).toBeUndefined();
  });
  test("a Date header stands in for X-Amz-Date", () => {
    const authorization = header({ signedHeaders: "host" });
    const more = ["Date", "Sun, 30 Aug 2015 12:36:00 GMT"];
    expect(problemOf({ authorization, date: [], more })).toBeUndefined();
    const botocore = ["Date", "Sun, 30 Aug 2015 12:36:00 -0000"];
    expect(problemOf({ authorization, date: [], more: botocore })).toBeUndefined();
    expect(problemOf({ authorization, date: [], more: ["Date", "30 Aug 2015"] })?.situation).toBe("bad-date");
  });
});

describe("S3 words it in its own way", () => {
  const s3 = "AKID/20150830/us-east-1/s3/aws4_request";
  const cases: readonly (readonly [string, Wire, string, number])[] = [
    ["unsigned", {}, "AccessDenied", 403],
    ["late", { authorization: GOOD, now: "2015-08-30T13:00:00Z" }, "RequestTimeTooSkewed", 403],
    ["no payload hash", { authorization: header({ credential: s3 }) }, "InvalidRequest", 400],
    ["past its end", { target: presigned(), now: "2015-08-30T14:00:00Z" }, "AccessDenied", 403],
    ["no credential", { authorization: "AWS4-HMAC-SHA256 a=b" }, "AuthorizationHeaderMalformed", 400],
    ["query", { target: presigned({ "X-Amz-Expires": "x" }) }, "AuthorizationQueryParametersError", 400],
  ];
  for (const [name, wire, error, status] of cases) {
    test(`${name}: ${error}`, () => {
      const problem = problemOf(wire);
      if (problem === undefined) throw new Error("accepted");
      const answer = signatureError("s3", problem);
      expect([answer.name, answer.status]).toEqual([error, status]);
    });
  }
  test("the skew is told in the document's members", () => {
    const problem = problemOf({ authorization: GOOD, now: "2015-08-30T13:00:00Z" });
    if (problem === undefined) throw new Error("accepted");
    expect(signatureError("s3", problem).members).toEqual({
      RequestTime: "20150830T123600Z",
      ServerTime: "2015-08-30T13:00:00Z",
      MaxAllowedSkewMilliseconds: "900000",
    });
    expect(signatureError("query", problem).members).toEqual({});
  });
});
