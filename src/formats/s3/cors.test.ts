import { describe, expect, test } from "bun:test";
import type { CORSRule } from "@aws-sdk/client-s3";
import { corsHeaders, preflightHeaders, readPreflight } from "./cors.ts";

const RULES: readonly CORSRule[] = [
  {
    AllowedOrigins: ["https://app.example.com", "http://*.example.com"],
    AllowedMethods: ["GET", "PUT"],
    AllowedHeaders: ["X-Amz-*", "content-type"],
    ExposeHeaders: ["ETag", "x-amz-version-id"],
    MaxAgeSeconds: 100,
  },
  { AllowedOrigins: ["*"], AllowedMethods: ["HEAD"] },
];

const ask = (origin: string, method: string, headers: readonly string[] = []) =>
  preflightHeaders(RULES, { origin, method, headers }, "OBJECT");

describe("a preflight", () => {
  test("is told what the first rule allows that holds for all of it", () => {
    expect(ask("http://a.example.com", "PUT", ["x-amz-date", "content-type"])).toEqual({
      "access-control-allow-origin": "http://a.example.com",
      "access-control-allow-methods": "GET, PUT",
      "access-control-allow-headers": "x-amz-date, content-type",
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "ETag, x-amz-version-id",
      "access-control-max-age": "100",
      vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    });
    expect(ask("null", "HEAD")).toMatchObject({ "access-control-allow-origin": "*" });
    expect(ask("null", "HEAD")).not.toHaveProperty("access-control-allow-credentials");
  });

  test("of anything that no rule allows is refused", () => {
    for (const [origin, method, headers] of [
      ["https://a.example.com", "GET", []],
      ["http://example.com", "GET", []],
      ["http://a.example.com", "DELETE", []],
      ["http://a.example.com", "GET", ["authorization"]],
      ["http://a.example.com", "GET", ["x-amz"]],
      ["http://a.example.com.evil.org", "GET", []],
      ["https://any.org", "HEAD", ["x-amz-date"]],
    ] as const)
      expect(() => ask(origin, method, headers)).toThrow("This CORS request is not allowed");
    expect(() => preflightHeaders(undefined, { origin: "a", method: "GET", headers: [] }, "BUCKET")).toThrow(
      "CORS is not enabled for this bucket",
    );
  });

  test("says its origin and a method that exists", () => {
    const read = (headers: Record<string, string>) => readPreflight((name) => headers[name]);
    expect(() => read({ "access-control-request-method": "GET" })).toThrow("Origin request header needed");
    expect(() => read({ origin: "a" })).toThrow("Invalid Access-Control-Request-Method: null");
    expect(() => read({ origin: "a", "access-control-request-method": "get" })).toThrow("get");
    expect(
      read({
        origin: "a",
        "access-control-request-method": "GET",
        "access-control-request-headers": " A,b ,, ",
      }),
    ).toEqual({ origin: "a", method: "GET", headers: ["a", "b"] });
  });
});

test("other answers are told to scripts of an origin that a rule names, and to no others", () => {
  expect(corsHeaders(RULES, "http://a.example.com", "GET")).toMatchObject({
    "access-control-allow-origin": "http://a.example.com",
    "access-control-expose-headers": "ETag, x-amz-version-id",
  });
  expect(corsHeaders(RULES, "https://evil.org", "GET")).toEqual({});
  expect(corsHeaders(undefined, "http://a.example.com", "GET")).toEqual({});
});
