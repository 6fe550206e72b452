import { expect, test } from "bun:test";
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { edwardsKeyDocument, generateEdwardsKey, signEdwards, verifyEdwards } from "./edwards-curve.ts";

const message = Buffer.from("release 1.0");

test("Ed25519 keys and signatures are those of the runtime's own crypto", async () => {
  const { secret, publicKey } = await generateEdwardsKey();
  const theirs = {
    private: createPrivateKey({ key: edwardsKeyDocument(secret), format: "der", type: "pkcs8" }),
    public: createPublicKey({ key: publicKey, format: "der", type: "spki" }),
  };
  expect(createPublicKey(theirs.private).equals(theirs.public)).toBe(true);
  const signature = await signEdwards(secret, "ED25519_SHA_512", message);
  expect(verify(null, message, theirs.public, signature)).toBe(true);
  const other = sign(null, message, theirs.private);
  expect(await verifyEdwards(publicKey, "ED25519_SHA_512", message, other)).toBe(true);
  for (const wrong of [Buffer.alloc(0), Buffer.alloc(64), signature.subarray(1), Buffer.alloc(5000)])
    expect(await verifyEdwards(publicKey, "ED25519_SHA_512", message, wrong)).toBe(false);
  expect(await verifyEdwards(publicKey, "ED25519_SHA_512", Buffer.from("release 2"), signature)).toBe(false);
});

// RFC 8032, section 7.3.
test("a digest is signed as Ed25519ph", async () => {
  const secret = Buffer.from("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42", "hex");
  const digest = createHash("sha512").update("abc").digest();
  const signature = await signEdwards(secret, "ED25519_PH_SHA_512", digest);
  expect(signature.toString("hex")).toBe(
    "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41" +
      "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
  );
  const publicKey = createPublicKey(
    createPrivateKey({ key: edwardsKeyDocument(secret), format: "der", type: "pkcs8" }),
  ).export({ format: "der", type: "spki" });
  expect(await verifyEdwards(publicKey, "ED25519_PH_SHA_512", digest, signature)).toBe(true);
  expect(await verifyEdwards(publicKey, "ED25519_SHA_512", digest, signature)).toBe(false);
});
