import { describe, expect, test } from "bun:test";
import { constants, createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { generateMaterial } from "./key-specs.ts";
import { decryptOaep, encryptOaep, hashOf, oaepRoom, signRsa, verifyRsa } from "./rsa.ts";

const { secret, publicKey = Buffer.alloc(0) } = await generateMaterial("RSA_2048");
const ours = {
  private: createPrivateKey({ key: secret, format: "der", type: "pkcs8" }),
  public: createPublicKey({ key: publicKey, format: "der", type: "spki" }),
};
const message = Buffer.from("release 1.0");
const digestFor = (algorithm: string) => createHash(hashOf(algorithm)).update(message).digest();

function options(algorithm: string) {
  return algorithm.includes("PSS")
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { padding: constants.RSA_PKCS1_PADDING };
}

describe("a signature over a digest is the one that the whole message has", () => {
  for (const padding of ["PKCS1_V1_5", "PSS"]) {
    for (const bits of [256, 384, 512]) {
      const algorithm = `RSASSA_${padding}_SHA_${bits}`;
      test(algorithm, () => {
        const signature = signRsa(secret, 2048, algorithm, digestFor(algorithm));
        const hash = hashOf(algorithm);
        expect(verify(hash, message, { key: ours.public, ...options(algorithm) }, signature)).toBe(true);
        const theirs = sign(hash, message, { key: ours.private, ...options(algorithm) });
        expect(verifyRsa(publicKey, 2048, algorithm, digestFor(algorithm), theirs)).toBe(true);
        for (const position of [0, 100, 255]) {
          const changed = Buffer.from(theirs);
          changed[position] = (changed[position] ?? 0) ^ 1;
          expect(verifyRsa(publicKey, 2048, algorithm, digestFor(algorithm), changed)).toBe(false);
        }
        expect(verifyRsa(publicKey, 2048, algorithm, Buffer.alloc(bits / 8), theirs)).toBe(false);
      });
    }
  }
});

test("a signature of another padding, a longer, shorter or too large one is none", () => {
  const digest = digestFor("RSASSA_PSS_SHA_256");
  const pss = signRsa(secret, 2048, "RSASSA_PSS_SHA_256", digest);
  expect(verifyRsa(publicKey, 2048, "RSASSA_PKCS1_V1_5_SHA_256", digest, pss)).toBe(false);
  for (const wrong of [
    Buffer.alloc(0),
    pss.subarray(1),
    Buffer.concat([pss, pss]),
    Buffer.alloc(256, 0xff),
  ]) {
    expect(verifyRsa(publicKey, 2048, "RSASSA_PSS_SHA_256", digest, wrong)).toBe(false);
  }
});

test("OAEP takes as much as it says and opens nothing else", () => {
  for (const algorithm of ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]) {
    const room = oaepRoom(2048, algorithm);
    const plaintext = Buffer.alloc(room, 7);
    const sealed = encryptOaep(publicKey, algorithm, plaintext);
    expect(decryptOaep(secret, algorithm, sealed)).toEqual(plaintext);
    expect(() => encryptOaep(publicKey, algorithm, Buffer.alloc(room + 1))).toThrow();
    sealed[10] = (sealed[10] ?? 0) ^ 1;
    expect(decryptOaep(secret, algorithm, sealed)).toBeUndefined();
    expect(decryptOaep(secret, algorithm, Buffer.alloc(3))).toBeUndefined();
  }
  expect(oaepRoom(2048, "RSAES_OAEP_SHA_256")).toBe(190);
});
