import { expect, test } from "bun:test";
import { callOf } from "../services/kms/testing/test-kms.ts";
import { authorize } from "./authorize.ts";

const OWNER = "123456789012";
const OTHER = "210987654321";

/** Whether a request with this context passes a policy that lets the other account in under one condition. */
function passes(effect: "Allow" | "Deny", condition: object, context: Record<string, string>): boolean {
  const statement = { Effect: effect, Principal: { AWS: OTHER }, Action: "s3:PutObject", Resource: "*" };
  const others = effect === "Deny" ? [{ ...statement, Effect: "Allow" }] : [];
  const policy = { Version: "2012-10-17", Statement: [...others, { ...statement, Condition: condition }] };
  const call = callOf(OTHER, new Date("2026-01-01T00:00:00Z"));
  try {
    authorize(call, {
      action: "s3:PutObject",
      resource: "arn:aws:s3:::artifacts/key",
      resourceAccount: OWNER as typeof call.account,
      resourcePolicy: JSON.stringify(policy),
      context,
    });
    return true;
  } catch {
    return false;
  }
}

test("who sends a key twice, in letters of another case, passes no allow and every deny", () => {
  const key = "s3:RequestObjectTag/Project";
  const upper = "s3:RequestObjectTag/PROJECT";
  const isGood = { StringEquals: { [key]: "good" } };
  const isNotGood = { StringNotEquals: { [key]: "good" } };
  expect(passes("Allow", isGood, { [key]: "good" })).toBe(true);
  expect(passes("Deny", isNotGood, { [key]: "good" })).toBe(true);
  expect(passes("Allow", isGood, { [key]: "good", [upper]: "good" })).toBe(true);
  for (const context of [
    { [key]: "bad", [upper]: "good" },
    { [upper]: "good", [key]: "bad" },
    { [key]: "good", [upper]: "bad", "S3:requestobjecttag/project": "good" },
  ]) {
    expect(passes("Allow", isGood, context)).toBe(false);
    expect(passes("Deny", isNotGood, context)).toBe(false);
    // Where no condition asks for it, it does no harm.
    expect(passes("Allow", { Bool: { "aws:SecureTransport": "false" } }, context)).toBe(true);
  }
});
