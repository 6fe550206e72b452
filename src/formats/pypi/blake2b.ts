import { createHash } from "node:crypto";
import { blake2b } from "@noble/hashes/blake2.js";

interface RunningHash {
  update(chunk: Uint8Array): unknown;
  hex(): string;
}

/** BLAKE2b of 256 bits, which uploads of Python packages carry: by the runtime where it has it (Bun), else in JavaScript. */
export function createBlake2b256(): RunningHash {
  try {
    const hash = createHash("blake2b256");
    return { update: (chunk) => hash.update(chunk), hex: () => hash.digest("hex") };
  } catch {
    const hash = blake2b.create({ dkLen: 32 });
    return { update: (chunk) => hash.update(chunk), hex: () => Buffer.from(hash.digest()).toString("hex") };
  }
}
