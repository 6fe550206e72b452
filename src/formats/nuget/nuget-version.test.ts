import { describe, expect, test } from "bun:test";
import {
  compareVersions,
  isSemVer2,
  type NuGetVersion,
  normalizeVersion,
  parseVersion,
  rangeNeedsSemVer2,
} from "./nuget-version.ts";

function version(text: string): NuGetVersion {
  const parsed = parseVersion(text);
  if (!parsed) throw new Error(`${text} is no version`);
  return parsed;
}

test.each([
  ["1", "1.0.0"],
  ["1.0", "1.0.0"],
  ["1.0.0.0", "1.0.0"],
  ["1.0.0.1", "1.0.0.1"],
  ["01.002.3", "1.2.3"],
  ["1.0.0+build.7", "1.0.0"],
  ["1.0.0-Beta.2+meta", "1.0.0-beta.2"],
  [" 1.2.3 ", "1.2.3"],
])("%s is version %s", (text, expected) => {
  expect(normalizeVersion(text)).toBe(expected);
});

test.each([
  "",
  "v1",
  "1.0.0.0.0",
  "1..0",
  "1.0-",
  "1.0+",
  "1.0.0-a..b",
  "1.0.0-ä",
  "4294967296.0",
  "../1.0",
  "1.0/2",
])("%p is no version", (text) => {
  expect(() => normalizeVersion(text)).toThrow("is not a NuGet version");
});

describe("versions in their order", () => {
  const ordered = [
    "0.9",
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0-Alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.0.1",
    "1.0.1",
    "1.2",
    "1.10",
    "2.0.0-a",
  ];
  test.each(ordered.slice(1).map((later, index) => [ordered[index] ?? "", later]))(
    "%s before %s",
    (earlier, later) => {
      expect(compareVersions(version(earlier), version(later))).toBeLessThan(0);
      expect(compareVersions(version(later), version(earlier))).toBeGreaterThan(0);
    },
  );

  test("one version written differently", () => {
    expect(compareVersions(version("1.0-RC.1+a"), version("1.0.0.0-rc.1+b"))).toBe(0);
  });
});

test("only a dotted pre-release or build metadata needs SemVer 2.0.0", () => {
  expect(["1.0.0", "1.0.0-beta", "1.0.0-beta.1", "1.0.0+x"].map((text) => isSemVer2(version(text)))).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(["[1.0.0, )", "1.0.0-beta", "[1.0.0-beta.1, 2.0)", "(, 2.0.0+x]"].map(rangeNeedsSemVer2)).toEqual([
    false,
    false,
    true,
    true,
  ]);
});
