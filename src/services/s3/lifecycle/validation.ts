/**
 * Lifecycle documents as S3 takes and refuses them (API Reference, PutBucketLifecycleConfiguration; User Guide,
 * "Lifecycle configuration elements"). Where the pages say nothing, the errors are those that were seen of S3 itself.
 */
import { randomUUID } from "node:crypto";
import type {
  BucketLifecycleConfiguration,
  LifecycleRule,
  TransitionDefaultMinimumObjectSize,
} from "@aws-sdk/client-s3";
import { invalidArgument, invalidRequest, malformedXml } from "../buckets/errors.ts";
import { checkFilter, predicatesOf } from "./filter-validation.ts";
import { checkInteger, checkMidnight, checkTransitions } from "./transition-validation.ts";

const MOST_RULES = 1_000;
/** In bytes of JSON. S3 has no such bound; a rule of a thousand has a thousand bytes then. */
const LARGEST_CONFIGURATION = 2 ** 20;
const LONGEST_ID = 255;
const MOST_VERSIONS_KEPT = 100;

/** The rules, each with an ID. Throws MalformedXML, InvalidRequest, InvalidArgument, InvalidTag. */
export function checkLifecycle(configuration: BucketLifecycleConfiguration | undefined): LifecycleRule[] {
  const rules = configuration?.Rules ?? [];
  if (rules.length === 0) throw malformedXml();
  if (rules.length > MOST_RULES)
    throw invalidRequest(
      `The number of lifecycle rules must not exceed the allowed limit of ${MOST_RULES} rules.`,
    );
  if (Buffer.byteLength(JSON.stringify(rules)) > LARGEST_CONFIGURATION)
    throw invalidRequest(`The lifecycle configuration must not exceed ${LARGEST_CONFIGURATION} bytes.`);
  for (const rule of rules) checkRule(rule);
  checkOneForm(rules);
  checkOverlaps(rules);
  const named = rules.map((rule) => (rule.ID ? rule : { ...rule, ID: newRuleId() }));
  if (new Set(named.map(({ ID }) => ID)).size < named.length)
    throw invalidArgument("Rule ID must be unique. Found same ID for more than one rule", "ID");
  return named;
}

/** As S3 makes them: 48 characters. */
function newRuleId(): string {
  return Buffer.from(randomUUID()).toString("base64");
}

const MINIMUM_SIZES: readonly string[] = [
  "all_storage_classes_128K",
  "varies_by_storage_class",
] satisfies TransitionDefaultMinimumObjectSize[];

/** Throws InvalidRequest. */
export function checkMinimumSize(
  value: TransitionDefaultMinimumObjectSize | undefined,
): TransitionDefaultMinimumObjectSize {
  if (value === undefined) return "all_storage_classes_128K";
  if (!MINIMUM_SIZES.includes(value))
    throw invalidRequest(`Invalid TransitionDefaultMinimumObjectSize found: ${value}`);
  return value;
}

function checkRule(rule: LifecycleRule): void {
  if (rule.ID !== undefined && rule.ID.length > LONGEST_ID)
    throw invalidArgument(`ID length should not exceed allowed limit of ${LONGEST_ID}`, "ID", rule.ID);
  if (rule.Status !== "Enabled" && rule.Status !== "Disabled") throw malformedXml();
  checkFilter(rule);
  if (!hasAction(rule)) throw invalidRequest("At least one action needs to be specified in a rule");
  checkExpiration(rule);
  checkNoncurrent(rule);
  checkAbort(rule);
  checkTransitions(rule);
}

function hasAction(rule: LifecycleRule): boolean {
  return (
    rule.Expiration !== undefined ||
    rule.NoncurrentVersionExpiration !== undefined ||
    rule.AbortIncompleteMultipartUpload !== undefined ||
    (rule.Transitions ?? []).length > 0 ||
    (rule.NoncurrentVersionTransitions ?? []).length > 0
  );
}

function checkExpiration(rule: LifecycleRule): void {
  const { Expiration: expiration } = rule;
  if (expiration === undefined) return;
  const { Days: days, Date: date, ExpiredObjectDeleteMarker: marker } = expiration;
  if ([days, date, marker].filter((value) => value !== undefined).length !== 1) throw malformedXml();
  if (days !== undefined) checkPositive(days, "Days", "Expiration");
  if (date !== undefined) checkMidnight(date);
  if (marker !== undefined) checkExclusions("ExpiredObjectDeleteMarker", rule);
}

function checkNoncurrent(rule: LifecycleRule): void {
  const { NoncurrentVersionExpiration: expiration } = rule;
  if (expiration !== undefined) {
    if (expiration.NoncurrentDays === undefined) throw malformedXml();
    checkPositive(expiration.NoncurrentDays, "NoncurrentDays", "NoncurrentVersionExpiration");
    checkVersionsKept(rule, expiration.NewerNoncurrentVersions, "NoncurrentVersionExpiration");
  }
  for (const transition of rule.NoncurrentVersionTransitions ?? [])
    checkVersionsKept(rule, transition.NewerNoncurrentVersions, "NoncurrentVersionTransition");
}

function checkVersionsKept(rule: LifecycleRule, kept: number | undefined, action: string): void {
  if (kept === undefined) return;
  if (rule.Filter === undefined)
    throw invalidRequest("NewerNoncurrentVersions element can only be used in Lifecycle V2.");
  checkPositive(kept, "NewerNoncurrentVersions", action);
  if (kept > MOST_VERSIONS_KEPT)
    throw invalidArgument(
      `'NewerNoncurrentVersions' for ${action} action must be an integer between 1 and ${MOST_VERSIONS_KEPT}`,
    );
}

function checkAbort(rule: LifecycleRule): void {
  const { AbortIncompleteMultipartUpload: abort } = rule;
  if (abort === undefined) return;
  if (abort.DaysAfterInitiation === undefined) throw malformedXml();
  checkPositive(abort.DaysAfterInitiation, "DaysAfterInitiation", "AbortIncompleteMultipartUpload");
  checkExclusions("AbortIncompleteMultipartUpload", rule);
}

function checkPositive(value: number, name: string, action: string): void {
  checkInteger(value);
  if (value < 1)
    throw invalidArgument(`'${name}' for ${action} action must be a positive integer`, name, String(value));
}

/** Neither uploads nor markers have tags or sizes. */
function checkExclusions(action: string, rule: LifecycleRule): void {
  const { tags, sizes } = predicatesOf(rule);
  if (tags) throw invalidRequest(`${action} cannot be specified with Tags.`);
  if (sizes) throw invalidRequest(`${action} cannot be specified with Object Size.`);
}

/** All rules name their objects by Filter, or all by the Prefix of the API's first version. */
function checkOneForm(rules: readonly LifecycleRule[]): void {
  const filters = rules.map(({ Filter: filter }) => filter !== undefined);
  if (!filters.includes(true) || !filters.includes(false)) return;
  throw invalidRequest(
    filters[0]
      ? "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter."
      : "Filter element can only be used in Lifecycle V2.",
  );
}

const ACTIONS = [
  "Expiration",
  "Transitions",
  "NoncurrentVersionExpiration",
  "NoncurrentVersionTransitions",
  "AbortIncompleteMultipartUpload",
] as const;

/** The API's first version has no rules for conflicts: enabled rules with the same action must not meet. */
function checkOverlaps(rules: readonly LifecycleRule[]): void {
  const legacy = rules.filter(({ Prefix, Status }) => Prefix !== undefined && Status === "Enabled");
  for (const action of ACTIONS) {
    const prefixes = legacy.filter((rule) => rule[action] !== undefined).map(({ Prefix }) => Prefix ?? "");
    // Sorted, a prefix of another comes before it, with nothing but others of its kind between them.
    const sorted = [...prefixes].sort();
    for (const [index, prefix] of sorted.entries()) {
      const shorter = sorted[index - 1];
      if (shorter !== undefined && prefix.startsWith(shorter))
        throw invalidRequest(
          `Found overlapping prefixes '${shorter}' and '${prefix}' for same action type '${action.replace(/s$/, "")}'`,
        );
    }
  }
}
