// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written this way
import { describe, expect, test } from "bun:test";
import { compileCondition } from "./conditions.ts";

type Values = string | readonly string[];
/** operator, values of the policy, value of the request (undefined: absent), whether it holds */
type Case = readonly [string, Values, Values | undefined, boolean];

function holds(operator: string, policy: Values, request: Values | undefined): boolean {
  const context = new Map(request === undefined ? [] : [["aws:key", [request].flat()]]);
  return compileCondition(operator, "aws:Key", [policy].flat(), "2012-10-17").holds(context);
}

const CASES: readonly Case[] = [
  ["StringEquals", "a", "a", true],
  ["StringEquals", "a", "A", false],
  ["StringEquals", "a*", "ab", false],
  ["StringEquals", "a*", "a*", true],
  ["StringEquals", ["a", "b"], "b", true],
  ["StringEquals", "a", undefined, false],
  ["StringNotEquals", "a", "b", true],
  ["StringNotEquals", ["a", "b"], "b", false],
  ["StringNotEquals", "a", undefined, true],
  ["StringEqualsIgnoreCase", "Straße", "sTRAßE", true],
  ["StringEqualsIgnoreCase", "a*", "AB", false],
  ["StringNotEqualsIgnoreCase", "a", "A", false],
  ["StringLike", "pre*/?x", "prefix/ax", true],
  ["StringLike", "pre*/?x", "prefix/x", false],
  ["StringLike", "*", "", true],
  ["StringNotLike", "a*", "ab", false],
  ["StringNotLike", "a*", "b", true],
  ["StringEqualsIfExists", "a", undefined, true],
  ["StringEqualsIfExists", "a", "b", false],
  ["NumericEquals", "10", "10.0", true],
  ["NumericEquals", "10", "ten", false],
  ["NumericNotEquals", "10", "11", true],
  ["NumericLessThan", "10", "9.5", true],
  ["NumericLessThan", "10", "10", false],
  ["NumericLessThanEquals", "10", "10", true],
  ["NumericGreaterThan", "10", "11", true],
  ["NumericGreaterThan", "-10", "-11", false],
  ["NumericGreaterThanEquals", "10", "10", true],
  ["DateEquals", "2026-01-02", "2026-01-02T00:00:00Z", true],
  ["DateNotEquals", "2026-01-02", "2026-01-02T00:00:01Z", true],
  ["DateLessThan", "2026-01-02T03:04:05Z", "2026-01-02T03:04:04Z", true],
  ["DateLessThan", "2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z", false],
  ["DateGreaterThan", "1767323045", "2026-01-02T03:04:06Z", true],
  ["DateGreaterThanEquals", "2026-01-02T03:04:05Z", "1767323045", true],
  ["DateLessThanEquals", "2026-01-02T03:04:05Z", "not a date", false],
  ["Bool", "true", "true", true],
  ["Bool", "TRUE", "true", true],
  ["Bool", "false", "true", false],
  ["Bool", "false", undefined, false],
  ["BoolIfExists", "false", undefined, true],
  ["BinaryEquals", "QmluYXJ5", "QmluYXJ5", true],
  ["BinaryEquals", "QmluYXJ5", "Qm9vbA==", false],
  ["IpAddress", "203.0.113.0/24", "203.0.113.255", true],
  ["IpAddress", "203.0.113.0/24", "203.0.114.0", false],
  ["IpAddress", "203.0.113.7", "203.0.113.7", true],
  ["IpAddress", "203.0.113.0/24", "::ffff:203.0.113.9", true],
  ["IpAddress", "0.0.0.0/0", "8.8.8.8", true],
  ["IpAddress", "0.0.0.0/0", "2001:db8::1", false],
  ["IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678:9::1", true],
  ["IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5679::1", false],
  ["IpAddress", "::/0", "::1", true],
  ["IpAddress", "10.0.0.0/8", "not an address", false],
  ["NotIpAddress", "10.0.0.0/8", "11.0.0.1", true],
  ["NotIpAddress", "10.0.0.0/8", "10.1.2.3", false],
  ["ArnEquals", "arn:aws:sns:*:123456789012:t?pic", "arn:aws:sns:eu-west-1:123456789012:topic", true],
  ["ArnLike", "arn:aws:iam::*:role/*", "arn:aws:iam::123456789012:role/a/b:c", true],
  ["ArnLike", "arn:aws:*:role/x", "arn:aws:iam::123456789012:role/x", false],
  ["ArnLike", "arn:aws:iam::${aws:key}:role/x", "arn:aws:iam::1:role/x", false],
  ["ArnLike", "arn:aws:iam::*:role/*", "no arn", false],
  ["ArnNotLike", "arn:aws:iam::*:role/*", "arn:aws:iam::1:user/x", true],
  ["ArnNotEquals", "arn:aws:iam::1:role/x", "arn:aws:iam::1:role/x", false],
  ["ArnNotEquals", "arn:aws:iam::1:role/x", undefined, true],
  ["Null", "true", undefined, true],
  ["Null", "true", "x", false],
  ["Null", "false", "x", true],
  ["Null", "false", undefined, false],
  ["Null", "true", [], true],
  ["ForAllValues:StringEquals", ["a", "b"], ["a", "b", "a"], true],
  ["ForAllValues:StringEquals", ["a", "b"], ["a", "c"], false],
  ["ForAllValues:StringEquals", "a", undefined, true],
  ["ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], true],
  ["ForAllValues:StringNotEquals", ["a", "b"], ["c", "a"], false],
  ["ForAnyValue:StringEquals", ["a", "b"], ["x", "b"], true],
  ["ForAnyValue:StringEquals", ["a", "b"], ["x", "y"], false],
  ["ForAnyValue:StringEquals", "a", undefined, false],
  ["ForAnyValue:StringNotEquals", "a", ["a", "b"], true],
  ["ForAnyValue:StringNotEquals", "a", ["a", "a"], false],
  ["ForAnyValue:StringLikeIfExists", "a*", undefined, true],
  ["ForAllValues:NumericLessThan", "10", ["1", "11"], false],
];

describe("condition operators", () => {
  for (const [operator, policy, request, expected] of CASES) {
    test(`${operator} ${JSON.stringify(policy)} against ${JSON.stringify(request) ?? "nothing"}: ${expected}`, () => {
      expect(holds(operator, policy, request)).toBe(expected);
    });
  }
});

describe("an operator or value that cannot be compared is refused when the policy is stored", () => {
  const refused: readonly (readonly [string, string])[] = [
    ["StringEqual", "a"],
    ["stringequals", "a"],
    ["NullIfExists", "true"],
    ["ForSomeValues:StringEquals", "a"],
    ["constructor", "a"],
    ["Null", "maybe"],
    ["NumericEquals", "ten"],
    ["NumericEquals", "1e400"],
    ["DateEquals", "yesterday"],
    ["IpAddress", "10.0.0.0/33"],
    ["IpAddress", "10.0.0.0/8/8"],
    ["IpAddress", "999.0.0.1"],
    ["IpAddress", ""],
    ["BinaryEquals", "%%%"],
  ];
  for (const [operator, value] of refused) {
    test(`${operator} ${value}`, () => {
      expect(() => compileCondition(operator, "aws:Key", [value], "2012-10-17")).toThrow();
    });
  }
});
