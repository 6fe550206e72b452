/** Transitions of one rule, of current or of noncurrent versions: each by itself, and their order with each other and the expiration. */
import type { LifecycleRule } from "@aws-sdk/client-s3";
import { invalidArgument, invalidRequest, malformedXml } from "../buckets/errors.ts";
import { describeFilter } from "./filter-validation.ts";
import { isStorageClass, STORAGE_CLASSES, type StorageClass } from "./storage-classes.ts";

/** The order in which a rule's classes must follow each other. */
const WATERFALL: readonly StorageClass[] = [
  "STANDARD_IA",
  "INTELLIGENT_TIERING",
  "ONEZONE_IA",
  "GLACIER_IR",
  "GLACIER",
  "DEEP_ARCHIVE",
];

interface Kind {
  readonly action: "Transition" | "NoncurrentVersionTransition";
  readonly expiration: "Expiration" | "NoncurrentVersionExpiration";
  readonly days: "Days" | "NoncurrentDays";
}

const CURRENT: Kind = { action: "Transition", expiration: "Expiration", days: "Days" };
const NONCURRENT: Kind = {
  action: "NoncurrentVersionTransition",
  expiration: "NoncurrentVersionExpiration",
  days: "NoncurrentDays",
};

/** One transition, or an expiration without a class, of either kind. */
interface Timed {
  readonly days: number | undefined;
  /** Milliseconds since the epoch. */
  readonly date?: number | undefined;
}

interface Transition extends Timed {
  readonly to: StorageClass;
}

/** The times have been checked one by one (checkDays, checkMidnight). Throws MalformedXML, InvalidRequest, InvalidArgument. */
export function checkTransitions(rule: LifecycleRule): void {
  const { Expiration: expiration, NoncurrentVersionExpiration: noncurrent } = rule;
  const current = (rule.Transitions ?? []).map(({ Days: days, Date: date, StorageClass: name }) => {
    if ((days === undefined) === (date === undefined)) throw malformedXml();
    if (date !== undefined) checkMidnight(date);
    return { days, date: date?.getTime(), to: classOf(name) };
  });
  checkTogether(CURRENT, rule, current, {
    days: expiration?.Days,
    date: expiration?.Date?.getTime(),
  });
  const later = (rule.NoncurrentVersionTransitions ?? []).map((transition) => {
    if (transition.NoncurrentDays === undefined) throw malformedXml();
    return { days: transition.NoncurrentDays, to: classOf(transition.StorageClass) };
  });
  checkTogether(NONCURRENT, rule, later, { days: noncurrent?.NoncurrentDays });
}

function classOf(name: string | undefined): StorageClass {
  if (name === undefined || !isStorageClass(name) || !WATERFALL.includes(name)) throw malformedXml();
  return name;
}

export function checkMidnight(date: Date): void {
  if (Number.isNaN(date.getTime())) throw malformedXml();
  if (date.getTime() % 86_400_000 !== 0) throw invalidArgument("'Date' must be at midnight GMT", "Date");
}

function checkTogether(
  kind: Kind,
  rule: LifecycleRule,
  transitions: readonly Transition[],
  expiration: Timed,
): void {
  for (const transition of transitions) checkAge(kind, transition);
  checkOneKindOfTime(rule, transitions, expiration);
  if (new Set(transitions.map(({ to }) => to)).size < transitions.length)
    throw invalidRequest(
      `'StorageClass' must be different for '${kind.action}' actions in same 'Rule' with ${describeFilter(rule)}`,
    );
  checkOrder(kind, rule, transitions);
  const last = Math.max(...transitions.map(ageIn));
  const end = ageIn(expiration);
  if (transitions.length === 0 || Number.isNaN(end) || end > last) return;
  const name = expiration.date === undefined ? kind.days : "Date";
  const compared = expiration.date === undefined ? "greater" : "later";
  throw invalidArgument(
    `'${name}' in the ${kind.expiration} action for ${describeFilter(rule)} must be ${compared} than '${name}' in the ${kind.action} action`,
  );
}

function checkAge({ action, days: name }: Kind, { days, to }: Transition): void {
  if (days === undefined) return;
  checkInteger(days);
  if (days < 0) throw invalidArgument(`'${name}' in ${action} action must be nonnegative`);
  const { minimumAge } = STORAGE_CLASSES[to];
  if (days < minimumAge)
    throw invalidArgument(
      `'${name}' in ${action} action must be greater than or equal to ${minimumAge} for storageClass '${to}'`,
    );
}

/** AWS's integers have 32 bits. */
export function checkInteger(value: number): void {
  if (!Number.isInteger(value) || Math.abs(value) > 2_147_483_647) throw malformedXml();
}

/** A rule goes by ages or by dates. */
function checkOneKindOfTime(
  rule: LifecycleRule,
  transitions: readonly Transition[],
  expiration: Timed,
): void {
  const byDate = transitions.some(({ date }) => date !== undefined);
  const byDays = transitions.some(({ days }) => days !== undefined);
  if (byDate && byDays)
    throw invalidRequest(
      `Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for ${describeFilter(rule)}`,
    );
  if ((byDate && expiration.days !== undefined) || (byDays && expiration.date !== undefined))
    throw invalidRequest(
      `Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for ${describeFilter(rule)}`,
    );
}

/** A colder class later; an archive after at least 30 days in an infrequent-access class. */
function checkOrder(kind: Kind, rule: LifecycleRule, transitions: readonly Transition[]): void {
  const rank = ({ to }: Transition) => WATERFALL.indexOf(to);
  const sorted = [...transitions].sort((one, other) => rank(one) - rank(other));
  for (const [index, next] of sorted.entries()) {
    const previous = sorted[index - 1];
    if (previous === undefined) continue;
    const name = next.date === undefined ? kind.days : "Date";
    const said = (transition: Transition) =>
      `'${name}' in the '${kind.action}' action for StorageClass '${transition.to}' for ${describeFilter(rule)}`;
    if (ageIn(next) <= ageIn(previous))
      throw invalidArgument(`${said(next)} must be greater than ${said(previous)}`);
    const stay = STORAGE_CLASSES[previous.to].minimumAge;
    const gap = (ageIn(next) - ageIn(previous)) / (next.date === undefined ? 1 : 86_400_000);
    if (gap < stay) throw invalidArgument(`${said(next)} must be ${stay} days more than ${said(previous)}`);
  }
}

/** NaN where nothing is said. */
function ageIn({ days, date }: Timed): number {
  return days ?? date ?? Number.NaN;
}
