/**
 * The KMS API: which operation is which function. What is absent here (custom key stores, imported material, multi-Region
 * keys, key agreement and encapsulation, last usage) is answered as not implemented by the wire.
 */
import type { OperationTable } from "../../aws/service.ts";
import type { Call } from "../../identity/call.ts";
import { createAlias, deleteAlias, listAliases, updateAlias } from "./aliases.ts";
import type { KmsContext } from "./context.ts";
import { createKey, describeKey, listKeys, updateKeyDescription } from "./create-key.ts";
import {
  generateDataKey,
  generateDataKeyPair,
  generateDataKeyPairWithoutPlaintext,
  generateDataKeyWithoutPlaintext,
  generateRandom,
} from "./data-keys.ts";
import { decrypt, encrypt, reEncrypt } from "./encryption.ts";
import { createGrant, listGrants, listRetirableGrants, retireGrant, revokeGrant } from "./grants.ts";
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from "./key-policies.ts";
import { cancelKeyDeletion, disableKey, enableKey, scheduleKeyDeletion } from "./key-state.ts";
import { generateMac, verifyMac } from "./macs.ts";
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  rotateKeyOnDemand,
} from "./rotation.ts";
import { getPublicKey, sign, verify } from "./signing.ts";
import { listResourceTags, tagResource, untagResource } from "./tags.ts";

export type KmsOperations = OperationTable<typeof import("@aws-sdk/client-kms"), Call>;

export function createOperations(kms: KmsContext): KmsOperations {
  return {
    CreateKey: (call, input) => createKey(kms, call, input),
    DescribeKey: (call, input) => describeKey(kms, call, input),
    ListKeys: (call, input) => listKeys(kms, call, input),
    UpdateKeyDescription: (call, input) => updateKeyDescription(kms, call, input),
    TagResource: (call, input) => tagResource(kms, call, input),
    UntagResource: (call, input) => untagResource(kms, call, input),
    ListResourceTags: (call, input) => listResourceTags(kms, call, input),

    EnableKey: (call, input) => enableKey(kms, call, input),
    DisableKey: (call, input) => disableKey(kms, call, input),
    ScheduleKeyDeletion: (call, input) => scheduleKeyDeletion(kms, call, input),
    CancelKeyDeletion: (call, input) => cancelKeyDeletion(kms, call, input),

    CreateAlias: (call, input) => createAlias(kms, call, input),
    UpdateAlias: (call, input) => updateAlias(kms, call, input),
    DeleteAlias: (call, input) => deleteAlias(kms, call, input),
    ListAliases: (call, input) => listAliases(kms, call, input),

    PutKeyPolicy: (call, input) => putKeyPolicy(kms, call, input),
    GetKeyPolicy: (call, input) => getKeyPolicy(kms, call, input),
    ListKeyPolicies: (call, input) => listKeyPolicies(kms, call, input),

    CreateGrant: (call, input) => createGrant(kms, call, input),
    ListGrants: (call, input) => listGrants(kms, call, input),
    ListRetirableGrants: (call, input) => listRetirableGrants(kms, call, input),
    RetireGrant: (call, input) => retireGrant(kms, call, input),
    RevokeGrant: (call, input) => revokeGrant(kms, call, input),

    Encrypt: (call, input) => encrypt(kms, call, input),
    Decrypt: (call, input) => decrypt(kms, call, input),
    ReEncrypt: (call, input) => reEncrypt(kms, call, input),
    GenerateDataKey: (call, input) => generateDataKey(kms, call, input),
    GenerateDataKeyWithoutPlaintext: (call, input) => generateDataKeyWithoutPlaintext(kms, call, input),
    GenerateDataKeyPair: (call, input) => generateDataKeyPair(kms, call, input),
    GenerateDataKeyPairWithoutPlaintext: (call, input) =>
      generateDataKeyPairWithoutPlaintext(kms, call, input),
    GenerateRandom: (call, input) => generateRandom(kms, call, input),

    Sign: (call, input) => sign(kms, call, input),
    Verify: (call, input) => verify(kms, call, input),
    GetPublicKey: (call, input) => getPublicKey(kms, call, input),
    GenerateMac: (call, input) => generateMac(kms, call, input),
    VerifyMac: (call, input) => verifyMac(kms, call, input),

    EnableKeyRotation: (call, input) => enableKeyRotation(kms, call, input),
    DisableKeyRotation: (call, input) => disableKeyRotation(kms, call, input),
    GetKeyRotationStatus: (call, input) => getKeyRotationStatus(kms, call, input),
    RotateKeyOnDemand: (call, input) => rotateKeyOnDemand(kms, call, input),
    ListKeyRotations: (call, input) => listKeyRotations(kms, call, input),
  };
}
