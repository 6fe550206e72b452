import { expect, test } from "bun:test";
import { Announced } from "./announced.ts";
import { hashesOf } from "./resolve.ts";

const HASHES = hashesOf(new Uint8Array());

test("what metadata named is forgotten for what came later, however much it names", () => {
  const announced = new Announced();
  announced.note("first", "first path", ["1.0"], HASHES, 0);
  expect(announced.hasNamed("first", "1.0", 0)).toBe(true);
  for (let group = 0; group < 300; group++) {
    const names = Array.from({ length: 1000 }, (_, index) => `${index}${"9".repeat(200)}`);
    announced.note(`group ${group}`, `path ${group}`, names, HASHES, 0);
  }
  expect(announced.hasNamed("first", "1.0", 0)).toBe(false);
  expect(announced.hasNamed("group 299", `999${"9".repeat(200)}`, 0)).toBe(true);
});
