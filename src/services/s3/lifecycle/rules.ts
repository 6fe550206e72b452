/** A bucket's lifecycle rules as the engine works with them: only those that are enabled, with their filters flattened. */
import type * as sdk from "@aws-sdk/client-s3";
import { dueAfterDays } from "../../../age-rules.ts";
import type { Clock } from "../../../clock.ts";
import type { BucketSettings } from "../buckets/bucket.ts";
import { isStorageClass, type StorageClass } from "./storage-classes.ts";

export interface Rule {
  readonly id: string;
  readonly filter: Filter;
  readonly expiration: Age | undefined;
  readonly removesExpiredMarkers: boolean;
  readonly transitions: readonly (Age & { readonly to: StorageClass })[];
  readonly noncurrentExpiration: NoncurrentAge | undefined;
  readonly noncurrentTransitions: readonly (NoncurrentAge & { readonly to: StorageClass })[];
  /** Days after which an upload that was not completed is aborted. */
  readonly abortsUploadsAfter: number | undefined;
}

/** An age in days, or a date in milliseconds since the epoch. */
export type Age =
  | { readonly days: number; readonly date?: never }
  | { readonly date: number; readonly days?: never };

export interface NoncurrentAge {
  readonly days: number;
  /** So many newer noncurrent versions must be there. */
  readonly newerVersions: number;
}

export interface Filter {
  /** As the client writes keys. */
  readonly prefix: string;
  readonly tags: readonly (readonly [key: string, value: string])[];
  /** Bytes, both exclusive. */
  readonly largerThan: number | undefined;
  readonly smallerThan: number | undefined;
}

export interface Rules {
  readonly enabled: readonly Rule[];
  readonly minimumSize: sdk.TransitionDefaultMinimumObjectSize;
}

type Lifecycle = NonNullable<BucketSettings["lifecycle"]>;

/** A bucket's settings are parsed once for each change, so this is done once too. */
const compiled = new WeakMap<Lifecycle, Rules>();

const NO_RULES: Rules = { enabled: [], minimumSize: "all_storage_classes_128K" };

export function rulesOf({ lifecycle }: BucketSettings): Rules {
  if (lifecycle === undefined) return NO_RULES;
  let rules = compiled.get(lifecycle);
  if (rules === undefined) {
    rules = {
      enabled: lifecycle.rules.filter(({ Status }) => Status === "Enabled").map(compile),
      minimumSize: lifecycle.minimumSize,
    };
    compiled.set(lifecycle, rules);
  }
  return rules;
}

function compile(rule: sdk.LifecycleRule): Rule {
  const { Expiration: expiration, NoncurrentVersionExpiration: noncurrent } = rule;
  return {
    id: rule.ID ?? "",
    filter: filterOf(rule),
    expiration: expiration && ageOf(expiration),
    removesExpiredMarkers: expiration?.ExpiredObjectDeleteMarker === true,
    transitions: (rule.Transitions ?? []).flatMap((transition) => {
      const age = ageOf(transition);
      const to = classOf(transition.StorageClass);
      return age === undefined || to === undefined ? [] : [{ ...age, to }];
    }),
    noncurrentExpiration: noncurrent && noncurrentAgeOf(noncurrent),
    noncurrentTransitions: (rule.NoncurrentVersionTransitions ?? []).flatMap((transition) => {
      const to = classOf(transition.StorageClass);
      return to === undefined ? [] : [{ ...noncurrentAgeOf(transition), to }];
    }),
    abortsUploadsAfter: rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation,
  };
}

function filterOf({ Filter: filter, Prefix: legacyPrefix }: sdk.LifecycleRule): Filter {
  const all = filter?.And ?? filter;
  const tags = filter?.And?.Tags ?? (filter?.Tag === undefined ? [] : [filter.Tag]);
  return {
    prefix: all?.Prefix ?? legacyPrefix ?? "",
    tags: tags.map(({ Key: key, Value: value }) => [key ?? "", value ?? ""] as const),
    largerThan: all?.ObjectSizeGreaterThan,
    smallerThan: all?.ObjectSizeLessThan,
  };
}

/** Settings are stored as JSON, so a Date of the SDK's types comes back as text. */
function ageOf({ Days: days, Date: date }: sdk.LifecycleExpiration): Age | undefined {
  if (days !== undefined) return { days };
  if (date !== undefined) return { date: new Date(date).getTime() };
  return undefined;
}

function noncurrentAgeOf(age: sdk.NoncurrentVersionExpiration): NoncurrentAge {
  return { days: age.NoncurrentDays ?? 0, newerVersions: age.NewerNoncurrentVersions ?? 0 };
}

function classOf(name: string | undefined): StorageClass | undefined {
  return name !== undefined && isStorageClass(name) ? name : undefined;
}

/** Milliseconds since the epoch. A date holds for whatever is written after it, too. */
export function dueAtAge(age: Age, createdAt: number, clock: Clock): number {
  return age.date ?? dueAfterDays(createdAt, age.days, clock);
}

/** What a filter looks at. Delete markers have no tags and no bytes. */
export interface Filtered {
  readonly key: string;
  readonly size: number;
  readonly tags: Readonly<Record<string, string>>;
}

export function matches(filter: Filter, { key, size, tags }: Filtered): boolean {
  return (
    key.startsWith(filter.prefix) &&
    (filter.largerThan === undefined || size > filter.largerThan) &&
    (filter.smallerThan === undefined || size < filter.smallerThan) &&
    filter.tags.every(([name, value]) => Object.hasOwn(tags, name) && tags[name] === value)
  );
}
