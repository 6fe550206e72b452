import { describe, expect, test } from "bun:test";
import type { VersionStatus } from "../engine.ts";
import { mayBecome, refusal } from "./statuses.ts";
import { failed, failuresOf, succeeded } from "./version-results.ts";

const STATUSES: readonly VersionStatus[] = ["Published", "Unfinished", "Unlisted", "Archived", "Disposed"];
const TARGETS = ["Published", "Unlisted", "Archived", "Disposed", "Deleted"] as const;

describe("the status of a version", () => {
  test("moves freely until it is disposed of, which only deletion follows", () => {
    for (const status of STATUSES)
      for (const target of TARGETS)
        expect(mayBecome(status, target)).toBe(
          status !== "Disposed" || target === "Deleted" || target === "Disposed",
        );
  });

  test("a version that is not there, is another revision or has another status is refused with the guide's words", () => {
    const found = { version: "4.1.0", status: "Published", revision: "25/U=" } as const;
    expect(refusal("4.1.0", undefined, "Archived", {})).toEqual({
      errorCode: "NOT_FOUND",
      errorMessage: "Could not find version 4.1.0",
    });
    expect(refusal("4.1.0", found, "Archived", { revisions: new Map([["4.1.0", "other"]]) })).toEqual({
      errorCode: "MISMATCHED_REVISION",
      errorMessage: "current revision: 25/U=, expected revision: other",
    });
    expect(refusal("4.1.0", found, "Archived", { expectedStatus: "Unlisted" })).toEqual({
      errorCode: "MISMATCHED_STATUS",
      errorMessage: "current status: Published, expected status: Unlisted",
    });
    expect(refusal("4.1.0", { ...found, status: "Disposed" }, "Published", {})).toMatchObject({
      errorCode: "NOT_ALLOWED",
    });
    const conditions = { expectedStatus: "Published", revisions: new Map([["4.1.0", "25/U="]]) };
    expect(refusal("4.1.0", found, "Archived", conditions)).toBeUndefined();
  });
});

describe("the result maps", () => {
  test("one failure makes every other version SKIPPED", () => {
    const failures = failuresOf(["1.0.0", "2.0.0"], (version) =>
      version === "2.0.0"
        ? { errorCode: "NOT_FOUND", errorMessage: "Could not find version 2.0.0" }
        : undefined,
    );
    expect(failed(["1.0.0", "2.0.0"], failures ?? new Map())).toEqual({
      successfulVersions: {},
      failedVersions: {
        "1.0.0": { errorCode: "SKIPPED", errorMessage: "version 1.0.0 is skipped" },
        "2.0.0": { errorCode: "NOT_FOUND", errorMessage: "Could not find version 2.0.0" },
      },
    });
    expect(failuresOf(["1.0.0"], () => undefined)).toBeUndefined();
  });

  test("a version may be called like a property that every object has", () => {
    const results = succeeded([["__proto__", { revision: "r", status: "Archived" }]]);
    expect(Object.keys(results.successfulVersions)).toEqual(["__proto__"]);
  });
});
