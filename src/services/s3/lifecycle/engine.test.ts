/** The lifecycle of versions as the Amazon S3 User Guide has it, case by case. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decideKey } from "./engine.ts";
import { circumstances, decisions, marker, NOW, only, replaced, version } from "./testing/engine-cases.ts";

describe("the due time is the age, rounded up to the next midnight UTC", () => {
  test.each([
    // User Guide: 15 January 10:30 and 3 days.
    ["2014-01-15T10:30:00Z", 3, "2014-01-19"],
    ["2014-01-15T00:00:00.001Z", 1, "2014-01-17"],
    ["2014-01-15T23:59:59.999Z", 1, "2014-01-17"],
    ["2014-01-15T00:00:00Z", 1, "2014-01-17"],
    ["2016-02-28T12:00:00Z", 1, "2016-03-01"],
    ["2014-12-31T12:00:00Z", 365, "2016-01-01"],
    ["2014-01-15T10:30:00Z", 2_147_483_647, "9999-12-31"],
  ])("written %s, %d days: %s", (written, Days, due) => {
    const given = circumstances([{ Expiration: { Days } }], { now: "2014-01-01T00:00:00Z" });
    expect(only(given, version(written))).toBe(`${due} mark-deleted rule1`);
  });

  test("it is not due a millisecond before, and at midnight it is", () => {
    const at = (now: string) =>
      only(circumstances([{ Expiration: { Days: 3 } }], { now }), version("2014-01-15T10:30:00Z"));
    expect(at("2014-01-18T23:59:59.999Z")).toBe("2014-01-19 mark-deleted rule1");
    expect(at("2014-01-19T00:00:00Z")).toBe("now mark-deleted rule1");
  });

  test("zero days of a transition are the next midnight", () => {
    const given = circumstances([{ Transitions: [{ Days: 0, StorageClass: "GLACIER" }] }]);
    expect(only(given, version("2026-06-01T11:00:00Z"))).toBe("2026-06-02 GLACIER rule1");
  });

  test("shortened days are rounded to the next second only", () => {
    const given = circumstances([{ Expiration: { Days: 3 } }], { day: 10_000 });
    expect(only(given, version("2026-06-01T11:59:45.500Z"))).toBe(
      "2026-06-01T12:00:16.000Z mark-deleted rule1",
    );
  });
});

describe("rules by date", () => {
  const expires = [{ Expiration: { Date: new Date("2026-05-01T00:00:00Z") } }];
  test("hold for what was written before and after the date", () => {
    expect(only(circumstances(expires), version("2026-01-01T00:00:00Z"))).toBe("now mark-deleted rule1");
    expect(only(circumstances(expires), version("2026-05-31T00:00:00Z"))).toBe("now mark-deleted rule1");
  });
  test("wait for their date", () => {
    const given = circumstances([
      { Transitions: [{ Date: new Date("2027-01-01"), StorageClass: "GLACIER" }] },
    ]);
    expect(only(given, version("2026-01-01T00:00:00Z"))).toBe("2027-01-01 GLACIER rule1");
  });
  test("do not remove a delete marker", () => {
    expect(only(circumstances(expires), marker("2026-01-01T00:00:00Z"))).toBe("-");
  });
});

describe("expiration of the current version", () => {
  const rules = [{ Expiration: { Days: 1 } }];
  const old = version("2026-05-01T00:00:00Z");
  const before = replaced("2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z");
  test("never versioned: gone for good", () => {
    expect(only(circumstances(rules, { versioning: "" }), old)).toBe("now delete rule1");
  });
  test("enabled: a delete marker, the noncurrent ones stay", () => {
    expect(decisions(circumstances(rules), [old, before])).toEqual(["now mark-deleted rule1", "-"]);
  });
  test("suspended: a null marker, which takes the null version's place", () => {
    const given = circumstances(rules, { versioning: "Suspended" });
    const action = (versionId: string) => decideKey(given, [{ ...old, versionId }])[0]?.decision?.action;
    expect(action("null")).toEqual({ kind: "mark-deleted", replaces: true });
    expect(action("v")).toEqual({ kind: "mark-deleted", replaces: false });
  });
  test("not where a marker is current and versions are left", () => {
    expect(decisions(circumstances(rules), [marker("2026-05-01T00:00:00Z"), before])).toEqual(["-", "-"]);
  });
});

describe("noncurrent versions", () => {
  const rules = [{ NoncurrentVersionExpiration: { NoncurrentDays: 30 } }];
  test("age from when their successor came, not from when they were written", () => {
    const versions = [
      version("2026-05-20T10:00:00Z"),
      replaced("2020-01-01T00:00:00Z", "2026-05-20T10:00:00Z"),
      replaced("2019-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
    ];
    expect(decisions(circumstances(rules), versions)).toEqual([
      "-",
      "2026-06-20 delete rule1",
      "now delete rule1",
    ]);
  });
  test("delete markers among them go too, unless the rule looks at tags", () => {
    const versions = [
      version("2026-01-01T00:00:00Z"),
      marker("2025-01-01T00:00:00Z", { noncurrentSince: new Date("2026-01-01") }),
    ];
    expect(decisions(circumstances(rules), versions)).toEqual(["-", "now delete rule1"]);
    const tagged = [{ ...rules[0], Filter: { Tag: { Key: "a", Value: "" } } }];
    expect(decisions(circumstances(tagged), versions)).toEqual(["-", "-"]);
    const empty = [{ ...rules[0], Filter: { ObjectSizeLessThan: 1 } }];
    expect(decisions(circumstances(empty), versions)).toEqual(["-", "now delete rule1"]);
  });

  /** 10 versions, the newest first, each a day older. */
  const ten = Array.from({ length: 10 }, (_, age) => {
    const day = (ago: number) => new Date(Date.parse("2026-05-20T00:00:00Z") - ago * 86_400_000);
    return version("", { createdAt: day(age), noncurrentSince: age === 0 ? undefined : day(age - 1) });
  });
  test("of 10 versions 6 remain when the newest 5 noncurrent ones are kept", () => {
    const keep = [{ NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 5 } }];
    const decided = decisions(circumstances(keep), ten);
    expect(decided.filter((decision) => decision === "-")).toHaveLength(6);
    expect(decided.slice(6)).toEqual(Array(4).fill("now delete rule1"));
  });
  test("both conditions must hold: those beyond the number go when they are old enough", () => {
    const keep = [{ NoncurrentVersionExpiration: { NoncurrentDays: 16, NewerNoncurrentVersions: 3 } }];
    expect(decisions(circumstances(keep), ten)).toEqual([
      ...Array(4).fill("-"),
      "2026-06-03 delete rule1",
      "2026-06-02 delete rule1",
      ...Array(4).fill("now delete rule1"),
    ]);
  });
  test("move by NoncurrentVersionTransition, with the number to keep where they are", () => {
    const moves = [
      {
        NoncurrentVersionTransitions: [
          { NoncurrentDays: 1, StorageClass: "GLACIER" as const, NewerNoncurrentVersions: 8 },
        ],
      },
    ];
    expect(decisions(circumstances(moves), ten)).toEqual([...Array(9).fill("-"), "now GLACIER rule1"]);
  });
  test("are not touched by Expiration, nor the current one by the noncurrent rules", () => {
    const both = [{ Expiration: { Days: 400 }, NoncurrentVersionExpiration: { NoncurrentDays: 400 } }];
    const versions = [
      version("2025-01-01T00:00:00Z"),
      replaced("2024-01-01T00:00:00Z", "2026-05-30T00:00:00Z"),
    ];
    expect(decisions(circumstances(both), versions)).toEqual([
      "now mark-deleted rule1",
      "2027-07-05 delete rule1",
    ]);
  });
});

describe("a delete marker that is the only version left", () => {
  test("goes by ExpiredObjectDeleteMarker at the next midnight", () => {
    const rules = [{ Expiration: { ExpiredObjectDeleteMarker: true } }];
    expect(only(circumstances(rules), marker("2026-05-31T23:00:00Z"))).toBe("now delete rule1");
    expect(only(circumstances(rules), marker("2026-06-01T11:00:00Z"))).toBe("2026-06-02 delete rule1");
  });
  test("goes by Days when it is old enough itself", () => {
    const rules = [{ Expiration: { Days: 10 } }];
    expect(only(circumstances(rules), marker("2026-05-01T00:00:00Z"))).toBe("now delete rule1");
    expect(only(circumstances(rules), marker("2026-05-31T00:00:00Z"))).toBe("2026-06-11 delete rule1");
  });
  test("stays when the flag is false, when a version is below, and when the rule looks at tags", () => {
    const lone = marker("2026-05-01T00:00:00Z");
    expect(only(circumstances([{ Expiration: { ExpiredObjectDeleteMarker: false } }]), lone)).toBe("-");
    const rules = [{ Expiration: { ExpiredObjectDeleteMarker: true } }];
    const below = replaced("2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z");
    expect(decisions(circumstances(rules), [lone, below])).toEqual(["-", "-"]);
    const tagged = [{ Expiration: { Days: 1 }, Filter: { Tag: { Key: "a", Value: "b" } } }];
    expect(only(circumstances(tagged), lone)).toBe("-");
  });
});

describe("filters", () => {
  const expire = { Expiration: { Days: 1 } };
  const tagged = { tags: { team: "a", stage: "dev" } };
  const GOES = "now mark-deleted rule1";
  test.each([
    ["an empty filter", { Filter: {} }, {}, GOES],
    ["a prefix", { Filter: { Prefix: "logs/" } }, {}, GOES],
    ["another prefix", { Filter: { Prefix: "Logs/" } }, {}, "-"],
    ["a prefix longer than the key", { Filter: { Prefix: "logs/ab" } }, {}, "-"],
    ["the prefix of old", { Filter: undefined, Prefix: "logs/" }, {}, GOES],
    ["another prefix of old", { Filter: undefined, Prefix: "x" }, {}, "-"],
    ["a tag", { Filter: { Tag: { Key: "team", Value: "a" } } }, tagged, GOES],
    ["a tag of another value", { Filter: { Tag: { Key: "team", Value: "A" } } }, tagged, "-"],
    ["a tag that is not there", { Filter: { Tag: { Key: "constructor", Value: "" } } }, tagged, "-"],
    ["larger than", { Filter: { ObjectSizeGreaterThan: 99 } }, { size: 100 }, GOES],
    ["not larger than", { Filter: { ObjectSizeGreaterThan: 100 } }, { size: 100 }, "-"],
    ["smaller than", { Filter: { ObjectSizeLessThan: 101 } }, { size: 100 }, GOES],
    ["not smaller than", { Filter: { ObjectSizeLessThan: 100 } }, { size: 100 }, "-"],
    [
      "all of And",
      {
        Filter: {
          And: {
            Prefix: "logs/",
            Tags: [
              { Key: "team", Value: "a" },
              { Key: "stage", Value: "dev" },
            ],
            ObjectSizeGreaterThan: 1,
            ObjectSizeLessThan: 9,
          },
        },
      },
      { ...tagged, size: 5 },
      GOES,
    ],
    [
      "all of And but a tag",
      {
        Filter: {
          And: {
            Prefix: "logs/",
            Tags: [
              { Key: "team", Value: "a" },
              { Key: "stage", Value: "prod" },
            ],
          },
        },
      },
      tagged,
      "-",
    ],
    ["a disabled rule", { Status: "Disabled" as const }, {}, "-"],
  ])("%s", (_name, rule, change, expected) => {
    expect(only(circumstances([{ ...expire, ...rule }]), version("2026-01-01T00:00:00Z", change))).toBe(
      expected,
    );
  });
});

test("no rules, no decisions; what is decided is due at the first moment at which anything is", () => {
  expect(only(circumstances([]), version("2020-01-01T00:00:00Z"))).toBe("-");
  const age = fc.record({ Days: fc.integer({ min: 31, max: 900 }) });
  fc.assert(
    fc.property(
      fc.array(age, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 0, max: 700 }),
      (ages, old) => {
        const given = circumstances(ages.map((Expiration) => ({ Expiration })));
        const written = new Date(Date.parse(NOW) - old * 86_400_000);
        const [decided] = decideKey(given, [version("", { createdAt: written })]);
        const shortest = Math.min(...ages.map(({ Days }) => Days));
        const midnight = Math.floor(written.getTime() / 86_400_000 + shortest + 1) * 86_400_000;
        expect(decided?.decision?.dueAt).toBe(midnight);
      },
    ),
  );
});
