/** Keys for use outside: data keys and data key pairs, plain and encrypted under a symmetric key; and random bytes. */
import { randomBytes } from "node:crypto";
import type {
  GenerateDataKeyCommandInput,
  GenerateDataKeyPairCommandInput,
  GenerateDataKeyPairWithoutPlaintextCommandInput,
  GenerateDataKeyWithoutPlaintextCommandInput,
  GenerateRandomCommandInput,
} from "@aws-sdk/client-kms";
import type { Call } from "../../identity/call.ts";
import { authorizeAccount } from "./access.ts";
import type { KmsContext } from "./context.ts";
import { edwardsKeyDocument, isEdwardsSpec } from "./edwards-curve.ts";
import { isCurveSpec, privateKeyDocument } from "./elliptic-curve.ts";
import { encryptBytes } from "./encryption.ts";
import { dryRunPassed, specDoesNotFit, unsupported, validation } from "./errors.ts";
import { type Key, keyArn } from "./key.ts";
import { generateMaterial, isKeySpec, isRsaSpec } from "./key-specs.ts";
import { openForUse } from "./open-named-key.ts";

const SYMMETRIC = "SYMMETRIC_DEFAULT";

export async function generateDataKey(kms: KmsContext, call: Call, input: GenerateDataKeyCommandInput) {
  refuseRecipient(input);
  return dataKey(kms, call, "GenerateDataKey", input);
}

export async function generateDataKeyWithoutPlaintext(
  kms: KmsContext,
  call: Call,
  input: GenerateDataKeyWithoutPlaintextCommandInput,
) {
  const { Plaintext: _, ...sealed } = await dataKey(kms, call, "GenerateDataKeyWithoutPlaintext", input);
  return sealed;
}

export async function generateDataKeyPair(
  kms: KmsContext,
  call: Call,
  input: GenerateDataKeyPairCommandInput,
) {
  refuseRecipient(input);
  return dataKeyPair(kms, call, "GenerateDataKeyPair", input);
}

export async function generateDataKeyPairWithoutPlaintext(
  kms: KmsContext,
  call: Call,
  input: GenerateDataKeyPairWithoutPlaintextCommandInput,
) {
  const operation = "GenerateDataKeyPairWithoutPlaintext";
  const { PrivateKeyPlaintext: _, ...sealed } = await dataKeyPair(kms, call, operation, input);
  return sealed;
}

export async function generateRandom(kms: KmsContext, call: Call, input: GenerateRandomCommandInput) {
  refuseRecipient(input);
  if (input.CustomKeyStoreId !== undefined) throw unsupported("Shosoin does not offer custom key stores.");
  authorizeAccount(kms, call, "kms:GenerateRandom");
  if (input.NumberOfBytes === undefined) throw validation("NumberOfBytes is required.");
  return { Plaintext: randomBytes(input.NumberOfBytes) };
}

async function dataKey(
  kms: KmsContext,
  call: Call,
  operation: string,
  input: GenerateDataKeyWithoutPlaintextCommandInput,
) {
  const { KeySpec: spec, NumberOfBytes: size } = input;
  if ((spec === undefined) === (size === undefined))
    throw validation("Please specify either number of bytes or key spec.");
  const key = await openSymmetric(kms, call, operation, input);
  if (input.DryRun) throw dryRunPassed();
  const plaintext = randomBytes(size ?? (spec === "AES_128" ? 16 : 32));
  const { blob, materialId } = await encryptBytes(
    kms,
    key,
    SYMMETRIC,
    input.EncryptionContext ?? {},
    plaintext,
  );
  return {
    KeyId: keyArn(key),
    Plaintext: plaintext,
    CiphertextBlob: blob,
    ...(materialId !== undefined && { KeyMaterialId: materialId }),
  };
}

async function dataKeyPair(
  kms: KmsContext,
  call: Call,
  operation: string,
  input: GenerateDataKeyPairWithoutPlaintextCommandInput,
) {
  const { KeyPairSpec: spec } = input;
  const key = await openSymmetric(kms, call, operation, input, { "kms:DataKeyPairSpec": spec ?? "" });
  if (
    spec === undefined ||
    !isKeySpec(spec) ||
    !(isCurveSpec(spec) || isEdwardsSpec(spec) || isRsaSpec(spec))
  )
    throw unsupported(`Shosoin does not offer data key pairs of the spec ${spec}.`);
  if (input.DryRun) throw dryRunPassed();
  const { secret, publicKey } = await generateMaterial(spec);
  const privateKey = isCurveSpec(spec)
    ? await privateKeyDocument(spec, secret)
    : isEdwardsSpec(spec)
      ? edwardsKeyDocument(secret)
      : secret;
  const { blob, materialId } = await encryptBytes(
    kms,
    key,
    SYMMETRIC,
    input.EncryptionContext ?? {},
    privateKey,
  );
  return {
    KeyId: keyArn(key),
    KeyPairSpec: spec,
    PrivateKeyPlaintext: privateKey,
    PrivateKeyCiphertextBlob: blob,
    PublicKey: publicKey,
    ...(materialId !== undefined && { KeyMaterialId: materialId }),
  };
}

async function openSymmetric(
  kms: KmsContext,
  call: Call,
  operation: string,
  input: Pick<GenerateDataKeyWithoutPlaintextCommandInput, "KeyId" | "EncryptionContext">,
  conditions: Readonly<Record<string, string>> = {},
): Promise<Key> {
  const key = await openForUse(kms, call, input.KeyId, {
    operation,
    usage: "ENCRYPT_DECRYPT",
    encryptionContext: input.EncryptionContext,
    conditions: { "kms:EncryptionAlgorithm": SYMMETRIC, ...conditions },
  });
  if (key.spec !== SYMMETRIC) throw specDoesNotFit(keyArn(key), key.spec, operation);
  return key;
}

function refuseRecipient(input: { readonly Recipient?: object | undefined }): void {
  if (input.Recipient !== undefined) throw unsupported("Shosoin does not offer attested recipients.");
}
