/**
 * Keys on curves: ECDSA over a digest (FIPS 186-5) and the documents of keys (RFC 5480, RFC 5915, RFC 5958). The
 * runtime's own crypto signs no digest that somebody else computed, and Bun's has no secp256k1: hence noble-curves, which
 * is loaded with the first such key.
 */

export type CurveSpec = "ECC_NIST_P256" | "ECC_NIST_P384" | "ECC_NIST_P521" | "ECC_SECG_P256K1";

interface Curve {
  readonly load: () => Promise<Ecdsa>;
  /** DER of the curve's object identifier. */
  readonly oid: string;
}

/** What is used of noble's curves. */
interface Ecdsa {
  readonly utils: { readonly randomSecretKey: () => Uint8Array };
  getPublicKey(secret: Uint8Array, compressed: boolean): Uint8Array;
  sign(digest: Uint8Array, secret: Uint8Array, options: typeof SIGNING): Uint8Array;
  verify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array, options: typeof SIGNING): boolean;
}

/** The digest as it is; either of the two valid values of s, as other signers make them. */
const SIGNING = { prehash: false, lowS: false, format: "der" } as const;

const CURVES: Readonly<Record<CurveSpec, Curve>> = {
  ECC_NIST_P256: {
    load: async () => (await import("@noble/curves/nist.js")).p256,
    oid: "06082a8648ce3d030107",
  },
  ECC_NIST_P384: { load: async () => (await import("@noble/curves/nist.js")).p384, oid: "06052b81040022" },
  ECC_NIST_P521: { load: async () => (await import("@noble/curves/nist.js")).p521, oid: "06052b81040023" },
  ECC_SECG_P256K1: {
    load: async () => (await import("@noble/curves/secp256k1.js")).secp256k1,
    oid: "06052b8104000a",
  },
};

const EC_PUBLIC_KEY = Buffer.from("06072a8648ce3d0201", "hex");

export function isCurveSpec(text: string): text is CurveSpec {
  return Object.hasOwn(CURVES, text);
}

/** The secret is the scalar alone. */
export async function generateCurveKey(spec: CurveSpec): Promise<{ secret: Buffer; publicKey: Buffer }> {
  const curve = await CURVES[spec].load();
  const secret = Buffer.from(curve.utils.randomSecretKey());
  return { secret, publicKey: publicKeyDocument(spec, curve.getPublicKey(secret, false)) };
}

/** ASN.1 DER, as ANS X9.62 has it. */
export async function signDigest(spec: CurveSpec, secret: Uint8Array, digest: Uint8Array): Promise<Buffer> {
  const curve = await CURVES[spec].load();
  return Buffer.from(curve.sign(digest, secret, SIGNING));
}

/** False for whatever is no signature of this digest, malformed ones too. */
export async function verifyDigest(
  spec: CurveSpec,
  secret: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const curve = await CURVES[spec].load();
  try {
    return curve.verify(signature, digest, curve.getPublicKey(secret, false), SIGNING);
  } catch {
    return false;
  }
}

/** PKCS #8 around an ECPrivateKey with its public key. */
export async function privateKeyDocument(spec: CurveSpec, secret: Uint8Array): Promise<Buffer> {
  const point = (await CURVES[spec].load()).getPublicKey(secret, false);
  const inner = der(0x30, [
    der(0x02, [Buffer.of(1)]),
    der(0x04, [secret]),
    der(0xa1, [der(0x03, [Buffer.of(0), point])]),
  ]);
  return der(0x30, [der(0x02, [Buffer.of(0)]), algorithm(spec), der(0x04, [inner])]);
}

function publicKeyDocument(spec: CurveSpec, point: Uint8Array): Buffer {
  return der(0x30, [algorithm(spec), der(0x03, [Buffer.of(0), point])]);
}

function algorithm(spec: CurveSpec): Buffer {
  return der(0x30, [EC_PUBLIC_KEY, Buffer.from(CURVES[spec].oid, "hex")]);
}

/** One DER element; none here is longer than 65,535 bytes. */
function der(tag: number, parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
