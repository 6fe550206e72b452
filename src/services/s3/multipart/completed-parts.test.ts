import { expect, test } from "bun:test";
import { parseRange } from "../objects/range.ts";
import { namedParts } from "./completed-parts.ts";

const etagOf = (ETag: string) => namedParts({ Parts: [{ PartNumber: 1, ETag }] })[0]?.etag;

test("an etag is taken with quotes, without them, and with white space around", () => {
  for (const written of ['"abc"', "abc", ' "abc"\n', '"abc', 'abc"']) expect(etagOf(written)).toBe("abc");
  expect([etagOf('"'), etagOf('""'), etagOf("")]).toEqual(["", "", ""]);
});

test("white space by the megabyte in an etag or a range holds nobody up", () => {
  const space = " ".repeat(2 ** 20);
  expect(etagOf(`a${space}b`)).toBe(`a${space}b`);
  expect(parseRange(`bytes=1-${space}x`, 10)).toBeUndefined();
  // Going back over it took minutes.
}, 5_000);
