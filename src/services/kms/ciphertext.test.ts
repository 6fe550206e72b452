import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { openCiphertext, originOf, sealCiphertext } from "./ciphertext.ts";
import { openSealed, sealBytes } from "./sealed-bytes.ts";

const secret = randomBytes(32);
const origin = { keyId: "1234abcd-12ab-34cd-56ef-1234567890ab", version: 3 };
const plaintext = Buffer.from("the password");

test("a ciphertext says its key and material, and opens under its context in any order", () => {
  const blob = sealCiphertext(secret, origin, { one: "1", two: "2" }, plaintext);
  expect(originOf(blob)).toEqual(origin);
  expect(openCiphertext(secret, { two: "2", one: "1" }, blob)).toEqual(plaintext);
  expect(blob.includes(plaintext)).toBe(false);
});

test("the same plaintext gives another ciphertext each time", () => {
  const seal = () => sealCiphertext(secret, origin, {}, plaintext).toString("hex");
  expect(new Set([seal(), seal(), seal()]).size).toBe(3);
});

test("each changed bit is found out, in the header too", () => {
  const blob = sealCiphertext(secret, origin, {}, plaintext);
  for (let bit = 0; bit < blob.length * 8; bit += 1) {
    const changed = Buffer.from(blob);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(openCiphertext(secret, {}, changed)).toBeUndefined();
  }
});

test("what is cut short, longer or no ciphertext at all has no origin or does not open", () => {
  const blob = sealCiphertext(secret, origin, {}, plaintext);
  for (let length = 0; length < blob.length; length += 1)
    expect(openCiphertext(secret, {}, blob.subarray(0, length))).toBeUndefined();
  expect(openCiphertext(secret, {}, Buffer.concat([blob, Buffer.of(0)]))).toBeUndefined();
  for (const garbage of [Buffer.alloc(0), Buffer.alloc(64), randomBytes(20), Buffer.alloc(6144, 0xff)])
    expect(originOf(garbage)).toBeUndefined();
});

describe("contexts that are not the same do not open", () => {
  const cases: readonly [string, Record<string, string>, Record<string, string>][] = [
    ["none", { a: "b" }, {}],
    ["one too many", { a: "b" }, { a: "b", c: "d" }],
    ["another value", { a: "b" }, { a: "c" }],
    ["name and value drawn otherwise", { ab: "c" }, { a: "bc" }],
    ["what looks the same in JSON", { 'a":"b","c': "d" }, { a: "b", c: "d" }],
    ["another case", { a: "b" }, { A: "b" }],
  ];
  test.each(cases)("%s", (_, sealed, opened) => {
    const blob = sealCiphertext(secret, origin, sealed, plaintext);
    expect(openCiphertext(secret, opened, blob)).toBeUndefined();
    expect(openCiphertext(secret, sealed, blob)).toEqual(plaintext);
  });

  test("whatever names and values there are", () => {
    const context = fc.dictionary(fc.string(), fc.string(), { maxKeys: 5 });
    fc.assert(
      fc.property(context, context, (sealed, opened) => {
        const same =
          JSON.stringify(Object.entries(sealed).sort()) === JSON.stringify(Object.entries(opened).sort());
        const blob = sealCiphertext(secret, origin, sealed, plaintext);
        expect(openCiphertext(secret, opened, blob) !== undefined).toBe(same);
      }),
    );
  });
});

test("what is sealed for one purpose does not open for another, nor under another key", () => {
  const nothing = Buffer.alloc(0);
  const sealed = sealBytes(secret, "blob-data-key", nothing, plaintext);
  expect(openSealed(secret, "ciphertext", nothing, sealed)).toBeUndefined();
  expect(openSealed(secret, "master-key", nothing, sealed)).toBeUndefined();
  expect(openSealed(randomBytes(32), "blob-data-key", nothing, sealed)).toBeUndefined();
  expect(openSealed(secret, "blob-data-key", nothing, sealed)).toEqual(plaintext);
});
