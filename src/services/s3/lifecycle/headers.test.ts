/** What answers say of the future, and of an archive's restore. */
import { describe, expect, test } from "bun:test";
import type { LifecycleRule } from "@aws-sdk/client-s3";
import { turnedClock } from "../../../../test/turned-clock.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { abortRule, expirationHeader } from "./headers.ts";
import { readableOrThrow, restoreHeader } from "./storage-classes.ts";

const CREATED = new Date("2012-12-20T10:30:00Z");
const clock = turnedClock("2026-01-01T00:00:00Z");

function bucket(...rules: Partial<LifecycleRule>[]): Bucket {
  const complete = rules.map(
    (rule): LifecycleRule => ({ ID: "rule", Status: "Enabled", Filter: {}, ...rule }),
  );
  const lifecycle = { rules: complete, minimumSize: "all_storage_classes_128K" } as const;
  return { settings: { lifecycle }, versioning: "" } as unknown as Bucket;
}

const object = {
  key: "logs/a",
  size: 10,
  tags: { team: "a" },
  createdAt: CREATED,
  deleteMarker: false,
  noncurrentSince: undefined,
};

describe("x-amz-expiration", () => {
  const expires = (Days: number, rule: Partial<LifecycleRule> = {}) => ({ Expiration: { Days }, ...rule });
  const cases: readonly (readonly [
    name: string,
    rules: Partial<LifecycleRule>[],
    header: string | undefined,
  ])[] = [
    ["date and rule", [expires(1)], 'expiry-date="Sat, 22 Dec 2012 00:00:00 GMT", rule-id="rule"'],
    [
      "the earliest of several",
      [expires(9), expires(2, { ID: "b" }), expires(3)],
      'expiry-date="Sun, 23 Dec 2012 00:00:00 GMT", rule-id="b"',
    ],
    [
      "the first of equals",
      [expires(1, { ID: "first" }), expires(1, { ID: "second" })],
      'expiry-date="Sat, 22 Dec 2012 00:00:00 GMT", rule-id="first"',
    ],
    [
      "a date, also a past one",
      [{ Expiration: { Date: new Date("2013-01-01") } }],
      'expiry-date="Tue, 01 Jan 2013 00:00:00 GMT", rule-id="rule"',
    ],
    [
      "an id that no header can hold",
      [expires(1, { ID: '日 "x"' })],
      'expiry-date="Sat, 22 Dec 2012 00:00:00 GMT", rule-id="%E6%97%A5%20%22x%22"',
    ],
    ["none of a disabled rule", [expires(1, { Status: "Disabled" })], undefined],
    ["none of another prefix", [expires(1, { Filter: { Prefix: "x" } })], undefined],
    ["none of another tag", [expires(1, { Filter: { Tag: { Key: "team", Value: "b" } } })], undefined],
    ["none of a rule about markers only", [{ Expiration: { ExpiredObjectDeleteMarker: true } }], undefined],
    ["none of noncurrent rules", [{ NoncurrentVersionExpiration: { NoncurrentDays: 1 } }], undefined],
    ["none of transitions", [{ Transitions: [{ Days: 1, StorageClass: "GLACIER" }] }], undefined],
    ["none without rules", [], undefined],
  ];
  test.each(cases)("%s", (_name, rules, header) => {
    expect(expirationHeader(bucket(...rules), object, clock)).toBe(header);
  });
  test("nothing is said of noncurrent versions and markers", () => {
    const noncurrentSince = new Date();
    expect(expirationHeader(bucket(expires(1)), { ...object, noncurrentSince }, clock)).toBeUndefined();
    expect(expirationHeader(bucket(expires(1)), { ...object, deleteMarker: true }, clock)).toBeUndefined();
  });
});

test("an upload is told its earliest abort, by prefix", () => {
  const aborts = (DaysAfterInitiation: number, ID: string, Prefix = "") => ({
    ID,
    Filter: { Prefix },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation },
  });
  const upload = { key: "logs/a", initiatedAt: CREATED };
  const rules = [
    aborts(7, "a week"),
    aborts(1, "other", "x/"),
    aborts(3, "logs", "logs/"),
    aborts(3, "same"),
  ];
  expect(abortRule(bucket(...rules), upload, clock)).toEqual({
    abortDate: new Date("2012-12-24T00:00:00Z"),
    abortRuleId: "logs",
  });
  expect(abortRule(bucket(), upload, clock)).toBeUndefined();
});

test("an archive can be read while its restore holds, and says so", () => {
  const now = clock.now();
  const later = now.getTime() + 1;
  const said = (storageClass: string, restoredUntil: number | null) => {
    const version = { storageClass, restoredUntil };
    try {
      readableOrThrow(version, now);
      return [true, restoreHeader(version, now)];
    } catch (error) {
      return [(error as Error).name, restoreHeader(version, now)];
    }
  };
  expect(said("GLACIER", null)).toEqual(["InvalidObjectState", undefined]);
  expect(said("GLACIER", 0)).toEqual(["InvalidObjectState", 'ongoing-request="true"']);
  expect(said("DEEP_ARCHIVE", later)).toEqual([
    true,
    'ongoing-request="false", expiry-date="Thu, 01 Jan 2026 00:00:00 GMT"',
  ]);
  expect(said("DEEP_ARCHIVE", now.getTime())).toEqual(["InvalidObjectState", undefined]);
  expect(said("GLACIER_IR", null)).toEqual([true, undefined]);
});
