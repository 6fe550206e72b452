/**
 * Sign, Verify and GetPublicKey. The message is hashed here (RAW) or comes as its digest (DIGEST); each algorithm of Ed25519
 * takes one of both only.
 */
import { createHash } from "node:crypto";
import type {
  CustomerMasterKeySpec,
  GetPublicKeyCommandInput,
  SignCommandInput,
  VerifyCommandInput,
} from "@aws-sdk/client-kms";
import type { Call } from "../../identity/call.ts";
import { authorizeKey } from "./access.ts";
import type { KmsContext } from "./context.ts";
import { type EdwardsAlgorithm, isEdwardsSpec, signEdwards, verifyEdwards } from "./edwards-curve.ts";
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
  const { key, message, algorithm } = await openForSigning(kms, call, "Sign", input);
  if (input.DryRun) throw dryRunPassed();
  const { secret } = await materialOf(kms, key, key.version);
  const signature = await signatureOf(key, secret, algorithm, message);
  return { KeyId: keyArn(key), Signature: signature, SigningAlgorithm: algorithm };
}

export async function verify(kms: KmsContext, call: Call, input: VerifyCommandInput) {
  const { key, message, algorithm } = await openForSigning(kms, call, "Verify", input);
  if (input.DryRun) throw dryRunPassed();
  const signature = input.Signature ?? new Uint8Array(0);
  if (!(await isValid(kms, key, algorithm, message, signature))) throw invalidSignature();
  return { KeyId: keyArn(key), SignatureValid: true, SigningAlgorithm: algorithm };
}

function signatureOf(key: Key, secret: Buffer, algorithm: string, message: Uint8Array) {
  if (isEdwardsSpec(key.spec)) return signEdwards(secret, algorithm as EdwardsAlgorithm, message);
  if (isCurveSpec(key.spec)) return signDigest(key.spec, secret, message);
  return signRsa(secret, bitsOf(key), algorithm, message);
}

async function isValid(
  kms: KmsContext,
  key: Key,
  algorithm: string,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const publicKey = key.public_key ?? new Uint8Array(0);
  if (isEdwardsSpec(key.spec))
    return verifyEdwards(publicKey, algorithm as EdwardsAlgorithm, message, signature);
  if (!isCurveSpec(key.spec)) return verifyRsa(publicKey, bitsOf(key), algorithm, message, signature);
  const { secret } = await materialOf(kms, key, key.version);
  return verifyDigest(key.spec, secret, message, signature);
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
    // The old name of KeySpec: its type knows those specs only that there were then.
    CustomerMasterKeySpec: key.spec as CustomerMasterKeySpec,
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
  return { key, algorithm, message: messageFor(algorithm, type, message) };
}

/** Algorithms that take messages in one form only; others hash what is RAW. */
const MESSAGE_TYPE: Readonly<Record<string, string>> = {
  ED25519_SHA_512: "RAW",
  ED25519_PH_SHA_512: "DIGEST",
};

/** What is signed: a digest, but for Ed25519 the message itself. */
function messageFor(algorithm: string, type: string, message: Uint8Array): Uint8Array {
  const only = MESSAGE_TYPE[algorithm];
  if ((type !== "RAW" && type !== "DIGEST") || (only !== undefined && type !== only))
    throw validation(`Message type ${type} is incompatible with algorithm ${algorithm}.`);
  if (only === "RAW") return message;
  if (type === "RAW") return createHash(hashOf(algorithm)).update(message).digest();
  if (message.byteLength === digestBytes(algorithm)) return message;
  throw validation(`Digest is invalid length for algorithm ${algorithm}.`);
}

function bitsOf(key: Key): number {
  if (!isRsaSpec(key.spec)) throw new Error(`a signing key of the spec ${key.spec}`);
  return RSA_BITS[key.spec];
}
