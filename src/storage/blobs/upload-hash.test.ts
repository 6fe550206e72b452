import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { UploadHash, UploadHashes } from "./upload-hash.ts";

test("a digest may be asked for in between and the hash goes on", () => {
  const hash = new UploadHash(["sha256", "sha512"]);
  hash.update(Buffer.from("a"));
  expect(hash.digest("sha256")).toBe(`sha256:${hex("sha256", "a")}` as never);
  hash.update(Buffer.from("b"));
  expect(hash.digest("sha512")).toBe(`sha512:${hex("sha512", "ab")}` as never);
  expect(hash.position).toBe(2);
  expect(new UploadHash(["sha256"]).digest("sha512")).toBeUndefined();
});

test("a state serves only the position it stands at, and once", () => {
  const states = new UploadHashes();
  const hash = new UploadHash(["sha256"]);
  hash.update(Buffer.alloc(10));
  states.keep("a", hash);
  expect(states.take("a", 10)).toBe(hash);
  expect(states.take("a", 10)).toBeUndefined();
  states.keep("a", hash);
  expect(states.take("a", 9)).toBeUndefined();
});

test("beyond the bound the state that was used longest ago is forgotten", () => {
  const states = new UploadHashes(2);
  const [one, two, three] = [new UploadHash([]), new UploadHash([]), new UploadHash([])];
  states.keep("one", one);
  states.keep("two", two);
  states.keep("one", one);
  states.keep("three", three);
  expect(states.take("two", 0)).toBeUndefined();
  expect(states.take("one", 0)).toBe(one);
  expect(states.take("three", 0)).toBe(three);
});

function hex(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest("hex");
}
