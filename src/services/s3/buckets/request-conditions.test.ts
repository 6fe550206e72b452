import { describe, expect, test } from "bun:test";
import type { S3Call } from "../call.ts";
import { requestConditions } from "./request-conditions.ts";

const NOW = new Date("2026-11-01T10:00:00Z");

function conditions(
  headers: Readonly<Record<string, string>>,
  more: Partial<S3Call> = {},
): Readonly<Record<string, string | readonly string[]>> {
  return requestConditions({ now: NOW, header: (name: string) => headers[name], ...more } as S3Call);
}

describe("what a request says of itself to a bucket policy", () => {
  test("nothing that it does not say", () => expect(conditions({})).toEqual({}));

  test("how, when and over what it was signed", () => {
    const signature = {
      type: "POST",
      version: "AWS4-HMAC-SHA256",
      signedAt: new Date(NOW.getTime() - 1500),
    } as const;
    expect(conditions({}, { signature, tlsVersion: "1.3" })).toEqual({
      "s3:authType": "POST",
      "s3:signatureversion": "AWS4-HMAC-SHA256",
      "s3:signatureAge": "1500",
      "s3:TlsVersion": "1.3",
    });
    const presigned = { type: "REST-QUERY-STRING", version: "AWS", signedAt: undefined } as const;
    expect(conditions({}, { signature: presigned })).toEqual({
      "s3:authType": "REST-QUERY-STRING",
      "s3:signatureversion": "AWS",
    });
  });

  test("what is copied: decoded, without slash and version", () => {
    for (const source of ["/bucket/a%20b/%C3%BC.txt?versionId=v1", "bucket/a b/ü.txt"])
      expect(conditions({ "x-amz-copy-source": source })).toEqual({
        "s3:x-amz-copy-source": "bucket/a b/ü.txt",
      });
    expect(conditions({ "x-amz-copy-source": "bucket/100%" })).toEqual({
      "s3:x-amz-copy-source": "bucket/100%",
    });
  });

  test("what is copied is what will be read, however the source is written", () => {
    for (const source of [
      "%2Fbucket/key",
      "%2Fbucket%2Fkey",
      "bucket/key?versionId=a%2F",
      "/bucket/key?versionId=",
    ])
      expect(conditions({ "x-amz-copy-source": source })).toEqual({ "s3:x-amz-copy-source": "bucket/key" });
    expect(conditions({ "x-amz-copy-source": "bucket/key?versionId=a?versionId=b" })).toEqual({
      "s3:x-amz-copy-source": "bucket/key?versionId=a",
    });
  });

  test("the KMS key by its ARN, however it is written", () => {
    const id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    const arn = `arn:aws:kms:eu-west-1:111122223333:key/${id}`;
    const where = { account: "111122223333", region: "eu-west-1" } as Partial<S3Call>;
    const name = "x-amz-server-side-encryption-aws-kms-key-id";
    for (const written of [id, arn])
      expect(conditions({ [name]: written }, where)).toEqual({ [`s3:${name}`]: arn });
    expect(conditions({ [name]: "alias/team" }, where)).toEqual({ [`s3:${name}`]: "alias/team" });
  });

  test("the tags that the object is to get", () => {
    expect(conditions({ "x-amz-tagging": "team=a%26b&empty=" })).toEqual({
      "s3:RequestObjectTagKeys": ["team", "empty"],
      "s3:RequestObjectTag/team": "a&b",
      "s3:RequestObjectTag/empty": "",
    });
  });

  test("how long it is to be locked, in whole days begun", () => {
    const until = "2026-11-11T09:00:00Z";
    expect(
      conditions({ "x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-retain-until-date": until }),
    ).toEqual({
      "s3:object-lock-mode": "COMPLIANCE",
      "s3:object-lock-retain-until-date": "2026-11-11T09:00:00.000Z",
      "s3:object-lock-remaining-retention-days": "10",
    });
  });
});
