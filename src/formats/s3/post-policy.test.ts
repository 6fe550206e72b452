import { describe, expect, test } from "bun:test";
import { checkPolicy } from "./post-policy.ts";

const NOW = new Date("2026-06-01T00:00:00Z");
const FIELDS = { bucket: "uploads", key: "user/a.txt", "content-type": "image/png" };
const SPOKEN = [
  { bucket: "uploads" },
  ["starts-with", "$key", "user/"],
  ["starts-with", "$Content-Type", "image/"],
];

function check(
  conditions: unknown,
  fields: Readonly<Record<string, string>> = FIELDS,
  expiration = "2026-06-01T00:00:01Z",
): unknown {
  const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString("base64");
  const form = { fields: new Map(Object.entries(fields)), rawKey: fields["key"] ?? "" };
  try {
    return checkPolicy(policy, form, NOW);
  } catch (error) {
    return (error as Error).message;
  }
}

describe("a form passes that says no more than its policy allows", () => {
  test("by equality, by prefix, and with any case of names", () => {
    expect(check(SPOKEN)).toBeUndefined();
    expect(
      check([["EQ", "$BUCKET", "uploads"], ["Starts-With", "$kEy", ""], { "Content-Type": "image/png" }]),
    ).toBeUndefined();
  });

  test("with fields that no policy need speak about", () => {
    const more = {
      ...FIELDS,
      policy: "x",
      "x-amz-signature": "x",
      signature: "x",
      awsaccesskeyid: "x",
      "x-ignore-me": "x",
    };
    expect(check(SPOKEN, more)).toBeUndefined();
  });

  test("and its size is bounded by the narrowest range", () => {
    expect(
      check([...SPOKEN, ["content-length-range", 1, "100"], ["content-length-range", 10, 1_000]]),
    ).toEqual({
      smallest: 10,
      largest: 100,
    });
  });

  test("a list of types begins so in each of its parts", () => {
    const list = (types: string) => check(SPOKEN, { ...FIELDS, "content-type": types });
    expect(list("image/png, image/jpeg")).toBeUndefined();
    expect(list("image/png, text/html")).toContain("Policy Condition failed");
  });
});

describe("a form is refused that says", () => {
  test("something else than the policy", () => {
    expect(check(SPOKEN, { ...FIELDS, key: "other/a.txt" })).toBe(
      'Invalid according to Policy: Policy Condition failed: ["starts-with", "$key", "user/"]',
    );
    expect(check([...SPOKEN, { acl: "private" }])).toBe(
      'Invalid according to Policy: Policy Condition failed: ["eq", "$acl", "private"]',
    );
    expect(check([...SPOKEN, ["eq", "key", "user/a.txt"]])).toContain("Policy Condition failed");
    expect(check([...SPOKEN, ["content-length-range", "five", "10"]])).toBe(
      'Invalid according to Policy: Policy Condition failed: ["content-length-range", "five", "10"]',
    );
  });

  test("what the policy does not speak about, its bucket too", () => {
    expect(check(SPOKEN.slice(1))).toBe("Invalid according to Policy: Extra input fields: bucket");
    expect(check(SPOKEN, { ...FIELDS, acl: "public-read", "x-amz-meta-a": "1" })).toBe(
      "Invalid according to Policy: Extra input fields: acl, x-amz-meta-a",
    );
  });

  test("anything, once the policy has expired", () => {
    expect(check(SPOKEN, FIELDS, "2026-06-01T00:00:00Z")).toBe(
      "Invalid according to Policy: Policy expired.",
    );
  });
});

test("what is no policy is told why", () => {
  const cases: readonly (readonly [conditions: unknown, reason: string])[] = [
    [undefined, "Policy missing conditions."],
    [true, "Invalid 'conditions' value: must be a List."],
    [[true], "Invalid condition test: must be a List or Object."],
    [[{}], "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."],
    [
      [{ a: "1", b: "2" }],
      "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
    ],
    [[{ a: 1 }], "Invalid Simple-Condition: value must be a string."],
    [[[]], "Invalid Condition: missing operation identifier."],
    [[["like", "$key", "x"]], "Invalid Condition: unknown operation 'like'."],
    [[["eq", "$key", "x", "y"]], "Invalid eq: wrong number of arguments."],
    [[["content-length-range", 0]], "Invalid content-length-range: wrong number of arguments."],
  ];
  for (const [conditions, reason] of cases) expect(check(conditions)).toBe(`Invalid Policy: ${reason}`);
  const form = { fields: new Map(), rawKey: "" };
  expect(() => checkPolicy("", form, NOW)).toThrow("Expecting '{' but found End-of-Input");
  expect(() => checkPolicy("%%%", form, NOW)).toThrow("invalid Base64 encoding.");
  expect(() => checkPolicy(Buffer.from("[1]").toString("base64"), form, NOW)).toThrow("Invalid JSON.");
});
