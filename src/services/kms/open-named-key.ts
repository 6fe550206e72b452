/** From the name in a request to a key that the caller may do this with, in the order in which KMS refuses. */
import { AwsError } from "../../aws/errors.ts";
import type { Call } from "../../identity/call.ts";
import { authorizeKey, type ConditionKeys, type KeyUse } from "./access.ts";
import type { KmsContext } from "./context.ts";
import { algorithmDoesNotFit, invalidKeyId, invalidKeyUsage } from "./errors.ts";
import { type Key, type KeyPlace, keyArn, openKey, parseKeyName, requireEnabled } from "./key.ts";
import { algorithmsOf, type KeyUsage } from "./key-specs.ts";
import { managedServiceOf } from "./managed-keys.ts";

/**
 * The key that a request names; naming a service's alias (`alias/aws/s3`) of the own account makes its key. Throws
 * NotFoundException.
 */
export async function openNamedKey(kms: KmsContext, call: KeyPlace, keyId: string | undefined): Promise<Key> {
  const name = parseKeyName(call, keyId ?? "");
  const service = "alias" in name && name.account === call.account ? managedServiceOf(name.alias) : undefined;
  if (service !== undefined) await kms.awsManagedKey(name, service);
  return openKey(kms.metadata.reader, name);
}

/** For operations that take ids and ARNs only, and whose other accounts' callers KMS refuses whatever the policy says. */
export async function openOwnKey(
  kms: KmsContext,
  call: Call,
  keyId: string | undefined,
  use: KeyUse,
): Promise<Key> {
  const key = await openKeyById(kms, call, keyId);
  if (key.account !== call.account) {
    throw new AwsError(
      "AccessDeniedException",
      `User: ${call.principal.arn} is not authorized to perform: ${use.action} on resource: ${keyArn(key)} because the key belongs to another account`,
    );
  }
  await authorizeKey(kms, call, key, use);
  return key;
}

/** Throws NotFoundException, also for an alias. */
export async function openKeyById(
  kms: Pick<KmsContext, "metadata">,
  call: KeyPlace,
  keyId = "",
): Promise<Key> {
  const name = parseKeyName(call, keyId);
  if ("alias" in name) throw invalidKeyId(keyId);
  return openKey(kms.metadata.reader, name);
}

/** A cryptographic operation. */
export interface CryptographicUse extends Omit<KeyUse, "action"> {
  /** `Encrypt`: the action's name, and what errors call it. */
  readonly operation: string;
  readonly usage: KeyUsage;
  readonly algorithm?: string | undefined;
}

/** Opens the key, asks for permission, its state, what it is for, and whether the algorithm is one of its own. */
export async function openForUse(
  kms: KmsContext,
  call: Call,
  keyId: string | undefined,
  use: CryptographicUse,
): Promise<Key> {
  const key = await openNamedKey(kms, call, keyId);
  await useKey(kms, call, key, { ...use, conditions: { ...requestAlias(keyId), ...use.conditions } });
  return key;
}

/** The condition key that says by which alias a request names its key. */
export function requestAlias(keyId = ""): ConditionKeys {
  const alias = keyId.slice(Math.max(0, keyId.indexOf("alias/")));
  return alias.startsWith("alias/") ? { "kms:RequestAlias": alias } : {};
}

export async function useKey(kms: KmsContext, call: Call, key: Key, use: CryptographicUse): Promise<void> {
  const { operation, usage, algorithm, ...rest } = use;
  await authorizeKey(kms, call, key, { ...rest, action: `kms:${operation}` });
  requireEnabled(key);
  if (key.usage !== usage) throw invalidKeyUsage(keyArn(key), key.usage, operation);
  if (algorithm !== undefined && !algorithmsOf(key.spec, key.usage).includes(algorithm)) {
    throw algorithmDoesNotFit(algorithm, key.spec);
  }
}
