/** A new key's rows. Material is made before the transaction: an RSA key takes a second. */
import { randomUUID } from "node:crypto";
import type { Insertable } from "kysely";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import type { KmsContext } from "./context.ts";
import type { Key, KeyPlace } from "./key.ts";
import { generateMaterial, type KeySpec, type KeyUsage } from "./key-specs.ts";
import type { KmsMaterialsTable } from "./tables.ts";

export interface NewKey {
  readonly key: Key;
  readonly material: Insertable<KmsMaterialsTable>;
}

export interface NewKeySettings {
  readonly spec: KeySpec;
  readonly usage: KeyUsage;
  readonly manager: "CUSTOMER" | "AWS";
  readonly policy: string;
  readonly description: string;
  readonly resourceTags: Readonly<Record<string, string>>;
}

/** How often a key is rotated unless something else is said, in days. */
export const ROTATION_PERIOD_DAYS = 365;

export async function makeKey(
  kms: Pick<KmsContext, "materials" | "clock">,
  { account, region }: KeyPlace,
  settings: NewKeySettings,
): Promise<NewKey> {
  const { secret, publicKey } = await generateMaterial(settings.spec);
  const id = randomUUID();
  const at = kms.clock.now();
  // AWS managed keys are rotated every year.
  const rotates = settings.manager === "AWS";
  return {
    key: {
      id,
      account,
      region,
      description: settings.description,
      spec: settings.spec,
      usage: settings.usage,
      state: "Enabled",
      manager: settings.manager,
      policy: settings.policy,
      resource_tags: JSON.stringify(settings.resourceTags),
      created_at: at.getTime(),
      deletion_at: null,
      version: 1,
      public_key: publicKey ?? null,
      rotation_enabled: rotates ? 1 : 0,
      rotation_period_days: ROTATION_PERIOD_DAYS,
      rotation_at: rotates ? at.getTime() + ROTATION_PERIOD_DAYS * kms.clock.dayMilliseconds : null,
    },
    material: kms.materials.seal(id, 1, secret, { at }),
  };
}

export async function insertKey(
  kms: Pick<KmsContext, "materials">,
  tx: Transaction,
  { key, material }: NewKey,
): Promise<void> {
  await tx.insertInto("kms_keys").values(key).execute();
  await kms.materials.insert(tx, material);
}
