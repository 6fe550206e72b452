import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ecr, form, outcome, rest } from "./hostile-input.samples.ts";
import type { ModelKey } from "./models.ts";
import type { WireRequest } from "./wire.ts";

describe("whatever bytes come, only AwsErrors of the client's fault are thrown", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
    fc
      .array(
        fc.constantFrom(
          "<",
          ">",
          "/",
          "a",
          "Tag",
          "&",
          "=",
          ".",
          "%",
          "1",
          "Action",
          '"',
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
        ),
        { maxLength: 60 },
      )
      .map((parts) => Buffer.from(parts.join(""))),
  );
  const requests: readonly (readonly [key: ModelKey, request: (body: Uint8Array) => WireRequest])[] = [
    ["ecr", (body) => ecr("PutReplicationConfiguration", body)],
    ["iam", (body) => form(Buffer.concat([Buffer.from("Action=CreateRole&"), body]))],
    ["ec2", (body) => form(body, "/?Action=RunInstances")],
    ["codeartifact", (body) => rest("POST", "/v1/repository?domain=abc&repository=abc", body)],
    ["s3", (body) => rest("PUT", "/bucket?lifecycle", body)],
    ["s3", (body) => rest("GET", `/${Buffer.from(body).toString("latin1")}`)],
  ];
  test.each(requests)("%s", async (key, request) => {
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        expect(await outcome(key, request(body))).not.toMatch(/^5/);
      }),
      { numRuns: 300 },
    );
  });
});
