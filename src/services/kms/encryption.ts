/** Encrypt, Decrypt and ReEncrypt: with symmetric keys, and with RSA ones by RSAES-OAEP. */
import type {
  DecryptCommandInput,
  EncryptCommandInput,
  EncryptionAlgorithmSpec,
  ReEncryptCommandInput,
} from "@aws-sdk/client-kms";
import type { Call } from "../../identity/call.ts";
import { authorizeKey, type ConditionKeys } from "./access.ts";
import { openCiphertext, originOf, sealCiphertext } from "./ciphertext.ts";
import type { KmsContext } from "./context.ts";
import {
  ciphertextOfUnknownKey,
  dryRunPassed,
  incorrectKey,
  invalidCiphertext,
  keyNotFound,
  unsupported,
  validation,
} from "./errors.ts";
import { type Key, keyArn } from "./key.ts";
import { isRsaSpec, RSA_BITS } from "./key-specs.ts";
import type { EncryptionContext } from "./kms-keys.ts";
import type { Material } from "./materials.ts";
import { openForUse, openNamedKey, requestAlias, useKey } from "./open-named-key.ts";
import { decryptOaep, encryptOaep, oaepRoom } from "./rsa.ts";

const SYMMETRIC = "SYMMETRIC_DEFAULT";

export async function encrypt(kms: KmsContext, call: Call, input: EncryptCommandInput) {
  const algorithm = input.EncryptionAlgorithm ?? SYMMETRIC;
  const context = contextOf(input.EncryptionContext, algorithm);
  const key = await openForUse(kms, call, input.KeyId, {
    operation: "Encrypt",
    usage: "ENCRYPT_DECRYPT",
    algorithm,
    encryptionContext: context,
    conditions: { "kms:EncryptionAlgorithm": algorithm },
  });
  const plaintext = input.Plaintext ?? new Uint8Array(0);
  requireRoom(key, algorithm, plaintext);
  if (input.DryRun) throw dryRunPassed();
  const { blob } = await encryptBytes(kms, key, algorithm, context, plaintext);
  return { CiphertextBlob: blob, KeyId: keyArn(key), EncryptionAlgorithm: algorithm };
}

export async function decrypt(kms: KmsContext, call: Call, input: DecryptCommandInput) {
  if (input.Recipient !== undefined) throw unsupported("Shosoin does not offer attested recipients.");
  const source = await openSource(kms, call, {
    operation: "Decrypt",
    blob: required(input.CiphertextBlob),
    keyId: input.KeyId,
    algorithm: input.EncryptionAlgorithm,
    context: input.EncryptionContext,
  });
  const { plaintext, materialId } = await decryptBytes(kms, source);
  if (input.DryRun) throw dryRunPassed();
  return {
    KeyId: keyArn(source.key),
    Plaintext: plaintext,
    EncryptionAlgorithm: source.algorithm,
    ...(materialId !== undefined && { KeyMaterialId: materialId }),
  };
}

export async function reEncrypt(kms: KmsContext, call: Call, input: ReEncryptCommandInput) {
  const key = await openNamedKey(kms, call, input.DestinationKeyId);
  const source = await openSource(kms, call, {
    operation: "ReEncryptFrom",
    blob: required(input.CiphertextBlob),
    keyId: input.SourceKeyId,
    algorithm: input.SourceEncryptionAlgorithm,
    context: input.SourceEncryptionContext,
    conditions: (from) => onSameKey(from, key),
  });
  const algorithm = input.DestinationEncryptionAlgorithm ?? SYMMETRIC;
  const context = contextOf(input.DestinationEncryptionContext, algorithm);
  await useKey(kms, call, key, {
    operation: "ReEncryptTo",
    usage: "ENCRYPT_DECRYPT",
    algorithm,
    encryptionContext: context,
    conditions: {
      "kms:EncryptionAlgorithm": algorithm,
      ...requestAlias(input.DestinationKeyId),
      ...onSameKey(source.key, key),
    },
  });
  const { plaintext, materialId } = await decryptBytes(kms, source);
  requireRoom(key, algorithm, plaintext);
  if (input.DryRun) throw dryRunPassed();
  const target = await encryptBytes(kms, key, algorithm, context, plaintext);
  return {
    CiphertextBlob: target.blob,
    SourceKeyId: keyArn(source.key),
    KeyId: keyArn(key),
    SourceEncryptionAlgorithm: source.algorithm,
    DestinationEncryptionAlgorithm: algorithm,
    ...(materialId !== undefined && { SourceKeyMaterialId: materialId }),
    ...(target.materialId !== undefined && { DestinationKeyMaterialId: target.materialId }),
  };
}

function onSameKey(source: Key, destination: Key): ConditionKeys {
  return { "kms:ReEncryptOnSameKey": String(source.id === destination.id) };
}

interface Source {
  readonly key: Key;
  readonly algorithm: EncryptionAlgorithmSpec;
  readonly context: EncryptionContext;
  readonly blob: Uint8Array;
  /** Of a symmetric ciphertext. */
  readonly version: number | undefined;
}

/** The key that a ciphertext asks for, opened for the caller. */
async function openSource(
  kms: KmsContext,
  call: Call,
  given: {
    readonly operation: "Decrypt" | "ReEncryptFrom";
    readonly blob: Uint8Array;
    readonly keyId: string | undefined;
    readonly algorithm: EncryptionAlgorithmSpec | undefined;
    readonly context: EncryptionContext | undefined;
    /** What the operation adds for this key. */
    readonly conditions?: (key: Key) => ConditionKeys;
  },
): Promise<Source> {
  const algorithm = given.algorithm ?? SYMMETRIC;
  const context = contextOf(given.context, algorithm);
  const useOf = (key: Key) =>
    ({
      operation: given.operation,
      usage: "ENCRYPT_DECRYPT",
      algorithm,
      encryptionContext: context,
      conditions: {
        "kms:EncryptionAlgorithm": algorithm,
        ...requestAlias(given.keyId),
        ...given.conditions?.(key),
      },
    }) as const;
  const { blob } = given;
  if (algorithm !== SYMMETRIC) {
    if (given.keyId === undefined)
      throw validation("A ciphertext of an asymmetric key does not say its key: name it in KeyId.");
    const key = await openNamedKey(kms, call, given.keyId);
    await useKey(kms, call, key, useOf(key));
    return { key, algorithm, context, blob, version: undefined };
  }
  const origin = originOf(blob);
  const named = given.keyId === undefined ? undefined : await openNamedKey(kms, call, given.keyId);
  if (named) await authorizeKey(kms, call, named, { ...useOf(named), action: `kms:${given.operation}` });
  if (origin === undefined) throw invalidCiphertext();
  if (named && named.id !== origin.keyId) throw incorrectKey();
  const key = named ?? (await keyOfCiphertext(kms, call, origin.keyId));
  await useKey(kms, call, key, useOf(key));
  return { key, algorithm, context, blob, version: origin.version };
}

/** Of whatever account: the ciphertext says no more than the key's id. */
async function keyOfCiphertext(kms: KmsContext, call: Call, id: string): Promise<Key> {
  const key = await kms.metadata.reader
    .selectFrom("kms_keys")
    .selectAll()
    .where("id", "=", id)
    .where("region", "=", call.region)
    .executeTakeFirst();
  if (key === undefined) throw ciphertextOfUnknownKey();
  return key;
}

export async function encryptBytes(
  kms: KmsContext,
  key: Key,
  algorithm: EncryptionAlgorithmSpec,
  context: EncryptionContext,
  plaintext: Uint8Array,
): Promise<{ readonly blob: Buffer; readonly materialId: string | undefined }> {
  if (algorithm !== SYMMETRIC) {
    return {
      blob: encryptOaep(key.public_key ?? new Uint8Array(0), algorithm, plaintext),
      materialId: undefined,
    };
  }
  const { secret, version, id } = await materialOf(kms, key, key.version);
  return {
    blob: sealCiphertext(secret, { keyId: key.id, version }, context, plaintext),
    materialId: id,
  };
}

async function decryptBytes(
  kms: KmsContext,
  { key, algorithm, context, blob, version }: Source,
): Promise<{ readonly plaintext: Buffer; readonly materialId: string | undefined }> {
  if (version === undefined) {
    const { secret } = await materialOf(kms, key, key.version);
    const plaintext = decryptOaep(secret, algorithm, blob);
    if (plaintext === undefined) throw invalidCiphertext();
    return { plaintext, materialId: undefined };
  }
  // A version that the key never had: the ciphertext was changed.
  const material = await kms.materials.find(key.id, version);
  const plaintext = material && openCiphertext(material.secret, context, blob);
  if (plaintext === undefined) throw invalidCiphertext();
  return { plaintext, materialId: material?.id };
}

/** Throws NotFoundException when the key was deleted a moment ago. */
export async function materialOf(kms: KmsContext, key: Key, version: number): Promise<Material> {
  const material = await kms.materials.find(key.id, version);
  if (material === undefined) throw keyNotFound(keyArn(key));
  return material;
}

/** KMS developer guide, "Encryption context": of symmetric encryption only. */
function contextOf(given: EncryptionContext | undefined, algorithm: string): EncryptionContext {
  if (given !== undefined && Object.keys(given).length > 0 && algorithm !== SYMMETRIC)
    throw validation("An encryption context is supported with symmetric encryption keys only.");
  return given ?? {};
}

/** What an RSA key can take depends on its length. */
function requireRoom(key: Key, algorithm: EncryptionAlgorithmSpec, plaintext: Uint8Array): void {
  if (!isRsaSpec(key.spec)) return;
  const room = oaepRoom(RSA_BITS[key.spec], algorithm);
  if (plaintext.byteLength > room) {
    throw validation(
      `Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ${room} bytes.`,
    );
  }
}

function required(blob: Uint8Array | undefined): Uint8Array {
  if (blob !== undefined) return blob;
  throw validation(
    "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
  );
}
