import { describe, expect, test } from "bun:test";
import { WriteConflict } from "../../../storage/metadata/errors.ts";
import { checkDelete, checkWrite, conditionally, decideRead, matches } from "./conditions.ts";
import { contentRange, parseRange } from "./range.ts";

const version = { etag: "abc", createdAt: new Date("2026-11-01T10:30:00.250Z") };
const EARLIER = new Date("2026-11-01T10:29:59Z");
const SAME = new Date("2026-11-01T10:30:00Z");
const NOW = new Date("2026-11-02T00:00:00Z");
const FUTURE = new Date("2026-11-02T00:00:01Z");

describe("conditions of reads (RFC 9110 section 13.2.2)", () => {
  test.each([
    [{}, "proceed"],
    [{ ifMatch: '"abc"' }, "proceed"],
    [{ ifMatch: "abc" }, "proceed"],
    [{ ifMatch: "*" }, "proceed"],
    [{ ifMatch: '"x", "abc"' }, "proceed"],
    [{ ifMatch: '"x"' }, { failed: "If-Match" }],
    // If-Match decides alone where both were sent.
    [{ ifMatch: '"abc"', ifUnmodifiedSince: EARLIER }, "proceed"],
    [{ ifUnmodifiedSince: EARLIER }, { failed: "If-Unmodified-Since" }],
    [{ ifUnmodifiedSince: SAME }, "proceed"],
    [{ ifNoneMatch: '"abc"' }, "not modified"],
    [{ ifNoneMatch: "*" }, "not modified"],
    [{ ifNoneMatch: '"x"' }, "proceed"],
    [{ ifNoneMatch: '"x"', ifModifiedSince: SAME }, "proceed"],
    [{ ifModifiedSince: SAME }, "not modified"],
    [{ ifModifiedSince: EARLIER }, "proceed"],
    // Section 13.1.3: a date behind the server's own time is no condition.
    [{ ifModifiedSince: FUTURE }, "proceed"],
    [{ ifUnmodifiedSince: FUTURE }, "proceed"],
    // 412 goes before 304.
    [{ ifMatch: '"x"', ifNoneMatch: '"abc"' }, { failed: "If-Match" }],
  ])("%j", (conditions, decision) => {
    expect(decideRead(conditions, version, NOW)).toEqual(decision as ReturnType<typeof decideRead>);
  });
});

describe("conditions of writes", () => {
  test.each([
    [{}, undefined, undefined],
    [{ ifNoneMatch: "*" }, undefined, undefined],
    [{ ifNoneMatch: "*" }, "abc", "PreconditionFailed"],
    [{ ifMatch: '"abc"' }, "abc", undefined],
    [{ ifMatch: "*" }, "abc", undefined],
    [{ ifMatch: '"x"' }, "abc", "PreconditionFailed"],
    [{ ifMatch: '"abc"' }, undefined, "NoSuchKey"],
    [{ ifMatch: "*" }, undefined, "NoSuchKey"],
  ])("%j on a key with etag %s: %s", (conditions, current, refusal) => {
    const newest =
      current === undefined ? undefined : { etag: current, delete_marker: 0, created_at: SAME.getTime() };
    expect(nameOfRefusal(() => checkWrite(conditions, "key", newest))).toBe(refusal);
  });

  test.each([
    [{ ifMatch: '"abc"' }, 0, "ConditionalRequestConflict"],
    [{ ifMatch: '"x"' }, 0, "PreconditionFailed"],
    [{ ifMatch: '"abc"' }, 1, "NoSuchKey"],
    [{ ifNoneMatch: "*" }, 0, "PreconditionFailed"],
    [{ ifNoneMatch: "*" }, 1, "ConditionalRequestConflict"],
    [{}, 0, undefined],
  ])(
    "%j where the key was written (marker: %d) since the upload began: %s",
    (conditions, marker, refusal) => {
      const newest = { etag: "abc", delete_marker: marker, created_at: SAME.getTime() };
      const since = { ...conditions, begunAt: EARLIER };
      expect(nameOfRefusal(() => checkWrite(since, "key", newest))).toBe(refusal);
      const before = { ...conditions, begunAt: SAME };
      if (refusal === "ConditionalRequestConflict")
        expect(nameOfRefusal(() => checkWrite(before, "key", newest))).toBeUndefined();
    },
  );

  test("a delete is held to etag, size and time of what is there; what is not there is no failure", () => {
    const there = { etag: "abc", size: 3, created_at: version.createdAt.getTime() };
    const refusal = (conditions: Parameters<typeof checkDelete>[0]) =>
      nameOfRefusal(() => checkDelete(conditions, there));
    expect(refusal({ ifMatch: '"abc"', ifMatchSize: 3, ifMatchLastModifiedTime: SAME })).toBeUndefined();
    expect(refusal({ ifMatch: '"x"' })).toBe("PreconditionFailed");
    expect(refusal({ ifMatchSize: 4 })).toBe("PreconditionFailed");
    expect(refusal({ ifMatchLastModifiedTime: EARLIER })).toBe("PreconditionFailed");
    expect(checkDelete({ ifMatch: "*" }, undefined)).toBe(false);
    expect(checkDelete({}, undefined)).toBe(true);
  });

  test("a database that gives up over a conditional write says that it is one", async () => {
    const conflict = () => Promise.reject(new WriteConflict("others were faster"));
    await expect(conditionally({ ifNoneMatch: "*" }, "key", conflict)).rejects.toMatchObject({
      name: "ConditionalRequestConflict",
      status: 409,
    });
    await expect(conditionally({}, "key", conflict)).rejects.toBeInstanceOf(WriteConflict);
  });

  test("a list of etags is one of them", () => {
    expect(matches('W/"abc"', "abc")).toBe(true);
    expect(matches("", "abc")).toBe(false);
  });
});

describe("ranges", () => {
  test.each([
    ["bytes=0-0", "bytes 0-0/10"],
    ["bytes=3-", "bytes 3-9/10"],
    ["bytes=3-400", "bytes 3-9/10"],
    ["bytes=-4", "bytes 6-9/10"],
    ["bytes=-400", "bytes 0-9/10"],
    // Not understood: the whole object.
    ["bytes=5-2", undefined],
    ["bytes=0-1,3-4", undefined],
    ["bytes=-", undefined],
    ["lines=1-2", undefined],
    ["bytes=a-b", undefined],
    [undefined, undefined],
  ])("%s of ten bytes is %s", (header, expected) => {
    const range = parseRange(header, 10);
    expect(range && contentRange(range, 10)).toBe(expected);
  });

  test.each(["bytes=10-", "bytes=10-20", "bytes=-0"])("%s of ten bytes is refused", (header) => {
    expect(nameOfRefusal(() => parseRange(header, 10))).toBe("InvalidRange");
  });

  test("nothing of an empty object can be asked for", () => {
    expect(nameOfRefusal(() => parseRange("bytes=0-", 0))).toBe("InvalidRange");
    expect(nameOfRefusal(() => parseRange("bytes=-5", 0))).toBe("InvalidRange");
  });
});

function nameOfRefusal(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}
