/**
 * Who may do what with a key: the key policy decides, in its own account as for others, and where it is silent a grant
 * may allow; an explicit deny wins over every grant (KMS developer guide, "Determining access to AWS KMS keys").
 */
import { AccessDenied } from "../../identity/authorize.ts";
import type { Call } from "../../identity/call.ts";
import type { Reader } from "../../storage/metadata/metadata.ts";
import type { KmsContext } from "./context.ts";
import { type GrantConstraints, type GrantedUse, grantAllows, grantCovers } from "./grant-constraints.ts";
import { type Key, keyArn } from "./key.ts";
import type { EncryptionContext } from "./kms-keys.ts";

export type ConditionKeys = Readonly<Record<string, string | readonly string[]>>;

export interface KeyUse {
  /** `kms:Encrypt` */
  readonly action: string;
  readonly encryptionContext?: EncryptionContext | undefined;
  /** `s3`, when the service asks on its caller's behalf. */
  readonly viaService?: string;
  /** What the operation itself adds (`kms:GrantOperations`). */
  readonly conditions?: ConditionKeys;
  /** What a CreateGrant hands on: a grant lets its holder hand on no more than it allows itself. */
  readonly delegates?: GrantedUse;
}

type Parts = Pick<KmsContext, "authorize"> & { readonly metadata: { readonly reader: Reader } };

/** Throws AccessDenied. */
export async function authorizeKey(kms: Parts, call: Call, key: Key, use: KeyUse): Promise<void> {
  try {
    kms.authorize(call, {
      action: use.action,
      resource: keyArn(key),
      resourceAccount: key.account as Call["account"],
      resourcePolicy: key.policy,
      resourceDecides: true,
      context: conditionsOf(call, key, use),
    });
  } catch (error) {
    if (!(error instanceof AccessDenied) || error.decision.reason !== "no-allow") throw error;
    if (!(await grantedTo(kms.metadata.reader, call, key, use))) throw error;
  }
}

/** For operations on no key (ListKeys) and on keys that are to come: the account's own affair. */
export function authorizeAccount(
  kms: Pick<KmsContext, "authorize">,
  call: Call,
  action: string,
  resource = "*",
): void {
  kms.authorize(call, { action, resource, resourceAccount: call.account });
}

/** Whether a grant lets the caller do it. */
async function grantedTo(reader: Reader, call: Call, key: Key, use: KeyUse): Promise<boolean> {
  const rows = await reader
    .selectFrom("kms_grants")
    .select(["operations", "constraints"])
    .where("key_id", "=", key.id)
    .where("grantee", "=", call.principal.arn)
    .execute();
  const operation = use.action.slice("kms:".length);
  return rows.some((row) => {
    const grant: GrantedUse = {
      operations: JSON.parse(row.operations) as string[],
      constraints: JSON.parse(row.constraints) as GrantConstraints,
    };
    return (
      grantAllows(grant, operation, use.encryptionContext) &&
      (use.delegates === undefined || grantCovers(grant, use.delegates))
    );
  });
}

/** KMS developer guide, "AWS KMS condition keys". */
function conditionsOf(call: Call, key: Key, use: KeyUse): ConditionKeys {
  const tags = JSON.parse(key.resource_tags) as Record<string, string>;
  const context = Object.entries(use.encryptionContext ?? {});
  return {
    "kms:CallerAccount": call.principal.account,
    "kms:KeySpec": key.spec,
    "kms:KeyUsage": key.usage,
    // Their names before 2021, which policies still use.
    "kms:CustomerMasterKeySpec": key.spec,
    "kms:CustomerMasterKeyUsage": key.usage,
    "kms:KeyOrigin": "AWS_KMS",
    "kms:MultiRegion": "false",
    ...(use.viaService && { "kms:ViaService": `${use.viaService}.${call.region}.amazonaws.com` }),
    ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`aws:ResourceTag/${name}`, value])),
    ...Object.fromEntries(context.map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
    ...(context.length > 0 && { "kms:EncryptionContextKeys": context.map(([name]) => name) }),
    ...use.conditions,
  };
}
