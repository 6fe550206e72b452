/** Lifecycle documents and what is refused of them, in few words, for tests of validation. */
import { expect } from "bun:test";
import type { LifecycleRule } from "@aws-sdk/client-s3";
import { AwsError } from "../../../../aws/errors.ts";
import { checkLifecycle } from "../validation.ts";

export type Rules = readonly Partial<LifecycleRule>[];

export const EXPIRES = { Expiration: { Days: 1 } };

export function check(rules: Rules): LifecycleRule[] {
  return checkLifecycle({
    Rules: rules.map((rule): LifecycleRule => ({ Status: "Enabled", Filter: {}, ...rule })),
  });
}

/** `MalformedXML`, or code and text. */
export function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    expect(error.status).toBe(400);
    return error.name === "MalformedXML" ? error.name : `${error.name}: ${error.message}`;
  }
  return "taken";
}

export const midnight = new Date("2030-01-01T00:00:00Z");
export const later = new Date("2030-03-01T00:00:00Z");
export const tag = (Key: string, Value = "v") => ({ Key, Value });
