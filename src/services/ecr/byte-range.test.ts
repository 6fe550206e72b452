import { expect, test } from "bun:test";
import { parseByteRange } from "./byte-range.ts";

const cases: readonly [header: string | undefined, size: number, expected: unknown][] = [
  [undefined, 10, undefined],
  ["bytes=0-0", 10, { start: 0, end: 0 }],
  ["bytes=2-", 10, { start: 2, end: 9 }],
  ["bytes=2-100", 10, { start: 2, end: 9 }],
  ["bytes=-3", 10, { start: 7, end: 9 }],
  ["bytes=-30", 10, { start: 0, end: 9 }],
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=-1", 0, "unsatisfiable"],
  ["bytes=5-2", 10, undefined],
  ["bytes=-", 10, undefined],
  ["bytes=0-1,4-5", 10, undefined],
  ["pages=1-2", 10, undefined],
];
test.each(cases)("%p of %p bytes", (header, size, expected) => {
  expect(parseByteRange(header, size)).toEqual(expected as never);
});
