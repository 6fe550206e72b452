/** A rule's Filter, or the Prefix of the first version of the API: what S3 takes of it, and how its errors name it. */
import type { LifecycleRule, LifecycleRuleAndOperator, LifecycleRuleFilter, Tag } from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import { invalidRequest, malformedXml } from "../buckets/errors.ts";

/** 50 TB less a little: the largest size that a filter may name. */
const LARGEST_SIZE = 1_099_511_627_776_000;
const LONGEST_PREFIX_BYTES = 1024;
const LONGEST_TAG_KEY = 128;
const LONGEST_TAG_VALUE = 256;
/** No object has more, so a rule with more matches nothing. */
const MOST_TAGS = 10;

/** Throws MalformedXML, InvalidRequest, InvalidTag. */
export function checkFilter({ Filter: filter, Prefix: prefix }: LifecycleRule): void {
  if (filter === undefined && prefix === undefined) throw malformedXml();
  if (filter !== undefined && prefix !== undefined) throw malformedXml();
  if (prefix !== undefined) checkPrefix(prefix);
  if (filter === undefined) return;
  const { And: and, Tag: tag, ...plain } = filter;
  if (count(filter) > 1) throw malformedXml();
  if (tag !== undefined) checkTags([tag]);
  if (and !== undefined) checkAnd(and);
  checkPrefix(plain.Prefix);
  checkSizes(plain);
}

/** At least two predicates; tags count one by one. */
function checkAnd(and: LifecycleRuleAndOperator): void {
  const { Tags: tags = [], ...plain } = and;
  if (count(plain) + tags.length < 2) throw malformedXml();
  if (tags.length > MOST_TAGS) throw invalidRequest(`A filter can have at most ${MOST_TAGS} tags.`);
  checkTags(tags);
  checkPrefix(plain.Prefix);
  checkSizes(plain);
}

function count(predicates: object): number {
  return Object.values(predicates).filter((value) => value !== undefined).length;
}

function checkPrefix(prefix: string | undefined): void {
  if (prefix !== undefined && Buffer.byteLength(prefix) > LONGEST_PREFIX_BYTES)
    throw invalidRequest(`The maximum size of a prefix is ${LONGEST_PREFIX_BYTES}.`);
}

function checkTags(tags: readonly Tag[]): void {
  const keys = new Set<string>();
  for (const { Key: key, Value: value } of tags) {
    if (key === undefined || value === undefined) throw malformedXml();
    if (key === "" || key.length > LONGEST_TAG_KEY)
      throw new AwsError("InvalidTag", "The TagKey you have provided is invalid", {
        members: { TagKey: key },
      });
    if (value.length > LONGEST_TAG_VALUE)
      throw new AwsError("InvalidTag", "The TagValue you have provided is invalid", {
        members: { TagKey: key, TagValue: value },
      });
    if (keys.has(key)) throw invalidRequest("Duplicate Tag Keys are not allowed.");
    keys.add(key);
  }
}

function checkSizes(sizes: Pick<LifecycleRuleFilter, "ObjectSizeGreaterThan" | "ObjectSizeLessThan">): void {
  const { ObjectSizeGreaterThan: larger, ObjectSizeLessThan: smaller } = sizes;
  checkSize("ObjectSizeGreaterThan", larger, 0);
  checkSize("ObjectSizeLessThan", smaller, 1);
  if (larger !== undefined && smaller !== undefined && smaller <= larger)
    throw invalidRequest("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.");
}

function checkSize(name: string, size: number | undefined, least: number): void {
  if (size === undefined) return;
  if (!Number.isInteger(size)) throw malformedXml();
  if (size < least || size > LARGEST_SIZE)
    throw invalidRequest(`'${name}' should be between ${least} and ${LARGEST_SIZE}.`);
}

/** What certain actions cannot be combined with. */
export interface Excluded {
  readonly tags: boolean;
  readonly sizes: boolean;
}

export function predicatesOf({ Filter: filter }: LifecycleRule): Excluded {
  const sized = (part: typeof filter | LifecycleRuleAndOperator) =>
    part?.ObjectSizeGreaterThan !== undefined || part?.ObjectSizeLessThan !== undefined;
  return {
    tags: filter?.Tag !== undefined || (filter?.And?.Tags ?? []).length > 0,
    sizes: sized(filter) || sized(filter?.And),
  };
}

/** `filter '(prefix=logs/ and objectsizelessthan=10)'`, as errors name the rule; `prefix 'logs/'` for the form of old. */
export function describeFilter({ Filter: filter, Prefix: legacyPrefix }: LifecycleRule): string {
  if (filter === undefined) return `prefix '${legacyPrefix ?? ""}'`;
  const all = filter.And ?? filter;
  const tags = filter.And?.Tags ?? (filter.Tag === undefined ? [] : [filter.Tag]);
  const parts = [
    ...(all.Prefix === undefined ? [] : [`prefix=${all.Prefix}`]),
    ...tags.map(({ Key: key, Value: value }) => `tag={key=${key}, value=${value}}`),
    ...(all.ObjectSizeGreaterThan === undefined
      ? []
      : [`objectsizegreaterthan=${all.ObjectSizeGreaterThan}`]),
    ...(all.ObjectSizeLessThan === undefined ? [] : [`objectsizelessthan=${all.ObjectSizeLessThan}`]),
  ];
  return `filter '(${parts.length === 0 ? "prefix=" : parts.join(" and ")})'`;
}
