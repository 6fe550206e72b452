/**
 * The lifecycle engine: which rule does what with a version of an object, and when (Amazon S3 User Guide, "Managing the
 * lifecycle of objects": "lifecycle configuration elements", "expiring objects", "transitioning objects", "conflicts").
 * Pure: rules, versions and time come in, decisions come out. Nothing is ever stamped on a version, so a rule that is
 * removed has no effect from then on.
 */
import { type Candidate, candidatesFor } from "./candidates.ts";
import type {
  Circumstances,
  LifecycleVersion,
  Position,
  VersionAction,
  VersionDecision,
} from "./circumstances.ts";
import { isStorageClass, STORAGE_CLASSES, type StorageClass } from "./storage-classes.ts";

/**
 * The next thing that happens to a version: what is due now, or else what falls due first if nothing changes. Where
 * several are due together, permanent deletion goes before transition and transition before a delete marker; the earlier
 * of two deletions wins, and of two transitions the cheaper class.
 */
export function decideVersion(
  circumstances: Circumstances,
  version: LifecycleVersion,
  position: Position,
): VersionDecision | undefined {
  const candidates = candidatesFor(circumstances, version, position);
  if (candidates.length === 0) return undefined;
  const now = circumstances.clock.now().getTime();
  const atOnce = choose(candidates, version, now);
  if (atOnce !== undefined) return decisionOf(atOnce);
  const time = nextTime(candidates, version.storageClass, now);
  const later = time === undefined ? undefined : choose(candidates, version, time);
  return later && time !== undefined ? { ...decisionOf(later), dueAt: time } : undefined;
}

/**
 * When something is chosen first after `now`, at which nothing is. All moments are gone through once, with no more in hand than
 * how many rules want each class: a bucket may have thousands of moments, none of which leads anywhere.
 */
function nextTime(candidates: readonly Candidate[], from: string, now: number): number | undefined {
  const inTime = candidates.toSorted((one, other) => one.dueAt - other.dueAt);
  const wantedBy = new Map<string, StorageClass>();
  const wanting = new Map<StorageClass, number>();
  for (const [index, { action, dueAt, rule }] of inTime.entries()) {
    if (action.kind !== "transition") return dueAt;
    const before = wantedBy.get(rule);
    if (before !== undefined) wanting.set(before, (wanting.get(before) ?? 0) - 1);
    wantedBy.set(rule, action.to);
    wanting.set(action.to, (wanting.get(action.to) ?? 0) + 1);
    if (dueAt <= now || inTime[index + 1]?.dueAt === dueAt) continue;
    const wanted = [...wanting].filter(([to, rules]) => rules > 0 && mayBecome(from, to));
    const best = preferred(wanted, ([to]) => to)?.[0];
    if (best !== undefined && best !== from) return dueAt;
  }
  return undefined;
}

/** The same for what is due now alone: what the job asks of every version, so that its work grows with the rules only. */
export function decideNow(
  circumstances: Circumstances,
  version: LifecycleVersion,
  position: Position,
): VersionDecision | undefined {
  const candidates = candidatesFor(circumstances, version, position);
  const chosen = choose(candidates, version, circumstances.clock.now().getTime());
  return chosen && decisionOf(chosen);
}

/** All versions of one key, the newest first. */
export function decideKey<Item extends LifecycleVersion>(
  circumstances: Circumstances,
  versions: readonly Item[],
): { readonly version: Item; readonly decision: VersionDecision | undefined }[] {
  return versions.map((version, index) => {
    const position = {
      current: index === 0,
      newerNoncurrent: Math.max(index - 1, 0),
      alone: versions.length === 1,
    };
    return { version, decision: decideVersion(circumstances, version, position) };
  });
}

function decisionOf({ action, rule, dueAt, reason }: Candidate): VersionDecision {
  return { action, rule, dueAt, reason: reason() };
}

function choose(
  candidates: readonly Candidate[],
  version: LifecycleVersion,
  time: number,
): Candidate | undefined {
  const due = candidates.filter(({ dueAt }) => dueAt <= time);
  return (
    earliest(due.filter(({ action }) => isPermanent(action))) ??
    cheapestTransition(due, version.storageClass) ??
    earliest(due.filter(({ action }) => action.kind === "mark-deleted"))
  );
}

function isPermanent(action: VersionAction): boolean {
  return action.kind === "delete" || (action.kind === "mark-deleted" && action.replaces);
}

/** The first of equals. */
function earliest(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.reduce<Candidate | undefined>(
    (best, candidate) => (best === undefined || candidate.dueAt < best.dueAt ? candidate : best),
    undefined,
  );
}

/**
 * Each rule wants the last of its transitions that is due; of those the preferred class wins, also against leaving the
 * class that the version has by another such rule. Only ways that S3 supports are taken.
 */
function cheapestTransition(due: readonly Candidate[], from: string): Candidate | undefined {
  const wanted = new Map<string, Candidate>();
  for (const candidate of due) {
    if (candidate.action.kind !== "transition") continue;
    const other = wanted.get(candidate.rule);
    if (other === undefined || candidate.dueAt >= other.dueAt) wanted.set(candidate.rule, candidate);
  }
  const possible = [...wanted.values()].flatMap((candidate) =>
    candidate.action.kind === "transition" && mayBecome(from, candidate.action.to)
      ? [{ candidate, to: candidate.action.to }]
      : [],
  );
  const best = preferred(possible, ({ to }) => to);
  return best?.to === from ? undefined : best?.candidate;
}

/** Staying is wanted like a transition: by a rule whose last one has led here. */
function mayBecome(from: string, to: StorageClass): boolean {
  return to === from || (isStorageClass(from) && STORAGE_CLASSES[from].transitions.includes(to));
}

/** The first of equals. */
function preferred<Item>(items: readonly Item[], classOf: (item: Item) => StorageClass): Item | undefined {
  const preference = (item: Item): number => STORAGE_CLASSES[classOf(item)].preference;
  return items.reduce<Item | undefined>(
    (best, item) => (best === undefined || preference(item) > preference(best) ? item : best),
    undefined,
  );
}
