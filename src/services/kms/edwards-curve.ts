/**
 * Keys on Edwards25519 (RFC 8032) and their documents (RFC 8410). The runtime's own crypto signs whole messages with them
 * but no digests (Ed25519ph), hence noble-curves, which is loaded with the first such key.
 */

export type EdwardsSpec = "ECC_NIST_EDWARDS25519";
export type EdwardsAlgorithm = "ED25519_SHA_512" | "ED25519_PH_SHA_512";

/** What is used of noble's curves. */
interface Eddsa {
  readonly utils: { readonly randomSecretKey: () => Uint8Array };
  getPublicKey(secret: Uint8Array): Uint8Array;
  sign(message: Uint8Array, secret: Uint8Array): Uint8Array;
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array, options: typeof STRICT): boolean;
}

/** As RFC 8032 has it, not as ZIP 215, under which some signatures are valid that other verifiers refuse. */
const STRICT = { zip215: false } as const;

/** Before the key's 32 bytes: SubjectPublicKeyInfo, and PKCS #8. */
const PUBLIC_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const PRIVATE_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

const LOAD: Readonly<Record<EdwardsAlgorithm, () => Promise<Eddsa>>> = {
  ED25519_SHA_512: async () => (await import("@noble/curves/ed25519.js")).ed25519,
  ED25519_PH_SHA_512: loadPrehashed,
};

export function isEdwardsSpec(text: string): text is EdwardsSpec {
  return text === "ECC_NIST_EDWARDS25519";
}

/** The secret is the seed alone. */
export async function generateEdwardsKey(): Promise<{ secret: Buffer; publicKey: Buffer }> {
  const curve = await LOAD.ED25519_SHA_512();
  const secret = Buffer.from(curve.utils.randomSecretKey());
  return { secret, publicKey: Buffer.concat([PUBLIC_HEAD, curve.getPublicKey(secret)]) };
}

/** @param message its SHA-512 for ED25519_PH_SHA_512 */
export async function signEdwards(
  secret: Uint8Array,
  algorithm: EdwardsAlgorithm,
  message: Uint8Array,
): Promise<Buffer> {
  return Buffer.from((await LOAD[algorithm]()).sign(message, secret));
}

/** False for whatever is no signature of this message, malformed ones too. */
export async function verifyEdwards(
  publicKey: Uint8Array,
  algorithm: EdwardsAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const curve = await LOAD[algorithm]();
  try {
    return curve.verify(signature, message, publicKey.subarray(PUBLIC_HEAD.length), STRICT);
  } catch {
    return false;
  }
}

/** PKCS #8. */
export function edwardsKeyDocument(secret: Uint8Array): Buffer {
  return Buffer.concat([PRIVATE_HEAD, secret]);
}

/** Ed25519ph (RFC 8032 section 5.1) for a message that was hashed by somebody else. */
async function loadPrehashed(): Promise<Eddsa> {
  const [{ eddsa }, { ed25519 }, { sha512 }] = await Promise.all([
    import("@noble/curves/abstract/edwards.js"),
    import("@noble/curves/ed25519.js"),
    import("@noble/hashes/sha2.js"),
  ]);
  const asItIs = Object.assign((digest: Uint8Array) => digest, sha512);
  return eddsa(ed25519.Point, sha512, {
    prehash: asItIs as typeof sha512,
    adjustScalarBytes(scalar: Uint8Array) {
      scalar[0] = (scalar[0] ?? 0) & 0xf8;
      scalar[31] = ((scalar[31] ?? 0) & 0x7f) | 0x40;
      return scalar as Uint8Array<ArrayBuffer>;
    },
    domain: (data: Uint8Array, context: Uint8Array, isPrehashed: boolean) =>
      Buffer.concat([
        Buffer.from("SigEd25519 no Ed25519 collisions"),
        Buffer.of(isPrehashed ? 1 : 0, context.length),
        context,
        data,
      ]),
  });
}
