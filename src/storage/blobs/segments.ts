/**
 * Authenticated encryption in segments, in the manner of the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár,
 * "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015): AES-256-GCM over 64 KiB each,
 * with a nonce that counts and marks the last one. So ranges can be read, and a flipped bit, segments in another order
 * and a cut end are found. Every extent has a key of its own (HKDF, RFC 5869), so a nonce never comes twice.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { BlobDamaged } from "./errors.ts";

export const SEGMENT_BYTES = 64 * 1024;
export const TAG_BYTES = 16;
const SEALED_SEGMENT_BYTES = SEGMENT_BYTES + TAG_BYTES;
/** Of a nonce: 7 zeros, the segment's number, 1 for the last segment. */
const NONCE_BYTES = 12;
const NUMBER_AT = 7;
const LAST_AT = 11;

/** What so many bytes of an extent, from the beginning of a segment, are when sealed. */
export function sealedLength(length: number): number {
  return length + Math.ceil(length / SEGMENT_BYTES) * TAG_BYTES;
}

/** @param salt base64url */
export function extentKey(dataKey: Uint8Array, salt: string): Uint8Array {
  return new Uint8Array(
    hkdfSync("sha256", dataKey, Buffer.from(salt, "base64url"), "shosoin blob extent", 32),
  );
}

/** Segments of one extent that follow each other. */
export interface SegmentRun {
  /** Of the first one. */
  readonly index: number;
  /** In bytes before encryption; all are full but the extent's last. */
  readonly length: number;
  /** Whether the extent ends with them. */
  readonly last: boolean;
}

/** Seals and opens the segments of one extent. */
export class ExtentCipher {
  readonly #key: Uint8Array;
  /** Ties what is sealed to its upload. */
  readonly #associated: Uint8Array;
  readonly #nonce = Buffer.alloc(NONCE_BYTES);

  /** @param key of the extent: `extentKey` */
  constructor(key: Uint8Array, uploadId: string) {
    this.#key = key;
    this.#associated = Buffer.from(uploadId);
  }

  /** Seals in place the bytes that `memory` begins with, which needs room for the tags. */
  sealAll(memory: Uint8Array, { index, length, last }: SegmentRun): void {
    const count = Math.ceil(length / SEGMENT_BYTES);
    // From the last to the first: what is sealed is longer and must not reach what is still to be.
    for (let at = count - 1; at >= 0; at--) {
      const end = Math.min(length, (at + 1) * SEGMENT_BYTES);
      const bytes = memory.subarray(at * SEGMENT_BYTES, end);
      const [sealed, tag] = this.seal(bytes, index + at, last && at === count - 1);
      const start = at * SEALED_SEGMENT_BYTES;
      memory.set(sealed, start);
      memory.set(tag, start + sealed.length);
    }
  }

  /** The reverse, in place as well. Throws BlobDamaged. */
  openAll(memory: Uint8Array, { index, length, last }: SegmentRun): void {
    const count = Math.ceil(length / SEGMENT_BYTES);
    for (let at = 0; at < count; at++) {
      const start = at * SEALED_SEGMENT_BYTES;
      const end = Math.min(start + SEALED_SEGMENT_BYTES, length + count * TAG_BYTES);
      const bytes = this.open(memory.subarray(start, end), index + at, last && at === count - 1);
      memory.set(bytes, at * SEGMENT_BYTES);
    }
  }

  /** The segment encrypted, and its tag. */
  seal(bytes: Uint8Array, index: number, last: boolean): readonly [Uint8Array, Uint8Array] {
    const cipher = createCipheriv("aes-256-gcm", this.#key, this.#nonceOf(index, last));
    cipher.setAAD(this.#associated);
    const sealed = cipher.update(bytes);
    cipher.final();
    return [sealed, cipher.getAuthTag()];
  }

  /** @param sealed the segment with its tag behind it. Throws BlobDamaged. */
  open(sealed: Uint8Array, index: number, last: boolean): Uint8Array {
    const decipher = createDecipheriv("aes-256-gcm", this.#key, this.#nonceOf(index, last));
    decipher.setAAD(this.#associated);
    const length = sealed.length - TAG_BYTES;
    decipher.setAuthTag(sealed.subarray(length));
    const bytes = decipher.update(sealed.subarray(0, length));
    try {
      decipher.final();
    } catch (cause) {
      throw new BlobDamaged("encrypted bytes are not what was written", { cause });
    }
    return bytes;
  }

  #nonceOf(index: number, last: boolean): Uint8Array {
    this.#nonce.writeUInt32BE(index, NUMBER_AT);
    this.#nonce[LAST_AT] = last ? 1 : 0;
    return this.#nonce;
  }
}
