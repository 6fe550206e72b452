/** What falls due later, as a preview tells it: the same as if one had waited day by day. */
import { describe, expect, test } from "bun:test";
import type { LifecycleRule } from "@aws-sdk/client-s3";
import { decideNow, decideVersion } from "./engine.ts";
import { isStorageClass } from "./storage-classes.ts";
import { circumstances, version } from "./testing/engine-cases.ts";

const CLASSES = [
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER_IR",
  "GLACIER",
  "DEEP_ARCHIVE",
] as const;
const START = "2026-06-01T00:00:00Z";
const DAY = 86_400_000;
const ALONE = { current: true, newerNoncurrent: 0, alone: true };

/** Numbers that look drawn by lot and are the same each time. */
function lot(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

function rulesOf(next: (below: number) => number): Partial<LifecycleRule>[] {
  return Array.from({ length: 1 + next(4) }, () => ({
    Transitions: Array.from({ length: next(4) }, () => ({
      Days: next(12),
      StorageClass: CLASSES[next(CLASSES.length)] ?? "GLACIER",
    })),
    ...(next(3) === 0 && { Expiration: { Days: 1 + next(12) } }),
  }));
}

describe("what falls due later", () => {
  test("is what waiting would show, for rules of every kind that contradict each other", () => {
    for (let seed = 1; seed <= 400; seed++) {
      const next = lot(seed);
      const rules = rulesOf(next);
      const versioning = next(2) === 0 ? "" : "Enabled";
      const from = ["STANDARD", ...CLASSES][next(7)] ?? "";
      expect(isStorageClass(from)).toBe(true);
      const one = version(START, { storageClass: from });
      let waited: unknown;
      for (let day = 0; day < 15 && waited === undefined; day++) {
        const now = new Date(Date.parse(START) + day * DAY).toISOString();
        const decision = decideNow(circumstances(rules, { versioning, now }), one, ALONE);
        waited = decision && [decision.action, decision.rule, day];
      }
      const told = decideVersion(circumstances(rules, { versioning, now: START }), one, ALONE);
      const day = told && (told.dueAt - Date.parse(START)) / DAY;
      const foretold: unknown = told && [told.action, told.rule, day];
      expect(foretold, `seed ${seed}`).toEqual(waited);
    }
  });

  test("is found among as many rules as there can be, none of which leads anywhere", () => {
    const given = circumstances(
      Array.from({ length: 1000 }, (_, index) => ({
        Transitions: [
          { Days: 30 + index, StorageClass: "STANDARD_IA" },
          { Days: 2000 + index, StorageClass: "INTELLIGENT_TIERING" },
          { Days: 4000 + index, StorageClass: "ONEZONE_IA" },
          { Days: 6000 + index, StorageClass: "GLACIER" },
        ],
      })),
    );
    const deep = version(START, { storageClass: "DEEP_ARCHIVE" });
    for (let index = 0; index < 200; index++) expect(decideVersion(given, deep, ALONE)).toBeUndefined();
    // Each moment by itself, each with all the rules, took some hundred times as long.
  }, 20_000);
});
