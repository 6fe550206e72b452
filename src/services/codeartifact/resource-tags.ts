/** Tags of domains, repositories and package groups, under AWS's general rules for tags. */
import { quotaExceeded, validation } from "./errors.ts";

/** What a policy may ask for beside the names. */
export type ConditionKeys = Readonly<Record<string, string | readonly string[]>>;

export type ResourceTags = Readonly<Record<string, string>>;

export interface Tag {
  readonly key: string | undefined;
  readonly value: string | undefined;
}

/** CodeArtifact user guide, "Tagging resources". */
const MAX_TAGS = 50;

/** `present` with `added` on top; throws ValidationException or ServiceQuotaExceededException. */
export function withTags(present: ResourceTags, added: readonly Tag[] = []): ResourceTags {
  const tags = new Map(Object.entries(present));
  const seen = new Set<string>();
  for (const { key, value } of added) {
    if (key === undefined || value === undefined) throw validation("A tag has a key and a value.");
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value))
      throw validation(
        `The tag '${key}' is invalid: letters, digits, spaces and _ . : / = + - @ are allowed.`,
      );
    if (key.toLowerCase().startsWith("aws:"))
      throw validation(`The tag '${key}' is invalid: keys that begin with aws: are reserved.`);
    if (seen.has(key)) throw validation(`The tag key '${key}' is given twice.`);
    seen.add(key);
    tags.set(key, value);
  }
  if (tags.size > MAX_TAGS) throw quotaExceeded(`A resource has at most ${MAX_TAGS} tags.`);
  return Object.fromEntries(tags);
}

export function withoutTags(present: ResourceTags, keys: readonly string[]): ResourceTags {
  const removed = new Set(keys);
  return Object.fromEntries(Object.entries(present).filter(([key]) => !removed.has(key)));
}

export function tagsOf(row: { readonly resource_tags: string }): ResourceTags {
  return JSON.parse(row.resource_tags) as Record<string, string>;
}

export function describeTags(tags: ResourceTags): { key: string; value: string }[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/** The condition keys of a request that gives tags. */
export function requestTagConditions(tags: ResourceTags): ConditionKeys {
  const keys = Object.keys(tags);
  if (keys.length === 0) return {};
  return {
    "aws:TagKeys": keys,
    ...Object.fromEntries(keys.map((key) => [`aws:RequestTag/${key}`, tags[key] ?? ""])),
  };
}

/** The condition keys of what has the tags. */
export function tagConditions(row: { readonly resource_tags: string } | undefined): ConditionKeys {
  if (row === undefined || row.resource_tags === "{}") return {};
  const tags = JSON.parse(row.resource_tags) as Record<string, string>;
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
}
