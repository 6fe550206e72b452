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
  const later = new Set(candidates.map(({ dueAt }) => dueAt).filter((dueAt) => dueAt > now));
  for (const time of [...later].sort((one, other) => one - other)) {
    const chosen = choose(candidates, version, time);
    if (chosen !== undefined) return { ...decisionOf(chosen), dueAt: time };
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
  let best: { readonly candidate: Candidate; readonly to: StorageClass } | undefined;
  for (const candidate of wanted.values()) {
    if (candidate.action.kind !== "transition") continue;
    const { to } = candidate.action;
    if (to !== from && !(isStorageClass(from) && STORAGE_CLASSES[from].transitions.includes(to))) continue;
    if (best === undefined || STORAGE_CLASSES[to].preference > STORAGE_CLASSES[best.to].preference)
      best = { candidate, to };
  }
  return best?.to === from ? undefined : best?.candidate;
}
