/** What kinds of keys there are and what each can do (KMS developer guide, "Key spec reference"). */
import { generateKeyPair, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { type EdwardsSpec, generateEdwardsKey, isEdwardsSpec } from "./edwards-curve.ts";
import { type CurveSpec, generateCurveKey } from "./elliptic-curve.ts";
import { throttled } from "./errors.ts";

export type KeyUsage = "ENCRYPT_DECRYPT" | "SIGN_VERIFY" | "GENERATE_VERIFY_MAC";

type RsaSpec = "RSA_2048" | "RSA_3072" | "RSA_4096";
type HmacSpec = "HMAC_224" | "HMAC_256" | "HMAC_384" | "HMAC_512";

export type KeySpec = "SYMMETRIC_DEFAULT" | RsaSpec | CurveSpec | EdwardsSpec | HmacSpec;

export const RSA_BITS: Readonly<Record<RsaSpec, number>> = { RSA_2048: 2048, RSA_3072: 3072, RSA_4096: 4096 };

const RSA_SIGNING = ["PKCS1_V1_5", "PSS"].flatMap((padding) =>
  [256, 384, 512].map((bits) => `RSASSA_${padding}_SHA_${bits}`),
);
const RSA_ENCRYPTION = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];

/** By use, the algorithms of a spec. The first usage is what a request without one means; several leave it to the request. */
const ALGORITHMS: Readonly<Record<KeySpec, Partial<Record<KeyUsage, readonly string[]>>>> = {
  SYMMETRIC_DEFAULT: { ENCRYPT_DECRYPT: ["SYMMETRIC_DEFAULT"] },
  RSA_2048: { ENCRYPT_DECRYPT: RSA_ENCRYPTION, SIGN_VERIFY: RSA_SIGNING },
  RSA_3072: { ENCRYPT_DECRYPT: RSA_ENCRYPTION, SIGN_VERIFY: RSA_SIGNING },
  RSA_4096: { ENCRYPT_DECRYPT: RSA_ENCRYPTION, SIGN_VERIFY: RSA_SIGNING },
  ECC_NIST_P256: { SIGN_VERIFY: ["ECDSA_SHA_256"] },
  ECC_NIST_P384: { SIGN_VERIFY: ["ECDSA_SHA_384"] },
  ECC_NIST_P521: { SIGN_VERIFY: ["ECDSA_SHA_512"] },
  ECC_SECG_P256K1: { SIGN_VERIFY: ["ECDSA_SHA_256"] },
  ECC_NIST_EDWARDS25519: { SIGN_VERIFY: ["ED25519_SHA_512", "ED25519_PH_SHA_512"] },
  HMAC_224: { GENERATE_VERIFY_MAC: ["HMAC_SHA_224"] },
  HMAC_256: { GENERATE_VERIFY_MAC: ["HMAC_SHA_256"] },
  HMAC_384: { GENERATE_VERIFY_MAC: ["HMAC_SHA_384"] },
  HMAC_512: { GENERATE_VERIFY_MAC: ["HMAC_SHA_512"] },
};

/** The member that lists a key's algorithms. */
export const ALGORITHM_MEMBER = {
  ENCRYPT_DECRYPT: "EncryptionAlgorithms",
  SIGN_VERIFY: "SigningAlgorithms",
  GENERATE_VERIFY_MAC: "MacAlgorithms",
} as const satisfies Readonly<Record<KeyUsage, string>>;

export function isKeySpec(text: string): text is KeySpec {
  return Object.hasOwn(ALGORITHMS, text);
}

export function isRsaSpec(text: string): text is RsaSpec {
  return Object.hasOwn(RSA_BITS, text);
}

export function algorithmsOf(spec: string, usage: string): readonly string[] {
  return isKeySpec(spec) ? (ALGORITHMS[spec][usage as KeyUsage] ?? []) : [];
}

export function usagesOf(spec: KeySpec): readonly KeyUsage[] {
  return Object.keys(ALGORITHMS[spec]) as KeyUsage[];
}

/** Bytes of an HMAC key: the length of its hash. */
const HMAC_BYTES: Readonly<Record<HmacSpec, number>> = {
  HMAC_224: 28,
  HMAC_256: 32,
  HMAC_384: 48,
  HMAC_512: 64,
};

function isHmacSpec(text: string): text is HmacSpec {
  return Object.hasOwn(HMAC_BYTES, text);
}

export interface GeneratedMaterial {
  /** 32 bytes (symmetric), the hash's length (HMAC), a scalar or seed (curves), PKCS #8 (RSA). */
  readonly secret: Buffer;
  /** SubjectPublicKeyInfo. */
  readonly publicKey?: Buffer;
}

const generateRsa = promisify(generateKeyPair);

/** So many RSA keys wait for their turn. */
const MOST_WAITING = 16;
let waiting = 0;
let before: Promise<unknown> = Promise.resolve();

/**
 * One at a time: a long one takes a thread of the runtime for a second, and on the same threads every file is read and
 * written. Throws ThrottlingException.
 */
async function inTurn<Result>(make: () => Promise<Result>): Promise<Result> {
  if (waiting >= MOST_WAITING) throw throttled();
  waiting++;
  const made = before.then(make);
  before = made.catch(() => undefined);
  try {
    return await made;
  } finally {
    waiting--;
  }
}

export async function generateMaterial(spec: KeySpec): Promise<GeneratedMaterial> {
  if (spec === "SYMMETRIC_DEFAULT") return { secret: randomBytes(32) };
  if (isHmacSpec(spec)) return { secret: randomBytes(HMAC_BYTES[spec]) };
  if (isEdwardsSpec(spec)) return generateEdwardsKey();
  if (!isRsaSpec(spec)) return generateCurveKey(spec);
  const { privateKey, publicKey } = await inTurn(() =>
    generateRsa("rsa", {
      modulusLength: RSA_BITS[spec],
      privateKeyEncoding: { format: "der", type: "pkcs8" },
      publicKeyEncoding: { format: "der", type: "spki" },
    }),
  );
  return { secret: privateKey, publicKey };
}
