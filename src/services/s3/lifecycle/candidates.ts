/** Everything that the enabled rules have in store for one version, each by itself; which of it happens is engine.ts's. */
import { type Decision, dueAfterDays } from "../../../age-rules.ts";
import { NULL_VERSION } from "../objects/version-id.ts";
import type { Circumstances, LifecycleVersion, Position, VersionAction } from "./circumstances.ts";
import { day, days, time } from "./phrases.ts";
import { type Age, dueAtAge, matches, type NoncurrentAge, type Rule, type Rules } from "./rules.ts";
import { STORAGE_CLASSES, type StorageClass } from "./storage-classes.ts";

export interface Candidate extends Omit<Decision<VersionAction>, "reason"> {
  /** Said only of what is chosen, of the thousands that there can be. */
  readonly reason: () => string;
}

/** Objects below this are not moved unless the bucket or the rule says so (User Guide, "Transitioning objects"). */
const SMALL_OBJECT_BYTES = 128 * 1024;

export function candidatesFor(
  circumstances: Circumstances,
  version: LifecycleVersion,
  position: Position,
): Candidate[] {
  const collect = position.current ? (version.deleteMarker ? ofMarker : ofCurrent) : ofNoncurrent;
  return circumstances.rules.enabled
    .filter(({ filter }) => matches(filter, version))
    .flatMap((rule) => collect(rule, circumstances, version, position));
}

/** A delete marker that nothing is left below. */
function ofMarker(rule: Rule, { clock }: Circumstances, version: LifecycleVersion, { alone }: Position) {
  if (!alone) return [];
  const created = version.createdAt.getTime();
  const found: Candidate[] = [];
  if (rule.removesExpiredMarkers)
    found.push({
      action: { kind: "delete" },
      rule: rule.id,
      dueAt: dueAfterDays(created, 0, clock),
      reason: () => "a delete marker that no version is left below",
    });
  // A rule by date says nothing of how old a marker is, and S3 leaves it alone.
  const { expiration } = rule;
  if (expiration?.days !== undefined)
    found.push({
      action: { kind: "delete" },
      rule: rule.id,
      dueAt: dueAfterDays(created, expiration.days, clock),
      reason: () => `a delete marker that no version is left below, ${afterWritten(expiration, version)}`,
    });
  return found;
}

function ofCurrent(rule: Rule, circumstances: Circumstances, version: LifecycleVersion) {
  const { clock, rules, versioning } = circumstances;
  const created = version.createdAt.getTime();
  const found: Candidate[] = [];
  const { expiration } = rule;
  if (expiration !== undefined) {
    const candidate = {
      action: expirationOf(versioning, version),
      rule: rule.id,
      dueAt: dueAtAge(expiration, created, clock),
      reason: () => afterWritten(expiration, version),
    };
    found.push(...unlessLocked(candidate, version));
  }
  for (const transition of rule.transitions)
    if (isLargeEnough(rules, rule, version, transition.to))
      found.push({
        action: { kind: "transition", from: version.storageClass, to: transition.to },
        rule: rule.id,
        dueAt: dueAtAge(transition, created, clock),
        reason: () => afterWritten(transition, version),
      });
  return found;
}

function expirationOf(versioning: Circumstances["versioning"], version: LifecycleVersion): VersionAction {
  if (versioning === "") return { kind: "delete" };
  return {
    kind: "mark-deleted",
    replaces: versioning === "Suspended" && version.versionId === NULL_VERSION,
  };
}

function ofNoncurrent(
  rule: Rule,
  { clock, rules }: Circumstances,
  version: LifecycleVersion,
  { newerNoncurrent }: Position,
): Candidate[] {
  const since = version.noncurrentSince?.getTime();
  if (since === undefined) return [];
  const found: Candidate[] = [];
  const { noncurrentExpiration: expiration } = rule;
  if (expiration !== undefined && newerNoncurrent >= expiration.newerVersions) {
    const candidate: Candidate = {
      action: { kind: "delete" },
      rule: rule.id,
      dueAt: dueAfterDays(since, expiration.days, clock),
      reason: () => afterReplaced(expiration, since),
    };
    found.push(...unlessLocked(candidate, version));
  }
  if (version.deleteMarker) return found;
  for (const transition of rule.noncurrentTransitions)
    if (newerNoncurrent >= transition.newerVersions && isLargeEnough(rules, rule, version, transition.to))
      found.push({
        action: { kind: "transition", from: version.storageClass, to: transition.to },
        rule: rule.id,
        dueAt: dueAfterDays(since, transition.days, clock),
        reason: () => afterReplaced(transition, since),
      });
  return found;
}

/** Lifecycle never removes what Object Lock protects: it waits for a retention's end, and a legal hold has none. */
function unlessLocked(candidate: Candidate, { legalHold, retention }: LifecycleVersion): Candidate[] {
  if (candidate.action.kind === "mark-deleted" && !candidate.action.replaces) return [candidate];
  if (legalHold) return [];
  const until = retention?.until.getTime() ?? 0;
  if (until <= candidate.dueAt) return [candidate];
  return [{ ...candidate, dueAt: until, reason: () => `${candidate.reason()}, when its retention ends` }];
}

/** A size in the rule's own filter goes before the default minimum. */
function isLargeEnough(rules: Rules, rule: Rule, { size }: LifecycleVersion, to: StorageClass): boolean {
  if (size >= SMALL_OBJECT_BYTES) return true;
  if (rule.filter.largerThan !== undefined || rule.filter.smallerThan !== undefined) return true;
  return rules.minimumSize === "varies_by_storage_class" && STORAGE_CLASSES[to].takesSmallObjects;
}

function afterWritten(age: Age, version: LifecycleVersion): string {
  if (age.days === undefined) return `the rule's date is ${day(age.date)}`;
  return `${days(age.days)} after it was written on ${time(version.createdAt.getTime())}`;
}

function afterReplaced({ days: count, newerVersions }: NoncurrentAge, since: number): string {
  const kept = newerVersions === 0 ? "" : `, and at least ${newerVersions} newer noncurrent ones are there`;
  return `${days(count)} after it became noncurrent on ${time(since)}${kept}`;
}
