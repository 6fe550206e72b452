/** Rules, versions and what is decided about them, in few words, for tests of the engine. */
import type { LifecycleRule } from "@aws-sdk/client-s3";
import { turnedClock } from "../../../../../test/turned-clock.ts";
import type { Circumstances, LifecycleVersion } from "../circumstances.ts";
import { decideKey } from "../engine.ts";
import { rulesOf } from "../rules.ts";

export const NOW = "2026-06-01T12:00:00Z";
export const KIB = 1024;

export function circumstances(
  rules: readonly Partial<LifecycleRule>[],
  options: Partial<{
    versioning: Circumstances["versioning"];
    minimumSize: "all_storage_classes_128K" | "varies_by_storage_class";
    now: string;
    day: number;
  }> = {},
): Circumstances {
  const complete = rules.map(
    (rule, index): LifecycleRule => ({ ID: `rule${index + 1}`, Status: "Enabled", Filter: {}, ...rule }),
  );
  return {
    rules: rulesOf({
      lifecycle: {
        // As they come back from the database.
        rules: JSON.parse(JSON.stringify(complete)) as LifecycleRule[],
        minimumSize: options.minimumSize ?? "all_storage_classes_128K",
      },
    }),
    versioning: options.versioning ?? "Enabled",
    clock: turnedClock(options.now ?? NOW, options.day),
  };
}

export function version(written: string, change: Partial<LifecycleVersion> = {}): LifecycleVersion {
  return {
    key: "logs/a",
    versionId: "v",
    size: 200 * KIB,
    tags: {},
    storageClass: "STANDARD",
    deleteMarker: false,
    createdAt: new Date(written),
    noncurrentSince: undefined,
    retention: undefined,
    legalHold: false,
    ...change,
  };
}

export const replaced = (written: string, since: string, change: Partial<LifecycleVersion> = {}) =>
  version(written, { noncurrentSince: new Date(since), ...change });

export const marker = (written: string, change: Partial<LifecycleVersion> = {}) =>
  version(written, { deleteMarker: true, size: 0, ...change });

/** `now delete rule1`, `2026-07-01 GLACIER rule2`, `-`: one a version. */
export function decisions(given: Circumstances, versions: readonly LifecycleVersion[]): string[] {
  const now = given.clock.now().getTime();
  return decideKey(given, versions).map(({ decision }) => {
    if (decision === undefined) return "-";
    const when = decision.dueAt <= now ? "now" : new Date(decision.dueAt).toISOString();
    const what = decision.action.kind === "transition" ? decision.action.to : decision.action.kind;
    return `${when.replace("T00:00:00.000Z", "")} ${what} ${decision.rule}`;
  });
}

export const only = (given: Circumstances, one: LifecycleVersion) => decisions(given, [one])[0];
