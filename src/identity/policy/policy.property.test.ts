import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { evaluatePolicies } from "./evaluate.ts";
import { ANY, matchesLong, ONE } from "./long-match.ts";
import { parsePolicy } from "./parse-policy.ts";
import { matchesPattern, parsePattern } from "./pattern.ts";
import { PolicyProblem } from "./policy.ts";

const ACCOUNTS = ["111111111111", "222222222222", "333333333333"] as const;
const ACTIONS = ["ecr:PutImage", "ecr:BatchGetImage", "s3:GetObject"] as const;
const RESOURCES = ["arn:aws:ecr:us-east-1:111111111111:repository/a", "arn:aws:s3:::bucket/key"] as const;

const statements = fc.record(
  {
    Effect: fc.constantFrom("Allow", "Deny"),
    Principal: fc.oneof(
      fc.constant("*"),
      fc.subarray([...ACCOUNTS], { minLength: 1 }).map((AWS) => ({ AWS })),
    ),
    Action: fc.subarray(["*", "ecr:*", "s3:Get*", ...ACTIONS], { minLength: 1 }),
    Resource: fc.subarray(["*", "arn:aws:ecr:*", "arn:aws:s3:::bucket/?ey", ...RESOURCES], { minLength: 1 }),
    Condition: fc.record(
      {
        StringEquals: fc.constantFrom({ "aws:a": "1" }, { "aws:a": ["1", "2"] }),
        StringNotEquals: fc.constantFrom({ "aws:b": "1" }, { "aws:b": ["1", "2"] }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ["Effect", "Principal", "Action"] },
);
type StatementJson = typeof statements extends fc.Arbitrary<infer Json> ? Json : never;

const questions = fc.record({
  account: fc.constantFrom(...ACCOUNTS),
  owner: fc.constantFrom(...ACCOUNTS),
  root: fc.boolean(),
  action: fc.constantFrom(...ACTIONS),
  resource: fc.constantFrom(...RESOURCES),
  context: fc.record(
    { "aws:a": fc.constantFrom("1", "2", "3"), "aws:b": fc.constantFrom("1", "3") },
    { requiredKeys: [] },
  ),
});
type Question = typeof questions extends fc.Arbitrary<infer Asked> ? Asked : never;

function decide(list: readonly StatementJson[], asked: Question) {
  const text = JSON.stringify({ Version: "2012-10-17", Statement: list });
  const resource =
    list.length === 0 ? undefined : parsePolicy(text, { kind: "resource", resource: "implied" });
  return evaluatePolicies(
    { identity: asked.root ? "everything" : [], resource },
    {
      principal: {
        account: asked.account,
        root: asked.root,
        names: { AWS: [`arn:aws:iam::${asked.account}:${asked.root ? "root" : "user/bob"}`] },
      },
      action: asked.action,
      resource: asked.resource,
      resourceAccount: asked.owner,
      context: new Map(Object.entries(asked.context).map(([key, value]) => [key, [String(value)]])),
    },
  );
}

const lists = fc.array(statements, { maxLength: 5 });
const DENY_ALL: StatementJson = { Effect: "Deny", Principal: "*", Action: ["*"] };
const ALLOW_ALL: StatementJson = { Effect: "Allow", Principal: "*", Action: ["*"] };

describe("any policy", () => {
  test("a deny that applies always wins", () => {
    fc.assert(
      fc.property(lists, questions, fc.nat(), (list, asked, at) => {
        const denied = list.toSpliced(at % (list.length + 1), 0, DENY_ALL);
        expect(decide(denied, asked)).toMatchObject({ allowed: false, reason: "explicit-deny" });
      }),
    );
  });
  test("the order of statements does not matter", () => {
    fc.assert(
      fc.property(lists, questions, (list, asked) => {
        expect(decide(list.toReversed(), asked).allowed).toBe(decide(list, asked).allowed);
        expect(decide(list.toReversed(), asked).reason).toBe(decide(list, asked).reason);
      }),
    );
  });
  test("one more allow never takes access away, one more deny never gives it", () => {
    fc.assert(
      fc.property(lists, statements, questions, (list, more, asked) => {
        const before = decide(list, asked).allowed;
        const after = decide([...list, more], asked).allowed;
        if (more.Effect === "Allow") expect(after || !before).toBe(true);
        else expect(before || !after).toBe(true);
      }),
    );
  });
  test("without a deny that applies, an allow for everybody lets every root in", () => {
    fc.assert(
      fc.property(lists, questions, (list, asked) => {
        const allows = list.filter((one) => one.Effect === "Allow");
        expect(decide([...allows, ALLOW_ALL], { ...asked, root: true }).allowed).toBe(true);
      }),
    );
  });
  test("the statement that is named is the one that decides: alone it decides the same", () => {
    fc.assert(
      fc.property(lists, questions, (list, asked) => {
        const { statement, reason, allowed } = decide(list, asked);
        const named = statement && list[statement.index];
        if (named) expect(decide([named], asked)).toMatchObject({ allowed, reason });
      }),
    );
  });
});

describe("any text", () => {
  test("is a policy or a PolicyProblem", () => {
    const kind = { kind: "resource", resource: "implied" } as const;
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parsePolicy(text, kind);
        } catch (error) {
          expect(error).toBeInstanceOf(PolicyProblem);
        }
      }),
    );
  });
});

describe("wildcards", () => {
  const WILDCARDS: ReadonlyMap<string, number> = new Map([
    ["*", ANY],
    ["?", ONE],
  ]);
  const alphabet = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "/"), maxLength: 12 });
  const texts = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 12 });
  const fits = (pattern: string, text: string) =>
    matchesPattern(parsePattern(pattern, { wildcards: true, variables: true }), text, new Map());

  test("match what a regular expression matches", () => {
    fc.assert(
      fc.property(alphabet, texts, (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(fits(pattern, text)).toBe(expression.test(text));
        const units = Array.from(pattern, (sign) => WILDCARDS.get(sign) ?? sign.charCodeAt(0));
        expect(matchesLong(units, text)).toBe(expression.test(text));
      }),
      { numRuns: 2_000 },
    );
  });
  test("match so too where pattern and text fill several words", () => {
    const some = (text: string) => text.repeat(25);
    fc.assert(
      fc.property(alphabet.map(some), texts.map(some), (pattern, text) => {
        const units = Array.from(pattern, (sign) => WILDCARDS.get(sign) ?? sign.charCodeAt(0));
        expect(matchesLong(units, text)).toBe(fits(pattern, text) === true);
      }),
    );
    for (const length of [31, 32, 33, 63, 64, 65, 4_000]) {
      expect(matchesLong([ANY, ...new Array<number>(length).fill(97), ANY], "a".repeat(length))).toBe(true);
      expect(matchesLong([ANY, ...new Array<number>(length).fill(97), ANY], "a".repeat(length - 1))).toBe(
        false,
      );
      expect(matchesLong(new Array<number>(length).fill(ONE), "a".repeat(length))).toBe(true);
      expect(matchesLong(new Array<number>(length).fill(ONE), "a".repeat(length + 1))).toBe(false);
    }
    expect(fits(`*${"a".repeat(9_000)}b`, `${"a".repeat(28_000)}b`)).toBe(true);
    expect(fits(`*${"a".repeat(9_000)}b`, "a".repeat(28_000))).toBe(false);
  });
  test("of the worst kind are answered, where a backtracking match would not end", () => {
    expect(fits("*a".repeat(2_000), "a".repeat(1_999))).toBe(false);
    expect(fits(`${"*a".repeat(2_000)}b`, "a".repeat(4_000))).toBe(false);
    expect(fits(`${"*".repeat(5_000)}a`, `${"b".repeat(5_000)}a`)).toBe(true);
  });
});
