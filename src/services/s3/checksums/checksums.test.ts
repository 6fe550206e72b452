import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { crc32, crc64 } from "hash-wasm";
import { checksumOf, compositeChecksum, defaultType, isChecksum } from "./checksums.ts";
import { type CrcAlgorithm, combineCrc } from "./crc.ts";

const WHOLE: Record<CrcAlgorithm, (bytes: Uint8Array) => Promise<string>> = {
  CRC32: (bytes) => crc32(bytes),
  CRC32C: (bytes) => crc32(bytes, 0x82f63b78),
  CRC64NVME: (bytes) => crc64(bytes, "9a6c9329ac4bc9b5"),
};
const ALGORITHMS = Object.keys(WHOLE) as CrcAlgorithm[];

async function whole(algorithm: CrcAlgorithm, bytes: Uint8Array): Promise<string> {
  return checksumOf(algorithm, await WHOLE[algorithm](bytes));
}

describe("the checksum of an object that came in parts", () => {
  test.each(ALGORITHMS)("%s follows from the checksums and sizes of its parts", async (algorithm) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 }), async (pieces) => {
        const parts = await Promise.all(
          pieces.map(async (piece) => ({ checksum: await whole(algorithm, piece), size: piece.length })),
        );
        expect(combineCrc(algorithm, parts)).toBe(await whole(algorithm, Buffer.concat(pieces)));
      }),
      { numRuns: 40 },
    );
  });

  test("is that of CRC RevEng's catalogue", () => {
    const nine = [
      ["CRC32", "cbf43926"],
      ["CRC32C", "e3069283"],
      ["CRC64NVME", "ae8b14860a799888"],
    ] as const;
    for (const [algorithm, hex] of nine) {
      const checksum = checksumOf(algorithm, hex);
      expect(combineCrc(algorithm, [{ checksum, size: 9 }])).toBe(checksum);
    }
  });

  test("is right for parts of gibibytes, whose bytes nobody has to read", async () => {
    // Zeroes, one mebibyte at a time, combined in another order than they are below.
    const mebibyte = { checksum: await whole("CRC64NVME", Buffer.alloc(1 << 20)), size: 1 << 20 };
    const double = (part: typeof mebibyte) => ({
      checksum: combineCrc("CRC64NVME", [part, part]),
      size: part.size * 2,
    });
    let large = mebibyte;
    for (let times = 0; times < 13; times++) large = double(large);
    expect(large.size).toBe(8 * 2 ** 30);
    expect(combineCrc("CRC64NVME", Array(8192).fill(mebibyte))).toBe(large.checksum);
  });

  test("is the hash of their hashes and how many they were, where it is composite", async () => {
    const parts = [Buffer.alloc(5, "a"), Buffer.alloc(3, "b")];
    const sha256 = parts.map((part) => createHash("sha256").update(part).digest());
    expect(
      await compositeChecksum(
        "SHA256",
        sha256.map((digest) => digest.toString("base64")),
      ),
    ).toBe(`${createHash("sha256").update(Buffer.concat(sha256)).digest("base64")}-2`);
    const crcs = await Promise.all(parts.map((part) => whole("CRC32C", part)));
    const raw = Buffer.concat(crcs.map((crc) => Buffer.from(crc, "base64")));
    expect(await compositeChecksum("CRC32C", crcs)).toBe(`${await whole("CRC32C", raw)}-2`);
  });

  test("is composite unless it was asked for or cannot be", () => {
    expect(defaultType("CRC32")).toBe("COMPOSITE");
    expect(defaultType("XXHASH3")).toBe("COMPOSITE");
    expect(defaultType("CRC64NVME")).toBe("FULL_OBJECT");
  });
});

test("what is too short, too long or no base64 is no checksum", () => {
  expect(isChecksum("CRC32", "y/Q5Jg==")).toBe(true);
  for (const wrong of ["y/Q5Jg", "y/Q5Jg==\n", "y/Q5JgA=", "", "not base64!", "y/Q5Jh=="])
    expect(isChecksum("CRC32", wrong)).toBe(false);
});
