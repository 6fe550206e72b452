/** Where rules meet each other, small objects and Object Lock (Amazon S3 User Guide, "lifecycle conflicts"). */
import { describe, expect, test } from "bun:test";
import { circumstances, decisions, KIB, only, replaced, version } from "./testing/engine-cases.ts";

describe("several rules at once", () => {
  const old = version("2025-01-01T00:00:00Z");
  const to = (
    StorageClass:
      | "GLACIER"
      | "STANDARD_IA"
      | "ONEZONE_IA"
      | "INTELLIGENT_TIERING"
      | "GLACIER_IR"
      | "DEEP_ARCHIVE",
    Days = 60,
  ) => ({
    Transitions: [{ Days, StorageClass }],
  });
  test("of two expirations the earlier", () => {
    const given = circumstances([{ Expiration: { Days: 600 } }, { Expiration: { Days: 550 } }]);
    expect(only(given, old)).toBe("2026-07-06 mark-deleted rule2");
  });
  test("permanent deletion before transition", () => {
    const given = circumstances([to("GLACIER"), { Expiration: { Days: 60 } }], { versioning: "" });
    expect(only(given, old)).toBe("now delete rule2");
    const noncurrent = circumstances([
      { NoncurrentVersionTransitions: [{ NoncurrentDays: 1, StorageClass: "GLACIER" }] },
      { NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
    ]);
    const versions = [old, replaced("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z")];
    expect(decisions(noncurrent, versions)[1]).toBe("now delete rule2");
  });
  test("transition before the delete marker", () => {
    expect(only(circumstances([{ Expiration: { Days: 60 } }, to("GLACIER")]), old)).toBe("now GLACIER rule2");
  });
  test.each([
    [["STANDARD_IA", "GLACIER"], "GLACIER"],
    [["GLACIER", "ONEZONE_IA"], "GLACIER"],
    [["STANDARD_IA", "ONEZONE_IA"], "ONEZONE_IA"],
    [["INTELLIGENT_TIERING", "GLACIER_IR"], "INTELLIGENT_TIERING"],
    [["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA"], "INTELLIGENT_TIERING"],
    [["INTELLIGENT_TIERING", "GLACIER"], "GLACIER"],
    [["GLACIER", "DEEP_ARCHIVE"], "DEEP_ARCHIVE"],
  ] as const)("of the transitions to %j the one to %s", (classes, expected) => {
    expect(only(circumstances(classes.map((name) => to(name))), old)).toContain(`now ${expected}`);
  });
  test("what Intelligent-Tiering won stays there", () => {
    const given = circumstances([to("INTELLIGENT_TIERING"), to("GLACIER_IR")]);
    expect(only(given, { ...old, storageClass: "INTELLIGENT_TIERING" })).toBe("-");
  });
  test("the next of a rule's transitions comes when its own time has come", () => {
    const rule = {
      Transitions: [
        { Days: 30, StorageClass: "STANDARD_IA" as const },
        { Days: 600, StorageClass: "GLACIER" as const },
      ],
    };
    expect(only(circumstances([rule]), old)).toBe("now STANDARD_IA rule1");
    expect(only(circumstances([rule]), { ...old, storageClass: "STANDARD_IA" })).toBe(
      "2026-08-25 GLACIER rule1",
    );
    expect(only(circumstances([rule], { now: "2027-01-01T00:00:00Z" }), old)).toBe("now GLACIER rule1");
  });
  test.each([
    ["GLACIER", "STANDARD_IA"],
    ["DEEP_ARCHIVE", "GLACIER"],
    ["ONEZONE_IA", "STANDARD_IA"],
    ["ONEZONE_IA", "GLACIER_IR"],
    ["ONEZONE_IA", "INTELLIGENT_TIERING"],
    ["INTELLIGENT_TIERING", "STANDARD_IA"],
    ["GLACIER_IR", "INTELLIGENT_TIERING"],
    ["GLACIER", "GLACIER"],
  ] as const)("never upwards or where it is: not from %s to %s", (storageClass, target) => {
    expect(only(circumstances([to(target)]), { ...old, storageClass })).toBe("-");
  });
});

describe("small objects are not moved", () => {
  const small = version("2025-01-01T00:00:00Z", { size: 128 * KIB - 1 });
  const glacier = { Transitions: [{ Days: 1, StorageClass: "GLACIER" as const }] };
  const ia = { Transitions: [{ Days: 30, StorageClass: "STANDARD_IA" as const }] };
  const varies = { minimumSize: "varies_by_storage_class" } as const;
  test("below 128 KiB, to no class by default", () => {
    expect(only(circumstances([glacier]), small)).toBe("-");
    expect(only(circumstances([ia]), small)).toBe("-");
    expect(only(circumstances([glacier]), { ...small, size: 128 * KIB })).toBe("now GLACIER rule1");
  });
  test("varies_by_storage_class: to the archives of any size, to others not", () => {
    expect(only(circumstances([glacier], varies), small)).toBe("now GLACIER rule1");
    expect(only(circumstances([ia], varies), small)).toBe("-");
  });
  test("a size in the rule's filter goes before that", () => {
    const sized = { ...ia, Filter: { ObjectSizeGreaterThan: 10 } };
    expect(only(circumstances([sized]), small)).toBe("now STANDARD_IA rule1");
    const and = { ...ia, Filter: { And: { Prefix: "logs/", ObjectSizeLessThan: 1_000_000 } } };
    expect(only(circumstances([and]), small)).toBe("now STANDARD_IA rule1");
    const prefix = { ...ia, Filter: { Prefix: "logs/" } };
    expect(only(circumstances([prefix]), small)).toBe("-");
  });
  test("they expire like others", () => {
    expect(only(circumstances([{ ...glacier, Expiration: { Days: 2 } }]), small)).toBe(
      "now mark-deleted rule1",
    );
  });
});

describe("Object Lock", () => {
  const rules = [
    {
      Expiration: { Days: 1 },
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      Transitions: [{ Days: 0, StorageClass: "DEEP_ARCHIVE" as const }],
    },
  ];
  const current = version("2026-05-31T00:00:00Z", { storageClass: "DEEP_ARCHIVE" });
  const old = replaced("2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z");
  test("a version under legal hold is never removed", () => {
    expect(decisions(circumstances(rules), [current, { ...old, legalHold: true }])[1]).toBe("-");
  });
  test("one under retention goes when that ends", () => {
    const retention = { mode: "GOVERNANCE", until: new Date("2026-08-01T09:30:00Z") } as const;
    expect(decisions(circumstances(rules), [current, { ...old, retention }])[1]).toBe(
      "2026-08-01T09:30:00.000Z delete rule1",
    );
    const over = { mode: "COMPLIANCE", until: new Date("2026-05-01T00:00:00Z") } as const;
    expect(decisions(circumstances(rules), [current, { ...old, retention: over }])[1]).toBe(
      "now delete rule1",
    );
  });
  test("a delete marker may be put on top, and a class may change", () => {
    const locked = version("2026-01-01T00:00:00Z", { legalHold: true });
    expect(only(circumstances([{ Expiration: { Days: 1 } }]), locked)).toBe("now mark-deleted rule1");
    expect(only(circumstances([{ Transitions: [{ Days: 1, StorageClass: "GLACIER" }] }]), locked)).toBe(
      "now GLACIER rule1",
    );
  });
});
