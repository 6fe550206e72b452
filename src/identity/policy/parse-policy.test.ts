import { describe, expect, test } from "bun:test";
import { parsePolicy } from "./parse-policy.ts";
import { PolicyProblem } from "./policy.ts";

const RESOURCE = { kind: "resource", resource: "implied" } as const;
const IDENTITY = { kind: "identity", resource: "required" } as const;

function problem(document: unknown, kind: Parameters<typeof parsePolicy>[1]): string {
  try {
    parsePolicy(typeof document === "string" ? document : JSON.stringify(document), kind);
  } catch (error) {
    if (error instanceof PolicyProblem) return error.message;
    throw error;
  }
  return "accepted";
}

const statement = { Effect: "Allow", Principal: "*", Action: "ecr:PutImage" };
const withStatement = (change: object) => ({
  Version: "2012-10-17",
  Statement: [{ ...statement, ...change }],
});
const SYNTAX = "Syntax errors in policy.";
const VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";

const REFUSED: readonly (readonly [string, unknown, string])[] = [
  ["nothing", "", SYNTAX],
  ["no JSON", "{", SYNTAX],
  ["an array", "[]", SYNTAX],
  ["a string", '"policy"', SYNTAX],
  ["null", "null", SYNTAX],
  ["no statement", { Version: "2012-10-17" }, SYNTAX],
  ["an empty list of statements", { Version: "2012-10-17", Statement: [] }, SYNTAX],
  ["an unknown version", { Version: "2020-01-01", Statement: [statement] }, SYNTAX],
  ["an unknown element", { ...withStatement({}), Comment: "x" }, SYNTAX],
  ["an unknown element in a statement", withStatement({ Actions: "x" }), SYNTAX],
  ["a statement that is a string", { Version: "2012-10-17", Statement: ["x"] }, SYNTAX],
  ["a small effect", withStatement({ Effect: "allow" }), SYNTAX],
  ["no effect", withStatement({ Effect: undefined }), SYNTAX],
  ["Action beside NotAction", withStatement({ NotAction: "ecr:x" }), SYNTAX],
  [
    "an element twice",
    '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Effect":"Allow","Principal":"*","Action":"*"}}',
    SYNTAX,
  ],
  [
    "the same element in escapes",
    '{"Version":"2012-10-17","Statement":{"Effect":"Deny","\\u0045ffect":"Allow","Principal":"*","Action":"*"}}',
    SYNTAX,
  ],
  ["brackets without an end", "[".repeat(20_000), SYNTAX],
  [
    "a JSON bomb in a condition",
    withStatement({ Condition: { StringEquals: { "aws:a": [[[[[["x"]]]]]] } } }),
    SYNTAX,
  ],
  ["no action", withStatement({ Action: undefined }), "Policy statement must contain actions."],
  ["an empty list of actions", withStatement({ Action: [] }), "Policy statement must contain actions."],
  ["an action that is a number", withStatement({ Action: 5 }), "Policy statement must contain actions."],
  ["an action without a service", withStatement({ Action: "PutImage" }), VENDOR],
  [
    "an action with two colons",
    withStatement({ Action: "ecr:Put:Image" }),
    "Actions/Condition can contain only one colon.",
  ],
  ["a wildcard for the service", withStatement({ Action: "e*:PutImage" }), "Vendor e* is not valid"],
  [
    "a resource that is no ARN",
    withStatement({ Resource: "my-app" }),
    'Resource my-app must be in ARN format or "*".',
  ],
  [
    "no principal",
    withStatement({ Principal: undefined }),
    "Missing required field Principal cannot be empty!",
  ],
  [
    "a principal by name",
    withStatement({ Principal: { AWS: "bob" } }),
    'Invalid principal in policy: "AWS":"bob"',
  ],
  [
    "a short account",
    withStatement({ Principal: { AWS: "12345" } }),
    'Invalid principal in policy: "AWS":"12345"',
  ],
  [
    "a wildcard inside a principal",
    withStatement({ Principal: { AWS: "arn:aws:iam::*:root" } }),
    "Invalid principal in policy",
  ],
  [
    "an unknown kind of principal",
    withStatement({ Principal: { Azure: "x" } }),
    "Invalid principal in policy: Azure",
  ],
  ["an empty principal", withStatement({ Principal: {} }), "Invalid principal in policy"],
  ["a condition without a service", withStatement({ Condition: { StringEquals: { key: "x" } } }), VENDOR],
  [
    "an unknown operator",
    withStatement({ Condition: { StringSame: { "aws:a": "x" } } }),
    "Invalid Condition type : StringSame",
  ],
  ["a condition that is a list", withStatement({ Condition: [] }), SYNTAX],
  [
    "too much of it",
    withStatement({ Sid: "x".repeat(20_480) }),
    "The policy is longer than 20480 characters.",
  ],
  [
    "two statements of one Sid",
    {
      Version: "2012-10-17",
      Statement: [
        { ...statement, Sid: "a" },
        { ...statement, Sid: "a" },
      ],
    },
    "Statement IDs (SID) in a single policy must be unique.",
  ],
];

describe("a resource policy is refused for", () => {
  for (const [name, document, text] of REFUSED) {
    test(name, () => {
      const message = problem(document, RESOURCE);
      expect(message.slice(0, text.length)).toBe(text);
      expect(message.length).toBeLessThan(400);
    });
  }
});

test("a variable full of spaces is read like any other text", () => {
  const value = `\${${" ".repeat(9_000)},x}`;
  expect(problem(withStatement({ Condition: { StringEquals: { "aws:userid": value } } }), RESOURCE)).toBe(
    "accepted",
  );
});

test("depth is bounded before anything is built, whatever length is allowed", () => {
  const bomb = `{"Id":${"[".repeat(400_000)}${"]".repeat(400_000)}}`;
  expect(problem(bomb, { ...RESOURCE, maxLength: 1_000_000 })).toBe(SYNTAX);
});

describe("a resource policy may", () => {
  const accepted: readonly (readonly [string, object])[] = [
    ["leave the resource and the version out", { Statement: statement }],
    ["be of 2008", { Version: "2008-10-17", Id: "x", Statement: [statement] }],
    [
      "have numbers and booleans in conditions",
      withStatement({
        Condition: { Bool: { "aws:SecureTransport": true }, NumericLessThan: { "s3:max-keys": 10 } },
      }),
    ],
    ["have any text in a Sid", withStatement({ Sid: "new statement" })],
    [
      "name keys of an identity provider",
      withStatement({ Condition: { StringLike: { "token.actions.githubusercontent.com:sub": "repo:*" } } }),
    ],
    ["have colons, quotes and brackets in its texts", withStatement({ Sid: 'a":{[b]}:"\\' })],
    [
      "name a role's session",
      withStatement({ Principal: { AWS: "arn:aws:sts::123456789012:assumed-role/ci/session" } }),
    ],
  ];
  for (const [name, document] of accepted) {
    test(name, () => expect(problem(document, RESOURCE)).toBe("accepted"));
  }
  test("not leave the resource out where it is required", () => {
    expect(problem(withStatement({}), { kind: "resource", resource: "required" })).toBe(
      "Policy statement must contain resources.",
    );
  });
});

describe("an identity policy", () => {
  const good = { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } };
  test("names actions and resources", () => expect(problem(good, IDENTITY)).toBe("accepted"));
  test("names no principal", () => {
    const named = { ...good, Statement: { ...good.Statement, Principal: "*" } };
    expect(problem(named, IDENTITY)).toBe("Policy document should not specify a principal.");
  });
  test("is of 2012", () => {
    expect(problem({ ...good, Version: "2008-10-17" }, IDENTITY)).toBe(
      "Policy document must be version 2012-10-17 or greater.",
    );
  });
  test("names resources", () => {
    expect(problem({ ...good, Statement: { Effect: "Allow", Action: "*" } }, IDENTITY)).toBe(
      "Policy statement must contain resources.",
    );
  });
});
