import type { KmsContext } from "./context.ts";
import { type Key, type KeyPlace, openKey, parseKeyName } from "./key.ts";
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
