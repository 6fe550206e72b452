/**
 * RSA (RFC 8017): OAEP by the runtime; signatures over a digest that somebody else computed, which the runtime does not
 * offer, by encoding here and the runtime's raw operation, which blinds.
 */
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  publicDecrypt,
  publicEncrypt,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";

type Hash = "sha1" | "sha256" | "sha384" | "sha512";

const HASH_BYTES: Readonly<Record<Hash, number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };

/** `RSASSA_PSS_SHA_256`, `RSAES_OAEP_SHA_1`, `ECDSA_SHA_384` */
export function hashOf(algorithm: string): Hash {
  return `sha${algorithm.slice(algorithm.lastIndexOf("_") + 1)}` as Hash;
}

export function digestBytes(algorithm: string): number {
  return HASH_BYTES[hashOf(algorithm)];
}

/** How many bytes OAEP takes (RFC 8017 section 7.1.1). */
export function oaepRoom(bits: number, algorithm: string): number {
  return bits / 8 - 2 * digestBytes(algorithm) - 2;
}

/** @param publicKey SubjectPublicKeyInfo */
export function encryptOaep(publicKey: Uint8Array, algorithm: string, plaintext: Uint8Array): Buffer {
  return publicEncrypt(
    {
      key: createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" }),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: hashOf(algorithm),
    },
    plaintext,
  );
}

/** Undefined for what this key and algorithm did not encrypt. */
export function decryptOaep(secret: Buffer, algorithm: string, ciphertext: Uint8Array): Buffer | undefined {
  try {
    return privateDecrypt(
      {
        key: createPrivateKey({ key: secret, format: "der", type: "pkcs8" }),
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: hashOf(algorithm),
      },
      ciphertext,
    );
  } catch {
    return undefined;
  }
}

/** @param secret PKCS #8 */
export function signRsa(secret: Buffer, bits: number, algorithm: string, digest: Uint8Array): Buffer {
  const hash = hashOf(algorithm);
  const length = bits / 8;
  const encoded = algorithm.includes("PSS")
    ? encodePss(hash, digest, randomBytes(HASH_BYTES[hash]), length)
    : encodePkcs1(hash, digest, length);
  const key = createPrivateKey({ key: secret, format: "der", type: "pkcs8" });
  return privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
}

/** @param publicKey SubjectPublicKeyInfo */
export function verifyRsa(
  publicKey: Uint8Array,
  bits: number,
  algorithm: string,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const hash = hashOf(algorithm);
  const length = bits / 8;
  if (signature.byteLength !== length) return false;
  const key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
  let encoded: Buffer;
  try {
    encoded = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    // A number beyond the modulus.
    return false;
  }
  if (!algorithm.includes("PSS")) return timingSafeEqual(encoded, encodePkcs1(hash, digest, length));
  const salt = pssSalt(hash, encoded);
  return salt !== undefined && timingSafeEqual(encoded, encodePss(hash, digest, salt, length));
}

/** DigestInfo before the digest itself (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO: Readonly<Record<Hash, string>> = {
  sha1: "3021300906052b0e03021a05000414",
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};

/** EMSA-PKCS1-v1_5 (section 9.2). */
function encodePkcs1(hash: Hash, digest: Uint8Array, length: number): Buffer {
  const info = Buffer.concat([Buffer.from(DIGEST_INFO[hash], "hex"), digest]);
  const padding = Buffer.alloc(length - info.length - 3, 0xff);
  return Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), info]);
}

/** EMSA-PSS (section 9.1.1) with a salt as long as the hash; lengths of keys are whole bytes, so one bit is cleared. */
function encodePss(hash: Hash, digest: Uint8Array, salt: Uint8Array, length: number): Buffer {
  const inner = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const block = Buffer.alloc(length - inner.length - 1);
  block[block.length - salt.length - 1] = 1;
  block.set(salt, block.length - salt.length);
  const masked = xor(block, mask(hash, inner, block.length));
  masked[0] = (masked[0] ?? 0) & 0x7f;
  return Buffer.concat([masked, inner, Buffer.of(0xbc)]);
}

/** The salt inside an encoded message (section 9.1.2); whether all else is as it must be shows by encoding again. */
function pssSalt(hash: Hash, encoded: Buffer): Buffer | undefined {
  const size = HASH_BYTES[hash];
  const masked = encoded.subarray(0, encoded.length - size - 1);
  const inner = encoded.subarray(encoded.length - size - 1, encoded.length - 1);
  const block = xor(masked, mask(hash, inner, masked.length));
  return block.length > size ? block.subarray(block.length - size) : undefined;
}

/** MGF1 (appendix B.2.1). */
function mask(hash: Hash, seed: Uint8Array, length: number): Buffer {
  const pieces: Buffer[] = [];
  for (let counter = 0; pieces.length * HASH_BYTES[hash] < length; counter += 1) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    pieces.push(createHash(hash).update(seed).update(number).digest());
  }
  return Buffer.concat(pieces).subarray(0, length);
}

function xor(one: Uint8Array, other: Uint8Array): Buffer {
  return Buffer.from(one.map((byte, index) => byte ^ (other[index] ?? 0)));
}
