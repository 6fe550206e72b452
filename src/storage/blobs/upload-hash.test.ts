import { expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { UploadHash, UploadHashes } from "./upload-hash.ts";

test("a digest may be asked for in between and the hash goes on", async () => {
  const hash = new UploadHash(["sha256", "sha512"]);
  await hash.update(Buffer.from("a"));
  await hash.settled();
  expect(hash.digest("sha256")).toBe(`sha256:${hex("sha256", "a")}` as never);
  await hash.update(Buffer.from("b"));
  await hash.settled();
  expect(hash.digest("sha512")).toBe(`sha512:${hex("sha512", "ab")}` as never);
  expect(hash.position).toBe(2);
  const other = new UploadHash(["sha256"]);
  await other.settled();
  expect(other.digest("sha512")).toBeUndefined();
});

test("a long upload is hashed like a short one, whatever its chunks, also when it goes on after a digest", async () => {
  const bytes = randomBytes(3_000_001);
  for (const size of [7_000, 65_536, 262_144, 900_001]) {
    const hash = new UploadHash(["md5", "sha1", "sha256", "sha512"]);
    for (let start = 0; start < bytes.length; start += size)
      await hash.update(bytes.subarray(start, start + size));
    await hash.settled();
    expect(hash.hex("sha512")).toBe(createHash("sha512").update(bytes).digest("hex"));
    await hash.update(Buffer.from("end"));
    await hash.settled();
    for (const algorithm of ["md5", "sha1", "sha256"] as const)
      expect(hash.hex(algorithm)).toBe(createHash(algorithm).update(bytes).update("end").digest("hex"));
  }
});

test("a state serves only the position it stands at, and once", async () => {
  const states = new UploadHashes();
  const hash = new UploadHash(["sha256"]);
  await hash.update(Buffer.alloc(10));
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
