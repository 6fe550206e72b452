import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { parsePresignedV2 } from "./presigned.ts";
import { verifySignatureV2 } from "./verify.ts";

/** The key and the request of the S3 User Guide, "Query string request authentication alternative". */
const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const NOW = new Date(1_175_139_000_000);
const GUIDE =
  "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620";

const parse = (target: string, rawHeaders: readonly string[] = [], bucket?: string) =>
  parsePresignedV2({ method: "GET", target, rawHeaders }, bucket, NOW);

test("the example of the S3 User Guide verifies", () => {
  const { accessKeyId, signature, stringToSign } = parse(GUIDE, [], "johnsmith");
  expect(accessKeyId).toBe("AKIAIOSFODNN7EXAMPLE");
  expect(stringToSign).toBe("GET\n\n\n1175139620\n/johnsmith/photos/puppy.jpg");
  verifySignatureV2(SECRET, stringToSign, signature);
  expect(() => verifySignatureV2(SECRET, `${stringToSign}x`, signature)).toThrow();
});

describe("what is signed", () => {
  const end = 1_175_139_620;
  const url = (more: string) =>
    `/b/k?${more}&AWSAccessKeyId=A&Signature=${createHmac("sha1", "x").digest("base64url")}&Expires=${end}`;

  test("are sub-resources and overrides by name, decoded, and x-amz-* and content headers of both places", () => {
    expect(parse(url("versionId=1&response-content-type=text%2Fx&acl&x-amz-acl=private")).stringToSign).toBe(
      `GET\n\n\n${end}\nx-amz-acl:private\n/b/k?acl&response-content-type=text/x&versionId=1`,
    );
    expect(parse(url("content-type=text%2Fx"), ["Content-MD5", "m", "x-amz-meta-b", "2"]).stringToSign).toBe(
      `GET\nm\ntext/x\n${end}\nx-amz-meta-b:2\n/b/k`,
    );
  });

  test("nothing that could turn the request into another one goes unsigned", () => {
    for (const name of ["retention", "legal-hold", "attributes", "encryption", "publicAccessBlock", "X"])
      expect(() => parse(url(name))).toThrow("needs Signature Version 4");
    expect(() => parse(url("prefix=a&max-keys=1"))).not.toThrow();
  });

  test("no header can be said twice: only one of them would be what was signed", () => {
    for (const twice of ["x-amz-acl=public-read&x-amz-acl=private", "X-Amz-Tagging=a&x-amz-tagging=b"])
      expect(() => parse(url(twice))).toThrow("must be sent once");
    expect(() => parse(`${url("x-amz-acl=private")}&Expires=${end}`)).toThrow("must be sent once");
  });

  test("a value that reads like further parameters does not stand for them", () => {
    const part = parse(url("partNumber=1&uploadId=u")).stringToSign;
    expect(part).toEndWith("/b/k?partNumber=1&uploadId=u");
    for (const name of [
      "partNumber=1%26uploadId%3Du",
      "response-content-type=a%26versionId=1",
      "versionId=1%26uploads",
    ])
      expect(() => parse(url(name))).toThrow("needs Signature Version 4");
    expect(() => parse(url("response-content-disposition=a%26b"))).not.toThrow();
  });

  test("it ends, and in a week at most", () => {
    const at = (expires: string | number) => `/b/k?AWSAccessKeyId=A&Signature=x&Expires=${expires}`;
    expect(() => parse(at(1_175_138_999))).toThrow("Request has expired");
    expect(() => parse(at(1_175_139_000 + 1_000_000))).toThrow("a week at most");
    expect(() => parse(at("soon"))).toThrow("seconds since epoch");
    expect(() => parse("/b/k?AWSAccessKeyId=A")).toThrow(
      "requires the Signature, Expires and AWSAccessKeyId",
    );
  });
});
