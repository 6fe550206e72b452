import { expect, test } from "bun:test";
import { ByteBoundedCache } from "./byte-bounded-cache.ts";

test("keys are memory too: who asks for long names fills it no further", () => {
  const cache = new ByteBoundedCache<{ readonly bytes: number }>(1_000_000);
  cache.set("first", { bytes: 1 });
  for (let index = 0; index < 200; index++) cache.set(`${index} ${"x".repeat(8_000)}`, { bytes: 1 });
  expect(cache.get("first")).toBeUndefined();
  expect(cache.bytes).toBeLessThanOrEqual(1_000_000);
});

test("an entry that is set again or too large leaves no bytes behind", () => {
  const cache = new ByteBoundedCache<{ readonly bytes: number }>(1_000);
  cache.set("a", { bytes: 100 });
  const before = cache.bytes;
  cache.set("a", { bytes: 100 });
  expect(cache.bytes).toBe(before);
  cache.set("a", { bytes: 1_000 });
  expect(cache.bytes).toBe(0);
});
