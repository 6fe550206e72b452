import { expect, test } from "bun:test";
import { keyOf, storedKey } from "./object-key.ts";

const KEYS = [
  "a",
  "",
  "\0",
  "\u0001",
  "\0\0",
  "\0\u0001",
  "\u0001\0",
  "\u0001\u0002",
  "a\0b",
  "\u0001\u0001\0",
  "\u0002",
  "ü\0",
];

test("every key comes back as it was, and none has U+0000", () => {
  for (const key of KEYS) {
    expect(keyOf(storedKey(key))).toBe(key);
    expect(storedKey(key)).not.toContain("\0");
  }
});

test("stored keys are in the order of the keys' bytes, and prefixes stay prefixes", () => {
  const bytes = (key: string) => Buffer.from(key);
  const ordered = KEYS.toSorted((a, b) => bytes(a).compare(bytes(b)));
  expect(KEYS.toSorted((a, b) => bytes(storedKey(a)).compare(bytes(storedKey(b))))).toEqual(ordered);
  for (const key of KEYS)
    for (const other of KEYS) expect(storedKey(key + other)).toBe(storedKey(key) + storedKey(other));
});
