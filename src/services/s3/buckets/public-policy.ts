/**
 * Whether a bucket policy is public (Amazon S3 User Guide, "Blocking public access", "The meaning of public"): it lets
 * in somebody that neither its principals nor a condition with fixed values of certain keys names.
 */
import { BoundedCache } from "../../../bounded-cache.ts";

interface PolicyStatement {
  readonly Effect: string;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Keys of which a fixed value says who or from where; in small letters, as condition keys are compared. */
const FIXING_KEYS: ReadonlySet<string> = new Set([
  "aws:principalaccount",
  "aws:principalarn",
  "aws:principalorgid",
  "aws:principalorgpaths",
  "aws:sourceaccount",
  "aws:sourcearn",
  "aws:sourceorgid",
  "aws:sourceorgpaths",
  "aws:sourceowner",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:userid",
  "s3:dataaccesspointaccount",
  "s3:dataaccesspointarn",
  "s3:x-amz-server-side-encryption-aws-kms-key-id",
]);

/** Those that hold only where a value is there and is one of these. */
const FIXING_OPERATORS: ReadonlySet<string> = new Set([
  "StringEquals",
  "StringEqualsIgnoreCase",
  "StringLike",
  "ArnEquals",
  "ArnLike",
  "ForAnyValue:StringEquals",
  "ForAnyValue:StringLike",
]);

/** A range of more addresses than these is as good as everybody. */
const WIDEST_RANGE = { ipv4: 8, ipv6: 32 };

const known = new BoundedCache<string, "public" | "restricted">(1_000);

/** @param document a policy that PutBucketPolicy has accepted */
export function publicPolicy(document: string): boolean {
  let result = known.get(document);
  if (result === undefined) {
    const { Statement: statements } = JSON.parse(document) as {
      Statement: PolicyStatement | readonly PolicyStatement[];
    };
    result = [statements].flat().some(isPublic) ? "public" : "restricted";
    known.set(document, result);
  }
  return result === "public";
}

function isPublic(statement: PolicyStatement): boolean {
  if (statement.Effect !== "Allow" || !namesEverybody(statement)) return false;
  const conditions = Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({
      operator,
      key: key.toLowerCase(),
      values: [values].flat(),
    })),
  );
  return !conditions.some(({ operator, key, values }) => isFixing(operator, key, values.map(String)));
}

function namesEverybody({ Principal: principal, NotPrincipal: others }: PolicyStatement): boolean {
  if (others !== undefined || principal === "*") return true;
  if (typeof principal !== "object" || principal === null || !("AWS" in principal)) return false;
  return [principal.AWS].flat().includes("*");
}

function isFixing(operator: string, key: string, values: readonly string[]): boolean {
  if (values.length === 0) return false;
  if (key === "aws:sourceip") return operator === "IpAddress" && values.every(isNarrowRange);
  if (!FIXING_KEYS.has(key) || !FIXING_OPERATORS.has(operator)) return false;
  return values.every((value) => isFixed(key, value));
}

function isFixed(key: string, value: string): boolean {
  // Any access point of one account: its name alone may be open.
  if (key === "s3:dataaccesspointarn" && /^arn:aws[\w-]*:s3:[^*?$]*:\d{12}:accesspoint\/\*$/.test(value))
    return true;
  if (/[*?]|\$\{/.test(value)) return false;
  return true;
}

function isNarrowRange(value: string): boolean {
  if (/[*?]|\$\{/.test(value)) return false;
  const [address = "", prefix] = value.split("/");
  if (prefix === undefined) return true;
  return Number(prefix) >= (address.includes(":") ? WIDEST_RANGE.ipv6 : WIDEST_RANGE.ipv4);
}
