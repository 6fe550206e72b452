/** AWS managed keys: one for each service in an account and region, made by their first use, behind `alias/aws/<service>`. */
import { BoundedCache } from "../../bounded-cache.ts";
import type { KeyMaking } from "./context.ts";
import { type KeyPlace, keyArn } from "./key.ts";
import { managedPolicy } from "./key-policy.ts";
import type { KmsKeyArn, KmsKeys } from "./kms-keys.ts";
import { insertKey, makeKey } from "./make-key.ts";
import { scheduleRotation } from "./rotation-schedule.ts";

export type ManagedService = "s3" | "ecr" | "codeartifact";

/** The descriptions AWS gives them. */
const DESCRIPTIONS: Readonly<Record<ManagedService, string>> = {
  s3: "Default key that protects my S3 objects when no other key is defined",
  ecr: "Default key that protects my ECR data when no other key is defined",
  codeartifact: "Default key that protects my CodeArtifact data when no other key is defined",
};

export const RESERVED_ALIASES = "alias/aws/";

/** Of `alias/aws/s3`: `s3`; undefined for names that are no service's with keys here. */
export function managedServiceOf(alias: string): ManagedService | undefined {
  const service = alias.startsWith(RESERVED_ALIASES) ? alias.slice(RESERVED_ALIASES.length) : "";
  return Object.hasOwn(DESCRIPTIONS, service) ? (service as ManagedService) : undefined;
}

/** A managed key is never deleted, so its ARN is remembered. */
export function createManagedKeys(kms: KeyMaking): KmsKeys["awsManagedKey"] {
  const known = new BoundedCache<string, KmsKeyArn>(1_000);
  return async (place, service) => {
    const name = `${place.account}/${place.region}/${service}`;
    const remembered = known.get(name);
    if (remembered) return remembered;
    const id = (await find(kms.metadata.reader, place, service)) ?? (await make(kms, place, service));
    const arn = keyArn({ ...place, id });
    known.set(name, arn);
    return arn;
  };
}

async function make(kms: KeyMaking, place: KeyPlace, service: ManagedService): Promise<string> {
  const made = await makeKey(kms, place, {
    spec: "SYMMETRIC_DEFAULT",
    usage: "ENCRYPT_DECRYPT",
    manager: "AWS",
    policy: managedPolicy(place, service),
    description: DESCRIPTIONS[service],
    resourceTags: {},
  });
  return kms.metadata.write(async (tx) => {
    const present = await find(tx, place, service);
    if (present !== undefined) return present;
    await insertKey(kms, tx, made);
    await scheduleRotation(tx, kms.jobs, made.key);
    await tx
      .insertInto("kms_aliases")
      .values({
        account: place.account,
        region: place.region,
        name: `${RESERVED_ALIASES}${service}`,
        key_id: made.key.id,
        created_at: made.key.created_at,
        updated_at: made.key.created_at,
      })
      .execute();
    return made.key.id;
  });
}

async function find(
  reader: KeyMaking["metadata"]["reader"],
  { account, region }: KeyPlace,
  service: ManagedService,
): Promise<string | undefined> {
  const row = await reader
    .selectFrom("kms_aliases")
    .select("key_id")
    .where("account", "=", account)
    .where("region", "=", region)
    .where("name", "=", `${RESERVED_ALIASES}${service}`)
    .executeTakeFirst();
  return row?.key_id;
}
