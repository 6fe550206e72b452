import { describe, expect, test } from "bun:test";
import type { WireRequest } from "../aws/wire.ts";
import type { HostNames } from "./door.ts";
import { bucketOfHost, isForS3 } from "./s3-requests.ts";

const signedFor = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

function forS3(
  target: string,
  headers: Readonly<Record<string, string>> = {},
  host: HostNames = {},
  method = "GET",
): boolean {
  const request: WireRequest = { method, target, headers, body: new Uint8Array(0) };
  return isForS3(request, host);
}

describe("requests to the endpoint of all APIs", () => {
  test("go where their signature says", () => {
    expect(["s3", "s3express"].map((service) => forS3("/", signedFor(service)))).toEqual([true, true]);
    expect(
      ["ecr", "kms", "sts", "codeartifact"].map((service) => forS3("/bucket/key", signedFor(service))),
    ).toEqual([false, false, false, false]);
    const presigned = (service: string) =>
      `/b/k?X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2F${service}%2Faws4_request`;
    expect([forS3(presigned("s3")), forS3(presigned("sts"))]).toEqual([true, false]);
    expect(forS3("/b/k?AWSAccessKeyId=A&Signature=s&Expires=1")).toBe(true);
  });

  test("go to S3 when their host names it or a bucket", () => {
    expect(forS3("/v1/x", {}, { service: "s3" })).toBe(true);
    expect(forS3("/", { "x-amz-target": "x" }, { service: "s3", bucket: "b" } as HostNames)).toBe(true);
    expect(forS3("/x", {}, { service: "ecr" })).toBe(false);
    expect(forS3("/x", {}, { service: "my-bucket" })).toBe(true);
  });

  test("go to S3 when nothing says otherwise", () => {
    expect(forS3("/bucket/key")).toBe(true);
    expect(forS3("/bucket", { "content-type": "multipart/form-data; boundary=b" }, {}, "POST")).toBe(true);
    expect(forS3("/bucket/key", { "content-type": "application/x-www-form-urlencoded" }, {}, "PUT")).toBe(
      true,
    );
    expect(forS3("/bucket/key", { "content-type": "application/json" }, {}, "PUT")).toBe(true);
    expect(forS3("/bucket/key?Action=x")).toBe(true);
    expect(forS3("/bucket/key", {}, {}, "OPTIONS")).toBe(true);
  });

  test("do not where they look like another service's", () => {
    expect(forS3("/", { "x-amz-target": "TrentService.ListKeys" }, {}, "POST")).toBe(false);
    expect(forS3("/", { "content-type": "application/x-amz-json-1.1" }, {}, "POST")).toBe(false);
    expect(forS3("/", { "content-type": "application/x-www-form-urlencoded" }, {}, "POST")).toBe(false);
    expect(forS3("/?Action=GetCallerIdentity")).toBe(false);
    expect(forS3("/v1/domains", { "content-type": "application/json" }, {}, "POST")).toBe(false);
  });
});

test("a host's name may be a bucket's where it is no service's", () => {
  expect(bucketOfHost({ service: "my-bucket" })).toBe("my-bucket");
  expect(bucketOfHost({ bucket: "b", service: "s3" } as HostNames)).toBe("b");
  expect(bucketOfHost({ service: "s3" })).toBeUndefined();
  expect(bucketOfHost({ service: "sts", region: "us-east-1" } as HostNames)).toBeUndefined();
  expect(bucketOfHost({})).toBeUndefined();
});
