/** Sign, Verify and GetPublicKey. The message is hashed here (RAW) or comes as its digest (DIGEST). */
import { createHash } from "node:crypto";
import type { GetPublicKeyCommandInput, SignCommandInput, VerifyCommandInput } from "@aws-sdk/client-kms";
import type { Call } from "../../identity/call.ts";
import { authorizeKey } from "./access.ts";
import type { KmsContext } from "./context.ts";
import { isCurveSpec, signDigest, verifyDigest } from "./elliptic-curve.ts";
import { materialOf } from "./encryption.ts";
import { dryRunPassed, invalidSignature, unsupported, validation } from "./errors.ts";
import { type Key, keyArn, requireNotPending } from "./key.ts";
import {
  ALGORITHM_MEMBER,
  algorithmsOf,
  isRsaSpec,
  type KeySpec,
  type KeyUsage,
  RSA_BITS,
} from "./key-specs.ts";
import { openForUse, openNamedKey, requestAlias } from "./open-named-key.ts";
import { digestBytes, hashOf, signRsa, verifyRsa } from "./rsa.ts";

export async function sign(kms: KmsContext, call: Call, input: SignCommandInput) {
  const { key, digest, algorithm } = await openForSigning(kms, call, "Sign", input);
  if (input.DryRun) throw dryRunPassed();
  const { secret } = await materialOf(kms, key, key.version);
  const signature = isCurveSpec(key.spec)
    ? await signDigest(key.spec, secret, digest)
    : signRsa(secret, bitsOf(key), algorithm, digest);
  return { KeyId: keyArn(key), Signature: signature, SigningAlgorithm: algorithm };
}

export async function verify(kms: KmsContext, call: Call, input: VerifyCommandInput) {
  const { key, digest, algorithm } = await openForSigning(kms, call, "Verify", input);
  if (input.DryRun) throw dryRunPassed();
  const signature = input.Signature ?? new Uint8Array(0);
  const valid = isCurveSpec(key.spec)
    ? await verifyDigest(key.spec, (await materialOf(kms, key, key.version)).secret, digest, signature)
    : verifyRsa(key.public_key ?? new Uint8Array(0), bitsOf(key), algorithm, digest, signature);
  if (!valid) throw invalidSignature();
  return { KeyId: keyArn(key), SignatureValid: true, SigningAlgorithm: algorithm };
}

/** Also of a disabled key: what is public was given away before. */
export async function getPublicKey(kms: KmsContext, call: Call, input: GetPublicKeyCommandInput) {
  const key = await openNamedKey(kms, call, input.KeyId);
  await authorizeKey(kms, call, key, { action: "kms:GetPublicKey", conditions: requestAlias(input.KeyId) });
  requireNotPending(key);
  if (key.public_key === null)
    throw unsupported(`${keyArn(key)} is no asymmetric key and has no public key.`);
  return {
    KeyId: keyArn(key),
    PublicKey: key.public_key,
    CustomerMasterKeySpec: key.spec as KeySpec,
    KeySpec: key.spec as KeySpec,
    KeyUsage: key.usage as KeyUsage,
    [ALGORITHM_MEMBER[key.usage as KeyUsage]]: [...algorithmsOf(key.spec, key.usage)],
  };
}

async function openForSigning(
  kms: KmsContext,
  call: Call,
  operation: "Sign" | "Verify",
  input: Pick<SignCommandInput, "KeyId" | "Message" | "MessageType" | "SigningAlgorithm">,
) {
  const {
    SigningAlgorithm: algorithm,
    MessageType: type = "RAW",
    Message: message = new Uint8Array(0),
  } = input;
  if (algorithm === undefined) throw validation("A SigningAlgorithm must be given.");
  const key = await openForUse(kms, call, input.KeyId, {
    operation,
    usage: "SIGN_VERIFY",
    algorithm,
    conditions: { "kms:SigningAlgorithm": algorithm, "kms:MessageType": type },
  });
  return { key, algorithm, digest: digestFor(algorithm, type, message) };
}

function digestFor(algorithm: string, type: string, message: Uint8Array): Uint8Array {
  if (type === "RAW") return createHash(hashOf(algorithm)).update(message).digest();
  if (type !== "DIGEST") throw validation(`MessageType ${type} is not valid for ${algorithm}.`);
  if (message.byteLength === digestBytes(algorithm)) return message;
  throw validation(`Digest is invalid length for algorithm ${algorithm}.`);
}

function bitsOf(key: Key): number {
  if (!isRsaSpec(key.spec)) throw new Error(`a signing key of the spec ${key.spec}`);
  return RSA_BITS[key.spec];
}
