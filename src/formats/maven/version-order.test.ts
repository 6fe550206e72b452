import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareVersions, sortVersions } from "./version-order.ts";

// From the version order specification of the POM reference, and what Maven 3.9's own ComparableVersion answers.
describe("versions that Maven takes for the same", () => {
  test.each([
    ["1", "1.0"],
    ["1", "1.0.0"],
    ["1.0", "1-0"],
    ["1.ga", "1"],
    ["1-final", "1"],
    ["1.0.0-release", "1"],
    ["1.", "1"],
    ["1-", "1"],
    ["1.0.0-foo.0.0", "1-foo"],
    ["1.0.0-0.0.0", "1-0"],
    ["1-a1", "1-alpha-1"],
    ["1-b2", "1beta2"],
    ["1m3", "1-MILESTONE-3"],
    ["1-cr1", "1.0.RC1"],
    ["1.foo", "1-foo"],
    ["1.0.0X", "1x"],
    ["0001.02", "1.2"],
    ["1.99999999999999999999999", "1.99999999999999999999999.0"],
  ])("%s and %s", (left, right) => {
    expect(compareVersions(left, right)).toBe(0);
    expect(compareVersions(right, left)).toBe(0);
  });
});

describe("from older to newer", () => {
  test.each([
    [["1-alpha", "1-beta", "1-milestone", "1-rc", "1-SNAPSHOT", "1", "1-sp", "1-abc", "1-1", "1.1"]],
    [["1-snapshot", "1", "1-sp", "1-1"]],
    [["1-foo2", "1-foo10"]],
    [["1.foo", "1-1", "1.1"]],
    [["1.0-alpha-1", "1.0-alpha-2", "1.0-alpha-10", "1.0-beta-1", "1.0-rc1", "1.0-SNAPSHOT", "1.0", "1.0.1"]],
    [["2.0.snapshot", "2.0.alpha-10"]],
    [["1.0.rc1", "1.0.rc2", "1.0.rc10", "1.0.0", "1.0.0.Final-redhat-1"]],
    [["31.1-android", "31.1-jre", "32.0.0-android", "32.0.0-jre"]],
    [["2.9", "2.10", "2.10.1", "2.10.1.1", "3-alpha"]],
    [["9223372036854775807", "9223372036854775808", "99999999999999999999"]],
    [["1-a", "1-b"]],
    [["1.0.a", "1.0.rc-a"]],
    [["2.0.1.0-redhat-1", "20040616"]],
  ])("%p", (versions) => {
    for (const [index, older] of versions.entries())
      for (const newer of versions.slice(index + 1)) {
        expect(compareVersions(older, newer)).toBeLessThan(0);
        expect(compareVersions(newer, older)).toBeGreaterThan(0);
      }
  });
});

test("a list is sorted from the oldest to the newest", () => {
  expect(sortVersions(["2.10", "1.0-SNAPSHOT", "2.9", "1.0", "1.0-rc1"])).toEqual([
    "1.0-rc1",
    "1.0-SNAPSHOT",
    "1.0",
    "2.9",
    "2.10",
  ]);
});

test("the order holds together for any text", () => {
  const part = fc.constantFrom("1", "0", "12", "a", "rc", "SNAPSHOT", "final", "x", ".", "-", "é", "");
  const version = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(version, version, (left, right) => {
      expect(Math.sign(compareVersions(left, right))).toBe(-Math.sign(compareVersions(right, left)) + 0);
      expect(compareVersions(left, left)).toBe(0);
    }),
  );
});
