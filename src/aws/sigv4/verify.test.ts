import { describe, expect, test } from "bun:test";
import { parseSignedRequest } from "./parse.ts";
import { UNSIGNED_PAYLOAD } from "./payload.ts";
import { SignatureProblem } from "./problems.ts";
import type { RawRequest } from "./signed-request.ts";
import { ACCESS_KEY_ID, type Plan, SECRET, SIGNED_AT, sha256, signWithSdk } from "./testing/sdk-signer.ts";
import { verifyBody, verifySignature } from "./verify.ts";

function check(request: RawRequest, bodySha256?: string, secret = SECRET) {
  const signed = parseSignedRequest(request, SIGNED_AT);
  verifySignature(signed, secret, request, bodySha256);
  return signed;
}

function situationOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SignatureProblem) return error.situation;
    throw error;
  }
  return "accepted";
}

/** The cases of AWS's signature test suite, signed by the SDK. */
const CASES: Readonly<Record<string, Plan>> = {
  "get-vanilla": {},
  "get-header-value-trim": { headers: { "my-header1": "  value1  ", "my-header2": ' "a   b   c" ' } },
  "get-header-key-order": { headers: { "my-header2": "b", "my-header1": "a", "x-amz-target": "T" } },
  "get-unreserved": { path: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" },
  "get-utf8": { path: "/%E1%88%B4" },
  "get-space": { path: "/example%20space/" },
  "get-relative": { path: "/example/.." },
  "get-relative-relative": { path: "/example1/example2/../.." },
  "get-slash-dot-slash": { path: "/./" },
  "get-slash-pointless-dot": { path: "/./example" },
  "get-slashes": { path: "//example//" },
  "get-vanilla-empty-query-key": { query: { Param1: "value1" } },
  "get-vanilla-query-order-key": {
    query: { Param2: "value2", Param1: "value1", "Param-3": "", Param3: "x" },
  },
  "get-vanilla-query-duplicate-keys": { query: { Param1: ["value2", "Value1", "value1"], a: "1" } },
  "get-vanilla-query-unreserved": { query: { "-._~0aZ": "-._~0aZ" } },
  "get-vanilla-utf8-query": { query: { ሴ: "bar", plus: "a+b c/d=e&f" } },
  "header value in UTF-8": { headers: { "x-amz-meta-name": "正倉院" } },
  "post-vanilla": { method: "POST" },
  "post-x-www-form-urlencoded": {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "Param1=value1",
    service: "sts",
  },
  "post-sts-header-before": { method: "POST", sessionToken: "AQoDYXdzEPT//////////wEXAMPLE" },
  "declared payload hash": { method: "POST", body: "{}", applyChecksum: true },
  "s3 path as sent": { service: "s3", path: "/bucket/a//b/../%28c%29%2B%20d" },
  "s3 unsigned payload": {
    service: "s3",
    method: "PUT",
    headers: { "x-amz-content-sha256": UNSIGNED_PAYLOAD },
  },
  presigned: { presign: true, service: "sts", query: { Action: "GetCallerIdentity", Version: "2011-06-15" } },
  "presigned with a session token": { presign: true, sessionToken: "token/+=" },
  "presigned s3": {
    presign: true,
    service: "s3",
    path: "/bucket/key%20with%20space",
    headers: { "x-amz-content-sha256": UNSIGNED_PAYLOAD },
  },
};

describe("a request signed by the AWS SDK", () => {
  for (const [name, plan] of Object.entries(CASES)) {
    test(`${name}: accepted with its secret, refused with another`, async () => {
      const { request, bodySha256 } = await signWithSdk(plan);
      const signed = check(request, bodySha256);
      expect(signed.accessKeyId).toBe(ACCESS_KEY_ID);
      expect(signed.scope).toEqual({
        date: "20150830",
        region: "us-east-1" as typeof signed.scope.region,
        service: plan.service ?? "ecr",
      });
      expect(signed.sessionToken).toBe(plan.sessionToken);
      expect(situationOf(() => check(request, bodySha256, `${SECRET}x`))).toBe("mismatch");
    });
  }
});

/** Known answers, so that our code and the SDK's cannot be wrong together: AWS's own published signatures. */
describe("AWS's published examples", () => {
  const host = ["Host", "example.amazonaws.com", "X-Amz-Date", "20150830T123600Z"];
  const authorization = (signedHeaders: string, signature: string) => [
    "Authorization",
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  ];
  const vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
  test("get-vanilla", () => {
    const rawHeaders = [...host, ...authorization("host;x-amz-date", vanilla)];
    check({ method: "GET", target: "/", rawHeaders }, sha256(""));
  });
  test("the IAM example of the documentation", () => {
    const rawHeaders = [
      "host",
      "iam.amazonaws.com",
      "content-type",
      "application/x-www-form-urlencoded; charset=utf-8",
      "x-amz-date",
      "20150830T123600Z",
      "authorization",
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    ];
    check({ method: "GET", target: "/?Action=ListUsers&Version=2010-05-08", rawHeaders }, sha256(""));
  });
  test("post-sts-header-after: a session token added after signing does not break the signature", () => {
    const request = {
      method: "GET",
      target: "/",
      rawHeaders: [...host, ...authorization("host;x-amz-date", vanilla), "X-Amz-Security-Token", "later"],
    };
    expect(check(request, sha256("")).sessionToken).toBe("later");
  });
});

describe("the same request another day", () => {
  test("is signed with another key, though everything else is the same", async () => {
    const { request } = await signWithSdk({});
    check(request, sha256(""));
    const forged = {
      ...request,
      rawHeaders: request.rawHeaders.map((text) => text.replaceAll("20150830", "20150831")),
    };
    const tomorrow = new Date(SIGNED_AT.getTime() + 86_400_000);
    const { signature } = parseSignedRequest(request, SIGNED_AT);
    const own = await signWithSdk({ signedAt: tomorrow });
    verifySignature(parseSignedRequest(own.request, tomorrow), SECRET, own.request, sha256(""));
    expect(parseSignedRequest(own.request, tomorrow).signature).not.toBe(signature);
    expect(
      situationOf(() => verifySignature(parseSignedRequest(forged, tomorrow), SECRET, forged, sha256(""))),
    ).toBe("mismatch");
  });
});

describe("a query that is encoded more than it needs to be", () => {
  test("is the same query", async () => {
    const { request } = await signWithSdk({ query: { "a~b": "c-d e" } });
    const spelled = { ...request, target: "/?%61%7eb=%63%2Dd+e" };
    check(spelled, sha256(""));
  });
});

describe("repeated headers", () => {
  test("are joined with a comma in the order of the wire", async () => {
    const { request } = await signWithSdk({ headers: { "my-header": "value2,value1" } });
    const rest = withoutHeader(request.rawHeaders, "my-header");
    const repeated = (first: string, second: string) => ({
      ...request,
      rawHeaders: ["My-Header", first, ...rest, "MY-HEADER", second],
    });
    check(repeated("  value2 ", "value1"), sha256(""));
    expect(situationOf(() => check(repeated("value1", "value2"), sha256("")))).toBe("mismatch");
  });
});

describe("a presigned URL", () => {
  test("accepts a session token that was added after signing", async () => {
    const { request } = await signWithSdk({ presign: true });
    const later = { ...request, target: `${request.target}&X-Amz-Security-Token=later` };
    expect(check(later, sha256("")).sessionToken).toBe("later");
    expect(situationOf(() => check({ ...request, target: `${request.target}&other=x` }, sha256("")))).toBe(
      "mismatch",
    );
  });
});

describe("the body", () => {
  test("an undeclared body is covered by the signature", async () => {
    const { request } = await signWithSdk({ method: "POST", body: "{}" });
    check(request, sha256("{}"));
    expect(situationOf(() => check(request, sha256("{ }")))).toBe("mismatch");
    expect(() => check(request)).toThrow(TypeError);
  });
  test("a declared body can be compared once it is read", async () => {
    const { request } = await signWithSdk({ method: "POST", body: "{}", applyChecksum: true });
    const signed = check(request);
    verifyBody(signed, sha256("{}"));
    expect(situationOf(() => verifyBody(signed, sha256("{ }")))).toBe("payload-mismatch");
    expect(situationOf(() => check(request, sha256("{ }")))).toBe("payload-mismatch");
  });
  test("a streaming mode is named for the decoder and signed as it stands", async () => {
    const mode = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    const { request } = await signWithSdk({ service: "s3", headers: { "x-amz-content-sha256": mode } });
    expect(check(request).payload).toEqual({ kind: "streaming", mode });
    const swapped = request.rawHeaders.map((text) => (text === mode ? UNSIGNED_PAYLOAD : text));
    expect(situationOf(() => check({ ...request, rawHeaders: swapped }))).toBe("mismatch");
  });
});

function withoutHeader(rawHeaders: readonly string[], name: string): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [header = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (header.toLowerCase() !== name) kept.push(header, value);
  }
  return kept;
}
