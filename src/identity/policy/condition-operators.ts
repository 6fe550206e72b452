/**
 * The condition operators (IAM User Guide, "IAM JSON policy elements: Condition operators"). Each compiles one
 * value of the policy into a test of one value of the request; `negated` ones hold when no value of the policy
 * fits.
 */

import type { RequestContext } from "./context.ts";
import { matchesIpRange, parseIpRange } from "./ip-range.ts";
import { matchesPattern, parsePattern } from "./pattern.ts";
import { PolicyProblem, type PolicyVersion, syntaxOf } from "./policy.ts";

/** Undefined when a variable of the policy has no value in the request. */
export type ValueTest = (value: string, context: RequestContext) => boolean | undefined;

export interface Operator {
  readonly negated: boolean;
  /** Throws PolicyProblem for a value that the operator cannot compare with. */
  readonly compile: (text: string, version: PolicyVersion) => ValueTest;
}

type Compile = Operator["compile"];

const equalText: Compile = (text, version) => {
  const pattern = parsePattern(text, syntaxOf(version, false));
  return (value, context) => matchesPattern(pattern, value, context);
};

const equalTextIgnoringCase: Compile = (text, version) => {
  const pattern = parsePattern(text, syntaxOf(version, false));
  return (value, context) => matchesPattern(pattern, value, context, "any-case");
};

const likeText: Compile = (text, version) => {
  const pattern = parsePattern(text, syntaxOf(version, true));
  return (value, context) => matchesPattern(pattern, value, context);
};

/** Each of the six parts is compared by itself: a wildcard does not reach over a colon, save in the last part. */
const likeArn: Compile = (text, version) => {
  const parts = splitArn(text).map((part) => parsePattern(part, syntaxOf(version, true)));
  return (value, context) => {
    const given = splitArn(value);
    if (given.length !== 6 || parts.length !== 6) return false;
    const fits = parts.map((part, index) => matchesPattern(part, given[index] ?? "", context));
    return fits.includes(undefined) ? undefined : !fits.includes(false);
  };
};

function splitArn(text: string): string[] {
  // A variable may hold colons of its own: ${aws:PrincipalAccount}.
  const pieces = text.match(/\$\{[^{}]*\}|:|[^:$]+|\$/g) ?? [];
  const parts = [""];
  for (const piece of pieces) {
    if (piece === ":" && parts.length < 6) parts.push("");
    else parts[parts.length - 1] += piece;
  }
  return parts;
}

function compareNumbers(fits: (difference: number) => boolean): Compile {
  return (text) => {
    const bound = parseNumber(text);
    if (bound === undefined)
      throw new PolicyProblem(`Invalid numeric value in Condition: ${text.slice(0, 64)}`);
    return (value) => {
      const number = parseNumber(value);
      return number !== undefined && fits(number - bound);
    };
  };
}

function parseNumber(text: string): number | undefined {
  return /^[+-]?\d{1,300}(\.\d{1,300})?$/.test(text) ? Number(text) : undefined;
}

function compareDates(fits: (difference: number) => boolean): Compile {
  return (text) => {
    const bound = parseDate(text);
    if (bound === undefined) {
      // IAM's text for a date that is none.
      throw new PolicyProblem("The policy failed legacy parsing");
    }
    return (value) => {
      const time = parseDate(value);
      return time !== undefined && fits(time - bound);
    };
  };
}

/** Milliseconds of a W3C profile of ISO 8601 date, or of seconds since the epoch. */
function parseDate(text: string): number | undefined {
  if (/^\d{5,12}(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

const equalBytes: Compile = (text) => {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new PolicyProblem(`Invalid base64 value in Condition: ${text.slice(0, 64)}`);
  }
  const bytes = Buffer.from(text, "base64");
  return (value) => Buffer.from(value, "base64").equals(bytes);
};

const inAddressRange: Compile = (text) => {
  const range = parseIpRange(text);
  if (!range) throw new PolicyProblem(`Invalid IP address in Condition: ${text.slice(0, 64)}`);
  return (value) => matchesIpRange(range, value);
};

const positive = (compile: Compile): Operator => ({ negated: false, compile });
const negative = (compile: Compile): Operator => ({ negated: true, compile });

/** By name without `ForAllValues:`, `ForAnyValue:` and `IfExists`. `Null` is none of these: see conditions.ts. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ["StringEquals", positive(equalText)],
  ["StringNotEquals", negative(equalText)],
  ["StringEqualsIgnoreCase", positive(equalTextIgnoringCase)],
  ["StringNotEqualsIgnoreCase", negative(equalTextIgnoringCase)],
  ["StringLike", positive(likeText)],
  ["StringNotLike", negative(likeText)],
  ["NumericEquals", positive(compareNumbers((difference) => difference === 0))],
  ["NumericNotEquals", negative(compareNumbers((difference) => difference === 0))],
  ["NumericLessThan", positive(compareNumbers((difference) => difference < 0))],
  ["NumericLessThanEquals", positive(compareNumbers((difference) => difference <= 0))],
  ["NumericGreaterThan", positive(compareNumbers((difference) => difference > 0))],
  ["NumericGreaterThanEquals", positive(compareNumbers((difference) => difference >= 0))],
  ["DateEquals", positive(compareDates((difference) => difference === 0))],
  ["DateNotEquals", negative(compareDates((difference) => difference === 0))],
  ["DateLessThan", positive(compareDates((difference) => difference < 0))],
  ["DateLessThanEquals", positive(compareDates((difference) => difference <= 0))],
  ["DateGreaterThan", positive(compareDates((difference) => difference > 0))],
  ["DateGreaterThanEquals", positive(compareDates((difference) => difference >= 0))],
  ["Bool", positive(equalTextIgnoringCase)],
  ["BinaryEquals", positive(equalBytes)],
  ["IpAddress", positive(inAddressRange)],
  ["NotIpAddress", negative(inAddressRange)],
  ["ArnEquals", positive(likeArn)],
  ["ArnLike", positive(likeArn)],
  ["ArnNotEquals", negative(likeArn)],
  ["ArnNotLike", negative(likeArn)],
]);
