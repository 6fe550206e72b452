import { describe, expect, test } from "bun:test";
import { BoundedCache } from "./bounded-cache.ts";

describe("BoundedCache", () => {
  test("never holds more than its capacity", () => {
    const cache = new BoundedCache<number, string>(10);
    for (let index = 0; index < 1_000; index += 1) {
      cache.set(index, "x");
      cache.get(index - 3);
      expect(cache.size).toBeLessThanOrEqual(10);
    }
  });
  test("keeps what is used, whatever else comes", () => {
    const cache = new BoundedCache<string, string>(10);
    cache.set("used", "value");
    for (let index = 0; index < 1_000; index += 1) {
      cache.set(`stranger ${index}`, "x");
      expect(cache.get("used")).toBe("value");
    }
    expect(cache.get("stranger 0")).toBeUndefined();
  });
  test("gives the last value and forgets what is deleted", () => {
    const cache = new BoundedCache<string, string>(4);
    for (const value of ["1", "2", "3", "4", "5"]) {
      cache.set("key", value);
      cache.set(value, value);
    }
    expect(cache.get("key")).toBe("5");
    cache.delete("key");
    expect(cache.get("key")).toBeUndefined();
  });
});
