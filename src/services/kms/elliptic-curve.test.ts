import { describe, expect, test } from "bun:test";
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { generateCurveKey, privateKeyDocument, signDigest, verifyDigest } from "./elliptic-curve.ts";

const message = Buffer.from("release 1.0");
const NIST = { ECC_NIST_P256: "sha256", ECC_NIST_P384: "sha384", ECC_NIST_P521: "sha512" } as const;

describe("keys and signatures are those of the runtime's own crypto", () => {
  for (const [name, hash] of Object.entries(NIST)) {
    const spec = name as keyof typeof NIST;
    test(spec, async () => {
      const { secret, publicKey } = await generateCurveKey(spec);
      const digest = createHash(hash).update(message).digest();
      const theirs = {
        private: createPrivateKey({
          key: await privateKeyDocument(spec, secret),
          format: "der",
          type: "pkcs8",
        }),
        public: createPublicKey({ key: publicKey, format: "der", type: "spki" }),
      };
      expect(createPublicKey(theirs.private).equals(theirs.public)).toBe(true);
      expect(verify(hash, message, theirs.public, await signDigest(spec, secret, digest))).toBe(true);
      // Both values of s are valid: a few, so that both come.
      for (let count = 0; count < 6; count += 1) {
        expect(await verifyDigest(spec, secret, digest, sign(hash, message, theirs.private))).toBe(true);
      }
    });
  }
});

test("secp256k1 signs and verifies; what is changed or no signature at all is refused", async () => {
  const { secret, publicKey } = await generateCurveKey("ECC_SECG_P256K1");
  expect(publicKey.toString("hex")).toStartWith("3056301006072a8648ce3d020106052b8104000a034200" + "04");
  const digest = createHash("sha256").update(message).digest();
  const signature = await signDigest("ECC_SECG_P256K1", secret, digest);
  expect(await verifyDigest("ECC_SECG_P256K1", secret, digest, signature)).toBe(true);
  for (const wrong of [Buffer.alloc(0), Buffer.alloc(72), signature.subarray(1), Buffer.alloc(5000, 0x30)]) {
    expect(await verifyDigest("ECC_SECG_P256K1", secret, digest, wrong)).toBe(false);
  }
  expect(await verifyDigest("ECC_SECG_P256K1", secret, Buffer.alloc(32, 1), signature)).toBe(false);
});
