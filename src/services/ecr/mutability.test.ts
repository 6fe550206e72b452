import { describe, expect, test } from "bun:test";
import { isImmutable, parseTagMutability, type TagMutability } from "./mutability.ts";

const filter = (text: string) => ({ filterType: "WILDCARD" as const, filter: text });

describe("which tags may be moved", () => {
  const cases: readonly [
    mode: TagMutability["mode"],
    exclusions: string[],
    tag: string,
    immutable: boolean,
  ][] = [
    ["MUTABLE", [], "v1", false],
    ["IMMUTABLE", [], "v1", true],
    ["IMMUTABLE_WITH_EXCLUSION", ["latest"], "latest", false],
    ["IMMUTABLE_WITH_EXCLUSION", ["latest"], "latest2", true],
    ["IMMUTABLE_WITH_EXCLUSION", ["latest"], "v1", true],
    ["IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "dev-", false],
    ["IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "dev-1", false],
    ["IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "xdev-1", true],
    ["IMMUTABLE_WITH_EXCLUSION", ["*-rc"], "v1-rc", false],
    ["IMMUTABLE_WITH_EXCLUSION", ["*-rc"], "v1-rc2", true],
    ["IMMUTABLE_WITH_EXCLUSION", ["a*b*c"], "abc", false],
    ["IMMUTABLE_WITH_EXCLUSION", ["a*b*c"], "a-b-c", false],
    ["IMMUTABLE_WITH_EXCLUSION", ["a*b*c"], "acb", true],
    ["IMMUTABLE_WITH_EXCLUSION", ["aa*aa"], "aaa", true],
    ["IMMUTABLE_WITH_EXCLUSION", ["a*aa*a"], "aaa", true],
    ["IMMUTABLE_WITH_EXCLUSION", ["*"], "anything", false],
    ["IMMUTABLE_WITH_EXCLUSION", ["1.0"], "1x0", true],
    ["IMMUTABLE_WITH_EXCLUSION", ["x", "y*"], "yes", false],
    ["MUTABLE_WITH_EXCLUSION", ["prod-*"], "prod-1", true],
    ["MUTABLE_WITH_EXCLUSION", ["prod-*"], "dev-1", false],
  ];
  test.each(cases)("%s %p: %s is immutable: %p", (mode, exclusions, tag, immutable) => {
    expect(isImmutable({ mode, exclusions }, tag)).toBe(immutable);
  });
});

describe("settings that are refused", () => {
  const cases: readonly [name: string, mode: string, filters: string[]][] = [
    ["an unknown mode", "SOMETIMES", []],
    ["a mode that every object has", "constructor", []],
    ["filters without exclusion", "IMMUTABLE", ["latest"]],
    ["exclusion without filters", "IMMUTABLE_WITH_EXCLUSION", []],
    ["six filters", "MUTABLE_WITH_EXCLUSION", ["a", "b", "c", "d", "e", "f"]],
    ["three wildcards", "IMMUTABLE_WITH_EXCLUSION", ["*a*b*"]],
    ["characters no tag has", "IMMUTABLE_WITH_EXCLUSION", ["v1/2"]],
    ["an empty filter", "IMMUTABLE_WITH_EXCLUSION", [""]],
    ["the same filter twice", "IMMUTABLE_WITH_EXCLUSION", ["a", "a"]],
  ];
  test.each(cases)("%s", (_, mode, filters) => {
    expect(() => parseTagMutability(mode, filters.map(filter))).toThrow(
      expect.objectContaining({ name: "InvalidParameterException" }),
    );
  });

  test("exclusion without filters is refused in ECR's words", () => {
    expect(() => parseTagMutability("IMMUTABLE_WITH_EXCLUSION", undefined)).toThrow(
      "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as IMMUTABLE_WITH_EXCLUSION'",
    );
  });

  test("no mode at all means MUTABLE", () => {
    expect(parseTagMutability(undefined, undefined)).toEqual({ mode: "MUTABLE", exclusions: [] });
  });

  test("five filters with two wildcards are fine", () => {
    const filters = ["a*b*", "b", "c", "d", "e"];
    expect(parseTagMutability("IMMUTABLE_WITH_EXCLUSION", filters.map(filter)).exclusions).toEqual(filters);
  });
});
