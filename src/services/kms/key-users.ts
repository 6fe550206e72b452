/** What other services ask of KMS for their callers (kms-keys.ts). */
import { BoundedCache } from "../../bounded-cache.ts";
import { authorizeKey } from "./access.ts";
import type { KmsContext } from "./context.ts";
import { specDoesNotFit } from "./errors.ts";
import { keyArn, openKey, openUsableKey, parseKeyName, requireEnabled } from "./key.ts";
import type { KmsKeyArn, KmsKeys } from "./kms-keys.ts";
import { openNamedKey } from "./open-named-key.ts";
import { createRowBytes } from "./row-bytes.ts";

export function createKmsKeys(kms: KmsContext): KmsKeys {
  const managed = new BoundedCache<string, KmsKeyArn>(1_000);
  return {
    awsManagedKey: kms.awsManagedKey,
    ...createRowBytes(kms),

    async resolve(call, keyId) {
      return keyArn(await openNamedKey(kms, call, keyId));
    },

    async requireUsable(arn) {
      if (managed.get(arn)) return;
      const { manager } = await openUsableKey(kms.metadata.reader, arn);
      // Nobody may disable or delete an AWS managed key.
      if (manager === "AWS") managed.set(arn, arn);
    },

    async checkUse(call, arn, { actions, viaService, encryptionContext }) {
      const key = await openKey(kms.metadata.reader, parseKeyName(call, arn));
      for (const action of actions) {
        await authorizeKey(kms, call, key, { action, viaService, encryptionContext });
      }
      requireEnabled(key);
      if (key.spec !== "SYMMETRIC_DEFAULT") {
        throw specDoesNotFit(arn, key.spec, (actions[0] ?? "").slice("kms:".length));
      }
    },
  };
}
