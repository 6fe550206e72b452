import { createHash } from "node:crypto";
import {
  createCRC32,
  createCRC64,
  createXXHash3,
  createXXHash64,
  createXXHash128,
  type IHasher,
} from "hash-wasm";
import type { DigestAlgorithm } from "./digest.ts";

/** Those that digests are written in, what only package clients still ask for, and the checksums of S3. */
export type HashAlgorithm = DigestAlgorithm | "md5" | "sha1" | Checksum;

type Checksum = keyof typeof CHECKSUMS;

/** Polynomials are written reversed; lower-case hex of the big-endian value, as S3 has it before base64. */
const CHECKSUMS = {
  crc32: () => createCRC32(),
  crc32c: () => createCRC32(0x82f63b78),
  crc64nvme: () => createCRC64("9a6c9329ac4bc9b5"),
  xxhash64: () => createXXHash64(),
  xxhash3: () => createXXHash3(),
  xxhash128: () => createXXHash128(),
} as const satisfies Record<string, () => Promise<IHasher>>;

/** A hash over what came so far. */
export interface RunningHash {
  update(bytes: Uint8Array): void;
  /** Lower-case; more may follow. */
  hex(): string;
}

export async function beginHash(algorithm: HashAlgorithm): Promise<RunningHash> {
  if (!isChecksum(algorithm)) return new NodeHash(algorithm);
  machines[algorithm] ??= CHECKSUMS[algorithm]();
  return new WasmHash(await machines[algorithm]);
}

function isChecksum(algorithm: HashAlgorithm): algorithm is Checksum {
  return Object.hasOwn(CHECKSUMS, algorithm);
}

/** One instance of WebAssembly an algorithm serves all hashes of its thread, which take turns with their state. */
const machines: { [algorithm in Checksum]?: Promise<IHasher> } = {};

class WasmHash implements RunningHash {
  readonly #machine: IHasher;
  #state: Uint8Array;

  constructor(machine: IHasher) {
    this.#machine = machine;
    this.#state = machine.init().save();
  }

  update(bytes: Uint8Array): void {
    this.#state = this.#machine.load(this.#state).update(bytes).save();
  }

  hex(): string {
    return this.#machine.load(this.#state).digest("hex");
  }
}

class NodeHash implements RunningHash {
  readonly #hash: ReturnType<typeof createHash>;

  constructor(algorithm: DigestAlgorithm | "md5" | "sha1") {
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  hex(): string {
    return this.#hash.copy().digest("hex");
  }
}
