import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseSignedRequest } from "./parse.ts";
import { SignatureProblem } from "./problems.ts";
import type { RawRequest } from "./signed-request.ts";
import { type Plan, SECRET, SIGNED_AT, sha256, signWithSdk } from "./testing/sdk-signer.ts";
import { verifySignature } from "./verify.ts";

function accepts(request: RawRequest, bodySha256: string): boolean {
  try {
    verifySignature(parseSignedRequest(request, SIGNED_AT), SECRET, request, bodySha256);
    return true;
  } catch (error) {
    if (error instanceof SignatureProblem) return false;
    throw error;
  }
}

const segment = fc
  .string({ unit: "binary", minLength: 1, maxLength: 8 })
  .map((text) =>
    encodeURIComponent(text.toWellFormed()).replace(
      /[!'()*]/g,
      (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
  );
const plans: fc.Arbitrary<Plan> = fc
  .record({
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH"),
    path: fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`),
    query: fc.dictionary(
      fc
        .string({ unit: "grapheme", minLength: 1, maxLength: 6 })
        .filter((name) => !/^(x-amz-|awsaccesskeyid$|__proto__$)/i.test(name)),
      fc.oneof(
        fc.string({ unit: "grapheme", maxLength: 8 }),
        fc.array(fc.string({ unit: "grapheme", maxLength: 4 }), { minLength: 1, maxLength: 3 }),
      ),
      { maxKeys: 4, noNullPrototype: true },
    ),
    headers: fc.dictionary(
      fc.stringMatching(/^x-[a-z]{1,8}$/),
      fc.string({ unit: "grapheme-ascii", maxLength: 12 }),
      { maxKeys: 3, noNullPrototype: true },
    ),
    body: fc.string({ maxLength: 20 }),
    service: fc.constantFrom("ecr", "s3", "sts"),
    presign: fc.boolean(),
  })
  .map((plan) => {
    // The SDK presigns S3 as UNSIGNED-PAYLOAD only when it is told so, as s3-request-presigner does.
    const unsigned =
      plan.presign && plan.service === "s3" ? { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } : {};
    return { ...plan, headers: { ...plan.headers, ...unsigned } };
  });

/** The place to change: a part of the request and a position in it, as a fraction. */
const spots = fc.record({
  part: fc.constantFrom("method", "path", "query", "header", "body"),
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

function otherByte(text: string, at: number): string | undefined {
  if (text === "") return undefined;
  const index = Math.floor(at * text.length);
  const other = text[index] === "q" ? "z" : "q";
  return text.slice(0, index) + other + text.slice(index + 1);
}

describe("whatever the AWS SDK signs", () => {
  test("is accepted", async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { request, bodySha256 } = await signWithSdk(plan);
        expect(accepts(request, bodySha256)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("is refused once any single byte of it is another", async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(plans, spots, async (plan, spot) => {
        const { request, bodySha256 } = await signWithSdk(plan);
        const changed = changeOneByte(request, plan, spot.part, spot.at);
        if (!changed) return;
        refused += 1;
        expect(accepts(changed.request, changed.bodySha256 ?? bodySha256)).toBe(false);
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(200);
  });
});

function changeOneByte(
  request: RawRequest,
  plan: Plan,
  part: string,
  at: number,
): { request: RawRequest; bodySha256?: string } | undefined {
  const mark = request.target.indexOf("?");
  const path = mark < 0 ? request.target : request.target.slice(0, mark);
  const query = mark < 0 ? "" : request.target.slice(mark + 1);
  switch (part) {
    case "method": {
      const method = otherByte(request.method, at);
      return method === undefined ? undefined : { request: { ...request, method } };
    }
    case "path": {
      const rest = otherByte(path.slice(1), at);
      if (rest === undefined) return undefined;
      return { request: { ...request, target: `/${rest}${mark < 0 ? "" : `?${query}`}` } };
    }
    case "query": {
      const changed = otherByte(query, at);
      return changed === undefined ? undefined : { request: { ...request, target: `${path}?${changed}` } };
    }
    case "header": {
      const signed = new Set(["host", "x-amz-date", ...Object.keys(plan.headers ?? {})]);
      const spots = request.rawHeaders.flatMap((name, index) =>
        index % 2 === 0 && signed.has(name.toLowerCase()) ? [index + 1] : [],
      );
      const index = spots[Math.floor(at * spots.length)] ?? 1;
      const value = otherByte((request.rawHeaders[index] ?? "").trim(), (at * 7) % 1);
      if (value === undefined) return undefined;
      return { request: { ...request, rawHeaders: request.rawHeaders.with(index, value) } };
    }
    default: {
      const body = otherByte(plan.body ?? "", at);
      const covered = !(plan.service === "s3" && plan.presign);
      return body === undefined || !covered ? undefined : { request, bodySha256: sha256(body) };
    }
  }
}
