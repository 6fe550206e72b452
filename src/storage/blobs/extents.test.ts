import { expect, test } from "bun:test";
import fc from "fast-check";
import { BlobTooLarge } from "./errors.ts";
import { type Extent, plainLength, readExtents, segmentsOf, writeExtents } from "./extents.ts";
import { SEGMENT_BYTES, TAG_BYTES } from "./segments.ts";

const lengths = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 3 * SEGMENT_BYTES }), fc.constantFrom(SEGMENT_BYTES, 2 * SEGMENT_BYTES)),
  { minLength: 1, maxLength: 5 },
);

test("whatever the extents, a range is covered by exactly the segments that hold it", () => {
  fc.assert(
    fc.property(lengths, fc.nat(), fc.nat(), (sizes, one, two) => {
      const extents = sizes.map((length, index) => ({ salt: `s${index}`, length }));
      const size = plainLength(extents);
      const [start, end] = [Math.min(one % size, two % size), Math.max(one % size, two % size)];
      const range = segmentsOf(extents, start, end);
      const touched = allSegments(extents).filter(
        (segment) => segment.plain <= end && segment.plain + segment.length > start,
      );
      expect(
        Array.from(range.runs(1), ({ salt, index, last, length }) => ({ salt, index, last, length })),
      ).toEqual(touched.map(({ salt, index, last, length }) => ({ salt, index, last, length })));
      const [first, final] = [touched[0], touched.at(-1)];
      expect(range.count).toBe(touched.length);
      expect(range.start).toBe(first?.stored ?? -1);
      expect(range.end).toBe((final?.stored ?? 0) + (final?.length ?? 0) + TAG_BYTES - 1);
      expect(range.skip).toBe(start - (first?.plain ?? 0));
      expect(range.length).toBe(end - start + 1);
    }),
  );
});

test("a row keeps extents as they are, and not without bound", () => {
  const extents = [
    { salt: "AAAA_-", length: 1 },
    { salt: "B", length: 2 ** 40 },
  ];
  expect(readExtents(writeExtents(extents))).toEqual(extents);
  expect(readExtents("")).toEqual([]);
  const many = Array.from({ length: 50_001 }, () => ({ salt: "s", length: 1 }));
  expect(() => writeExtents(many)).toThrow(BlobTooLarge);
});

/** Every segment with where it lies, counted one by one. */
function allSegments(extents: readonly Extent[]) {
  const segments = [];
  let [plain, stored] = [0, 0];
  for (const { salt, length: whole } of extents)
    for (let index = 0, left = whole; left > 0; index++) {
      const length = Math.min(left, SEGMENT_BYTES);
      segments.push({ salt, index, last: left === length, length, plain, stored });
      left -= length;
      plain += length;
      stored += length + TAG_BYTES;
    }
  return segments;
}
