import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
// What the SDK computes in its own code is the other opinion.
import { Crc64Nvme } from "@aws-sdk/checksums/crc";
import { Xxh3_64, Xxh3_128, Xxh64 } from "@aws-sdk/checksums/xxh";
import { beginHash, type HashAlgorithm } from "./hash-algorithms.ts";
import { UploadHash } from "./upload-hash.ts";

const CHECK = Buffer.from("123456789");

/** The "check" values of the CRC catalogue (reveng) and of the xxHash project. */
const VECTORS = [
  ["crc32", "cbf43926"],
  ["crc32c", "e3069283"],
  ["crc64nvme", "ae8b14860a799888"],
  ["xxhash64", "8cb841db40e6ae83"],
  ["md5", "25f9e794323b453885f5181f1b624d0b"],
  ["sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"],
] as const satisfies [HashAlgorithm, string][];

for (const [algorithm, expected] of VECTORS)
  test(`${algorithm} of "123456789"`, async () => {
    const hash = await beginHash(algorithm);
    hash.update(CHECK);
    expect(hash.hex()).toBe(expected);
  });

const ORACLES = { crc64nvme: Crc64Nvme, xxhash64: Xxh64, xxhash3: Xxh3_64, xxhash128: Xxh3_128 } as const;

for (const [algorithm, Oracle] of Object.entries(ORACLES) as [keyof typeof ORACLES, typeof Xxh64][])
  test(`${algorithm} is what the SDK computes, at every length that it treats differently`, async () => {
    for (const size of [0, 1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1024, 1025, 70_000]) {
      const bytes = randomBytes(size);
      const hash = await beginHash(algorithm);
      hash.update(bytes);
      const oracle = new Oracle();
      oracle.update(bytes);
      expect(hash.hex(), `${size} bytes`).toBe(Buffer.from(await oracle.digest()).toString("hex"));
    }
  });

test("hashes of one algorithm that run at once do not mix, and go on after they were asked", async () => {
  for (const algorithm of ["crc32c", "crc64nvme", "xxhash64", "xxhash3", "xxhash128"] as const) {
    const parts = Array.from({ length: 40 }, () => [randomBytes(777), randomBytes(13)]);
    const hashes = await Promise.all(parts.map(() => beginHash(algorithm)));
    for (const round of [0, 1])
      parts.forEach((part, index) => {
        hashes[index]?.update(part[round] ?? Buffer.alloc(0));
        hashes[index]?.hex();
      });
    for (const [index, part] of parts.entries()) {
      const alone = await beginHash(algorithm);
      alone.update(Buffer.concat(part));
      expect(hashes[index]?.hex()).toBe(alone.hex());
    }
  }
});

test("long bodies have the same checksums from the second thread as short ones have at once", async () => {
  const algorithms = ["crc32", "crc32c", "crc64nvme", "xxhash64", "xxhash3", "xxhash128", "sha256"] as const;
  const bytes = randomBytes(2_000_003);
  const long = new UploadHash(algorithms);
  for (let start = 0; start < bytes.length; start += 65_536)
    await long.update(bytes.subarray(start, start + 65_536));
  await long.settled();
  for (const algorithm of algorithms) {
    const hash = await beginHash(algorithm);
    hash.update(bytes);
    expect(long.hex(algorithm)).toBe(hash.hex());
  }
  expect(long.hex("md5")).toBeUndefined();
});
