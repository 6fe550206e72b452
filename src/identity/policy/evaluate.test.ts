// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written this way
import { describe, expect, test } from "bun:test";
import { type Decision, evaluatePolicies } from "./evaluate.ts";
import { parsePolicy } from "./parse-policy.ts";
import type { Policy } from "./policy.ts";
import type { PolicyPrincipal } from "./principals.ts";

const HOME = "123456789012";
const OTHER = "999999999999";
const REPOSITORY = `arn:aws:ecr:us-east-1:${HOME}:repository/team/app`;

const root = (account: string): PolicyPrincipal => ({
  account,
  root: true,
  names: { AWS: [`arn:aws:iam::${account}:root`] },
});
const user = (account: string, name: string): PolicyPrincipal => ({
  account,
  root: false,
  names: { AWS: [`arn:aws:iam::${account}:user/${name}`] },
});

type Json = Readonly<Record<string, unknown>>;

const resourcePolicy = (...statements: readonly Json[]): Policy =>
  parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: statements }), {
    kind: "resource",
    resource: "implied",
  });
const identityPolicy = (...statements: readonly Json[]): Policy =>
  parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: statements }), {
    kind: "identity",
    resource: "required",
  });

interface Asked {
  readonly by?: PolicyPrincipal;
  readonly identity?: "everything" | readonly Policy[];
  readonly resource?: Policy | undefined;
  readonly action?: string;
  readonly on?: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

function decide(asked: Asked): Decision {
  return evaluatePolicies(
    { identity: asked.identity ?? "everything", resource: asked.resource },
    {
      principal: asked.by ?? root(OTHER),
      action: asked.action ?? "ecr:BatchGetImage",
      resource: asked.on ?? REPOSITORY,
      resourceAccount: HOME,
      context: new Map(
        Object.entries(asked.context ?? {}).map(([key, value]) => [key.toLowerCase(), [value].flat()]),
      ),
    },
  );
}

const allowed = (asked: Asked) => decide(asked).allowed;
/** Whether another account's root gets in through one statement of the resource's policy. */
const letsIn = (statement: Json, context?: Asked["context"]) =>
  allowed({
    resource: resourcePolicy({ Effect: "Allow", Principal: "*", Action: "ecr:BatchGetImage", ...statement }),
    ...(context && { context }),
  });

describe("same account and cross account", () => {
  const allowAll = identityPolicy({ Effect: "Allow", Action: "*", Resource: "*" });
  const open = (principal: unknown) =>
    resourcePolicy({ Effect: "Allow", Principal: principal, Action: "ecr:*" });
  const bob = user(HOME, "bob");
  const cases: readonly (readonly [string, Asked, boolean, Decision["reason"], Decision["side"]])[] = [
    ["the root in its own account", { by: root(HOME) }, true, "allow", "identity"],
    ["another account's root without a resource policy", {}, false, "no-allow", "resource"],
    [
      "another account's root that the resource lets in",
      { resource: open({ AWS: OTHER }) },
      true,
      "allow",
      "resource",
    ],
    [
      "another account's root when a third is let in",
      { resource: open({ AWS: "111111111111" }) },
      false,
      "no-allow",
      "resource",
    ],
    ["a user with an identity policy", { by: bob, identity: [allowAll] }, true, "allow", "identity"],
    ["a user without any policy", { by: bob, identity: [] }, false, "no-allow", "identity"],
    [
      "a user whom the resource names",
      { by: bob, identity: [], resource: open({ AWS: `arn:aws:iam::${HOME}:user/bob` }) },
      true,
      "allow",
      "resource",
    ],
    [
      "a user whose account the resource names",
      { by: bob, identity: [], resource: open({ AWS: HOME }) },
      false,
      "no-allow",
      "identity",
    ],
    [
      "a user when everybody is let in",
      { by: bob, identity: [], resource: open("*") },
      true,
      "allow",
      "resource",
    ],
    [
      "a foreign user with only its own policy",
      { by: user(OTHER, "eve"), identity: [allowAll] },
      false,
      "no-allow",
      "resource",
    ],
    [
      "a foreign user with only the resource's policy",
      { by: user(OTHER, "eve"), identity: [], resource: open({ AWS: OTHER }) },
      false,
      "no-allow",
      "identity",
    ],
    [
      "a foreign user with both",
      { by: user(OTHER, "eve"), identity: [allowAll], resource: open({ AWS: OTHER }) },
      true,
      "allow",
      "resource",
    ],
  ];
  for (const [name, asked, expected, reason, side] of cases) {
    test(`${name}: ${expected ? "allowed" : "denied"}`, () => {
      expect(decide(asked)).toMatchObject({ allowed: expected, reason, side });
    });
  }
});

describe("an explicit deny", () => {
  const deny = { Sid: "NoDeletes", Effect: "Deny", Principal: "*", Action: "ecr:Batch*" };
  test("wins over every allow, for the root of the account too, and names its statement", () => {
    const resource = resourcePolicy({ Effect: "Allow", Principal: "*", Action: "*" }, deny);
    for (const by of [root(HOME), root(OTHER)]) {
      const decision = decide({ by, resource });
      expect(decision).toMatchObject({ allowed: false, reason: "explicit-deny", side: "resource" });
      expect(decision.statement).toMatchObject({ index: 1, sid: "NoDeletes" });
    }
  });
  test("does not reach other actions", () => {
    expect(allowed({ by: root(HOME), resource: resourcePolicy(deny), action: "ecr:PutImage" })).toBe(true);
  });
  test("for an account reaches its users", () => {
    const resource = resourcePolicy({ Effect: "Deny", Principal: { AWS: HOME }, Action: "*" });
    const identity = [identityPolicy({ Effect: "Allow", Action: "*", Resource: "*" })];
    expect(decide({ by: user(HOME, "bob"), identity, resource }).reason).toBe("explicit-deny");
  });
});

describe("Principal", () => {
  const arn = `arn:aws:iam::${OTHER}:root`;
  const cases: readonly (readonly [unknown, boolean])[] = [
    ["*", true],
    [{ AWS: "*" }, true],
    [{ AWS: OTHER }, true],
    [{ AWS: arn }, true],
    [{ AWS: ["111111111111", arn] }, true],
    [{ AWS: HOME }, false],
    [{ AWS: `arn:aws:iam::${OTHER}:user/root` }, false],
    [{ Service: "lambda.amazonaws.com" }, false],
    [{ Federated: "accounts.google.com" }, false],
    [{ CanonicalUser: "79a59df900b949e55d96a1e698fbaced" }, false],
    [{ Service: "lambda.amazonaws.com", AWS: OTHER }, true],
  ];
  for (const [principal, expected] of cases) {
    test(`${JSON.stringify(principal)} ${expected ? "means" : "does not mean"} the other account`, () => {
      expect(letsIn({ Principal: principal })).toBe(expected);
    });
  }
  test("a service is named as a service only", () => {
    const by: PolicyPrincipal = { account: OTHER, root: false, names: { Service: ["lambda.amazonaws.com"] } };
    const names = (principal: unknown) =>
      decide({ by, resource: resourcePolicy({ Effect: "Allow", Principal: principal, Action: "*" }) })
        .allowed;
    expect(names({ Service: "lambda.amazonaws.com" })).toBe(true);
    expect(names({ Federated: "lambda.amazonaws.com" })).toBe(false);
  });
  test("NotPrincipal with Deny spares who is named together with its account", () => {
    const deny = (names: readonly string[]) =>
      resourcePolicy(
        { Effect: "Allow", Principal: "*", Action: "*" },
        { Effect: "Deny", NotPrincipal: { AWS: names }, Action: "*" },
      );
    const bobArn = `arn:aws:iam::${HOME}:user/bob`;
    const bob = { by: user(HOME, "bob"), identity: [] };
    expect(allowed({ resource: deny([OTHER]) })).toBe(true);
    expect(allowed({ resource: deny([HOME]) })).toBe(false);
    expect(allowed({ ...bob, resource: deny([bobArn, HOME]) })).toBe(true);
    expect(allowed({ ...bob, resource: deny([bobArn]) })).toBe(false);
    expect(allowed({ ...bob, resource: deny([HOME]) })).toBe(false);
  });
});

describe("Action and Resource", () => {
  const cases: readonly (readonly [Json, boolean])[] = [
    [{ Action: "ECR:batchgetIMAGE" }, true],
    [{ Action: "ecr:*" }, true],
    [{ Action: "ecr:Batch???Image" }, true],
    [{ Action: "ecr:Batch????Image" }, false],
    [{ Action: ["ecr:PutImage", "*"] }, true],
    [{ Action: "ec:*" }, false],
    [{ Action: undefined, NotAction: "ecr:Put*" }, true],
    [{ Action: undefined, NotAction: ["ecr:Put*", "ecr:batch*"] }, false],
    [{ Resource: "*" }, true],
    [{ Resource: REPOSITORY }, true],
    [{ Resource: REPOSITORY.toUpperCase().replace("ARN", "arn") }, false],
    [{ Resource: `arn:aws:ecr:*:${HOME}:repository/*` }, true],
    [{ Resource: "arn:aws:ecr:*" }, true],
    [{ Resource: "arn:aws:ecr:eu-*:*:repository/*" }, false],
    [{ Resource: `arn:aws:ecr:us-east-1:${HOME}:repository/team/???` }, true],
    [{ Resource: ["arn:aws:s3:::bucket", REPOSITORY] }, true],
    [{ NotResource: REPOSITORY }, false],
    [{ NotResource: "arn:aws:ecr:*:*:repository/prod/*" }, true],
  ];
  for (const [statement, expected] of cases) {
    test(`${JSON.stringify(statement)}: ${expected ? "applies" : "does not apply"}`, () => {
      expect(letsIn(statement)).toBe(expected);
    });
  }
});

describe("policy variables", () => {
  const resource = (text: string) => ({ Resource: text });
  const context = { "aws:PrincipalAccount": HOME, "aws:PrincipalTag/team": "team", tags: ["a", "b"] };
  const cases: readonly (readonly [string, Json, boolean])[] = [
    ["a value of the request", resource("arn:aws:ecr:us-east-1:${aws:PrincipalAccount}:repository/*"), true],
    ["in any case of letters", resource("arn:aws:ecr:us-east-1:${AWS:principalACCOUNT}:repository/*"), true],
    ["a tag in the middle", resource("arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/app"), true],
    ["a missing value fits nothing", resource("arn:aws:ecr:*:*:repository/${aws:username}*"), false],
    [
      "a default for a missing value",
      resource("arn:aws:ecr:*:*:repository/${aws:username, 'team'}/app"),
      true,
    ],
    [
      "a value goes before the default",
      resource("arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team, 'x'}/app"),
      true,
    ],
    ["several values fit nothing", resource("arn:aws:ecr:*:*:repository/${tags}*"), false],
    ["the signs themselves are no wildcards", resource("arn:aws:ecr:*:*:repository/${*}"), false],
    [
      "a missing value does not open NotResource",
      { NotResource: "arn:aws:ecr:*:*:repository/${aws:username}" },
      false,
    ],
    [
      "a missing value does not open a negated operator",
      { Condition: { StringNotEquals: { "aws:PrincipalAccount": "${aws:username}" } } },
      false,
    ],
  ];
  for (const [name, statement, expected] of cases) {
    test(name, () => expect(letsIn(statement, context)).toBe(expected));
  }
  test("a wildcard in a value matches only itself", () => {
    const own = resource("arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/app");
    expect(letsIn(own, { "aws:PrincipalTag/team": "*" })).toBe(false);
  });
  test("are plain text in a policy of 2008", () => {
    const policy = parsePolicy(
      JSON.stringify({
        Version: "2008-10-17",
        Statement: {
          Effect: "Allow",
          Principal: "*",
          Action: "*",
          Condition: { StringEquals: { "aws:a": "${aws:b}" } },
        },
      }),
      { kind: "resource", resource: "implied" },
    );
    expect(allowed({ resource: policy, context: { "aws:a": "${aws:b}", "aws:b": "x" } })).toBe(true);
    expect(allowed({ resource: policy, context: { "aws:a": "x", "aws:b": "x" } })).toBe(false);
  });
});

test("several conditions must hold together, several values of one key are alternatives", () => {
  const statement = {
    Condition: {
      StringEquals: { "aws:a": ["1", "2"], "aws:b": "3" },
      Bool: { "aws:SecureTransport": "true" },
    },
  };
  const good = { "aws:a": "2", "aws:b": "3", "aws:SecureTransport": "true" };
  expect(letsIn(statement, good)).toBe(true);
  expect(letsIn(statement, { ...good, "aws:a": "3" })).toBe(false);
  expect(letsIn(statement, { ...good, "aws:b": "1" })).toBe(false);
  expect(letsIn(statement, { ...good, "aws:SecureTransport": "false" })).toBe(false);
});
