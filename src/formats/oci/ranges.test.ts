import { describe, expect, test } from "bun:test";
import { parseRanges, type RequestedRanges } from "../ranges.ts";
import { parseContentRange } from "./ranges.ts";

describe("Range of a blob of 1000 bytes", () => {
  const cases: readonly (readonly [header: string, wanted: RequestedRanges])[] = [
    ["bytes=0-99", [{ start: 0, end: 99 }]],
    ["bytes=0-0", [{ start: 0, end: 0 }]],
    ["BYTES = 5-9", [{ start: 5, end: 9 }]],
    ["bytes=900-", [{ start: 900, end: 999 }]],
    ["bytes=-100", [{ start: 900, end: 999 }]],
    ["bytes=-5000", [{ start: 0, end: 999 }]],
    ["bytes=990-5000", [{ start: 990, end: 999 }]],
    ["bytes=990-99999999999999999999999", [{ start: 990, end: 999 }]],
    [
      "bytes=500-509, 0-9",
      [
        { start: 500, end: 509 },
        { start: 0, end: 9 },
      ],
    ],
    ["bytes=0-9,5000-6000", [{ start: 0, end: 9 }]],
    ["bytes=1000-", "unsatisfiable"],
    ["bytes=99999999999999999999999-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=500-0", "unsatisfiable"],
    ["bytes=-", "whole"],
    ["bytes=", "whole"],
    ["bytes=a-b", "whole"],
    ["bytes=0-9,", "whole"],
    ["bytes=--5", "whole"],
    ["items=0-9", "whole"],
    ["0-9", "whole"],
    ["bytes=0-,0-,0-", "whole"],
  ];
  for (const [header, wanted] of cases) {
    test(header, () => expect(parseRanges(header, 1000)).toEqual(wanted));
  }
});

test("thousands of ranges are not opened one by one", () => {
  const single = (count: number) =>
    Array.from({ length: count }, (_, index) => `${2 * index}-${2 * index}`).join(",");
  expect(parseRanges(`bytes=${single(1024)}`, 100_000)).toHaveLength(1024);
  expect(parseRanges(`bytes=${single(1025)}`, 100_000)).toBe("whole");
});

test("no range of an empty blob can be satisfied", () => {
  expect(parseRanges("bytes=0-", 0)).toBe("unsatisfiable");
  expect(parseRanges("bytes=-1", 0)).toBe("unsatisfiable");
});

test("Content-Range of a chunk is two inclusive numbers and nothing else", () => {
  expect(parseContentRange("0-1023")).toEqual({ start: 0, end: 1023 });
  for (const header of [
    "",
    "0-",
    "-5",
    "a-b",
    "bytes 0-9/10",
    "0-9/10",
    " 0-9",
    "5-4",
    "0x0-0x9",
    `0-${"9".repeat(16)}`,
  ]) {
    expect(() => parseContentRange(header)).toThrow("Content-Range");
  }
});
