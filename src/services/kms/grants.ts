/** Grants: permission for one principal to use one key, given without touching its policy (KMS developer guide, "Grants in AWS KMS"). */
import { randomBytes } from "node:crypto";
import type {
  CreateGrantCommandInput,
  GrantListEntry,
  GrantOperation,
  ListGrantsCommandInput,
  ListRetirableGrantsCommandInput,
  RetireGrantCommandInput,
  RevokeGrantCommandInput,
} from "@aws-sdk/client-kms";
import type { Selectable } from "kysely";
import { AwsError } from "../../aws/errors.ts";
import { parseArn } from "../../aws/names.ts";
import type { Call } from "../../identity/call.ts";
import { authorizeKey } from "./access.ts";
import type { KmsContext } from "./context.ts";
import { dryRunPassed, invalidGrantId, limitExceeded, unsupported, validation } from "./errors.ts";
import type { GrantConstraints } from "./grant-constraints.ts";
import { grantOfToken, tokenOf } from "./grant-tokens.ts";
import { keyArn, requireEnabled } from "./key.ts";
import type { KeyUsage } from "./key-specs.ts";
import { openKeyById } from "./open-named-key.ts";
import { pageOf } from "./paging.ts";
import type { KmsGrantsTable } from "./tables.ts";

type Grant = Selectable<KmsGrantsTable>;

/** Far below KMS's 50,000: whoever relies on a grant has the ones that name them looked through. */
const MAX_GRANTS = 1_000;

/** What a grant may allow with each kind of key, beside what holds for all. */
const FOR_ALL: readonly string[] = ["DescribeKey", "CreateGrant", "RetireGrant"];
const BY_USAGE: Readonly<Record<KeyUsage, readonly string[]>> = {
  ENCRYPT_DECRYPT: ["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"],
  SIGN_VERIFY: ["Sign", "Verify", "GetPublicKey"],
  GENERATE_VERIFY_MAC: ["GenerateMac", "VerifyMac"],
};
const SYMMETRIC_ONLY: readonly string[] = [
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "GenerateDataKeyPair",
  "GenerateDataKeyPairWithoutPlaintext",
];

/** Services make no grants here: their use of a key is asked for each time. */
const OF_NO_SERVICE = { "kms:GrantIsForAWSResource": "false" };

export async function createGrant(kms: KmsContext, call: Call, input: CreateGrantCommandInput) {
  if (input.GranteeServicePrincipal !== undefined || input.RetiringServicePrincipal !== undefined)
    throw unsupported("Shosoin does not offer grants for service principals.");
  if (input.GranteePrincipal === undefined) throw validation("A GranteePrincipal must be given.");
  const grantee = principalArn(input.GranteePrincipal);
  const retiring = input.RetiringPrincipal === undefined ? null : principalArn(input.RetiringPrincipal);
  const operations = [...new Set<string>(input.Operations)].sort();
  const constraints = constraintsOf(input);
  const kind = constraintType(constraints);
  const key = await openKeyById(kms, call, input.KeyId);
  await authorizeKey(kms, call, key, {
    action: "kms:CreateGrant",
    delegates: { operations, constraints },
    conditions: {
      "kms:GrantOperations": operations,
      "kms:GranteePrincipal": grantee,
      ...OF_NO_SERVICE,
      ...(retiring !== null && { "kms:RetiringPrincipal": retiring }),
      ...(kind !== undefined && { "kms:GrantConstraintType": kind }),
    },
  });
  requireEnabled(key);
  const symmetric = key.spec === "SYMMETRIC_DEFAULT";
  const allowed = new Set([
    ...FOR_ALL,
    ...BY_USAGE[key.usage as KeyUsage],
    ...(symmetric ? SYMMETRIC_ONLY : key.public_key ? ["GetPublicKey"] : []),
  ]);
  const misfit = operations.find((operation) => !allowed.has(operation));
  if (misfit !== undefined) throw validation(`Operation ${misfit} is not valid for ${keyArn(key)}.`);
  if (!symmetric && kind !== undefined)
    throw validation("Grant constraints are supported with symmetric encryption keys only.");
  if (input.DryRun) throw dryRunPassed();

  const row: Grant = {
    id: randomBytes(32).toString("hex"),
    key_id: key.id,
    name: input.Name ?? null,
    grantee,
    retiring_principal: retiring,
    issuing_account: call.principal.account,
    operations: JSON.stringify(operations),
    constraints: JSON.stringify(constraints),
    created_at: kms.clock.now().getTime(),
  };
  const id = await kms.metadata.write(async (tx) => {
    const present = await tx
      .selectFrom("kms_grants")
      .selectAll()
      .where("key_id", "=", key.id)
      .limit(MAX_GRANTS)
      .execute();
    // A retried request with a name gets the grant that it made before.
    const same = row.name === null ? undefined : present.find((other) => isSame(other, row));
    if (same) return same.id;
    if (present.length === MAX_GRANTS) throw limitExceeded(`A key has at most ${MAX_GRANTS} grants.`);
    await tx.insertInto("kms_grants").values(row).execute();
    return row.id;
  });
  return { GrantId: id, GrantToken: tokenOf(id) };
}

export async function listGrants(kms: KmsContext, call: Call, input: ListGrantsCommandInput) {
  const key = await openKeyById(kms, call, input.KeyId);
  await authorizeKey(kms, call, key, { action: "kms:ListGrants", conditions: OF_NO_SERVICE });
  const grantee = input.GranteePrincipal === undefined ? undefined : principalArn(input.GranteePrincipal);
  const { rows, next } = await pageOf(
    kms,
    call,
    {
      operation: "ListGrants",
      purpose: [key.id, grantee ?? "", input.GrantId ?? ""],
      defaultLimit: 50,
    },
    input,
    (after, limit) => {
      let query = kms.metadata.reader
        .selectFrom("kms_grants")
        .selectAll()
        .where("key_id", "=", key.id)
        .where("id", ">", after)
        .orderBy("id")
        .limit(limit);
      if (grantee !== undefined) query = query.where("grantee", "=", grantee);
      if (input.GrantId !== undefined) query = query.where("id", "=", input.GrantId);
      return query.execute();
    },
    (row) => row.id,
  );
  if (input.GrantId !== undefined && rows.length === 0) throw invalidGrantId();
  return { Grants: rows.map((row) => describe(row, keyArn(key))), ...next };
}

export async function listRetirableGrants(
  kms: KmsContext,
  call: Call,
  input: ListRetirableGrantsCommandInput,
) {
  const retiring = principalArn(input.RetiringPrincipal ?? "");
  if (parseArn(retiring)?.account !== call.principal.account)
    throw denied(call, "kms:ListRetirableGrants", retiring);
  const { rows, next } = await pageOf(
    kms,
    call,
    { operation: "ListRetirableGrants", purpose: [retiring], defaultLimit: 50 },
    input,
    (after, limit) =>
      kms.metadata.reader
        .selectFrom("kms_grants")
        .innerJoin("kms_keys", "kms_keys.id", "kms_grants.key_id")
        .selectAll("kms_grants")
        .select(["kms_keys.account as account", "kms_keys.region as region"])
        .where("retiring_principal", "=", retiring)
        .where("kms_keys.region", "=", call.region)
        .where("kms_grants.id", ">", after)
        .orderBy("kms_grants.id")
        .limit(limit)
        .execute(),
    (row) => row.id,
  );
  return {
    Grants: rows.map((row) => describe(row, keyArn({ ...row, id: row.key_id }))),
    ...next,
  };
}

/** By whoever gave it, whoever it names for that, and whoever holds it when it allows that. */
export async function retireGrant(kms: KmsContext, call: Call, input: RetireGrantCommandInput) {
  const id = input.GrantToken === undefined ? input.GrantId : grantOfToken(input.GrantToken);
  if (id === undefined || (input.GrantToken === undefined && input.KeyId === undefined))
    throw validation("Grant token OR (grant ID, key ID) must be specified");
  const key = input.KeyId === undefined ? undefined : await openKeyById(kms, call, input.KeyId);
  const grant = await kms.metadata.reader
    .selectFrom("kms_grants")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  if (grant === undefined || (key !== undefined && key.id !== grant.key_id)) throw invalidGrantId();
  const { principal } = call;
  const holds =
    grant.grantee === principal.arn && (JSON.parse(grant.operations) as string[]).includes("RetireGrant");
  if (!holds && grant.retiring_principal !== principal.arn && grant.issuing_account !== principal.account)
    throw denied(call, "kms:RetireGrant", key ? keyArn(key) : "*");
  if (input.DryRun) throw dryRunPassed();
  await remove(kms, id);
  return {};
}

export async function revokeGrant(kms: KmsContext, call: Call, input: RevokeGrantCommandInput) {
  const key = await openKeyById(kms, call, input.KeyId);
  await authorizeKey(kms, call, key, { action: "kms:RevokeGrant", conditions: OF_NO_SERVICE });
  const grant = await kms.metadata.reader
    .selectFrom("kms_grants")
    .select("id")
    .where("id", "=", input.GrantId ?? "")
    .where("key_id", "=", key.id)
    .executeTakeFirst();
  if (grant === undefined) throw invalidGrantId();
  if (input.DryRun) throw dryRunPassed();
  await remove(kms, grant.id);
  return {};
}

async function remove(kms: KmsContext, id: string): Promise<void> {
  await kms.metadata.write((tx) => tx.deleteFrom("kms_grants").where("id", "=", id).execute());
}

function describe(row: Grant, arn: string): GrantListEntry {
  return {
    KeyId: arn,
    GrantId: row.id,
    ...(row.name !== null && { Name: row.name }),
    CreationDate: new Date(row.created_at),
    GranteePrincipal: row.grantee,
    ...(row.retiring_principal !== null && { RetiringPrincipal: row.retiring_principal }),
    IssuingAccount: `arn:aws:iam::${row.issuing_account}:root`,
    Operations: JSON.parse(row.operations) as GrantOperation[],
    ...(row.constraints !== "{}" && { Constraints: JSON.parse(row.constraints) as GrantConstraints }),
  };
}

function constraintsOf({ Constraints: given = {} }: CreateGrantCommandInput): GrantConstraints {
  const { EncryptionContextSubset: subset, EncryptionContextEquals: equals, ...others } = given;
  if (Object.values(others).some((value) => value !== undefined))
    throw unsupported(
      "Shosoin offers the grant constraints EncryptionContextSubset and EncryptionContextEquals.",
    );
  return {
    ...(subset && { EncryptionContextSubset: subset }),
    ...(equals && { EncryptionContextEquals: equals }),
  };
}

function constraintType(constraints: GrantConstraints): string | undefined {
  if (constraints.EncryptionContextEquals) return "EncryptionContextEquals";
  return constraints.EncryptionContextSubset && "EncryptionContextSubset";
}

function isSame(one: Grant, other: Grant): boolean {
  const { id: _, created_at: __, ...first } = one;
  const { id: ___, created_at: ____, ...second } = other;
  return JSON.stringify(Object.entries(first).sort()) === JSON.stringify(Object.entries(second).sort());
}

/** An account's number stands for its root. */
function principalArn(principal: string): string {
  if (/^\d{12}$/.test(principal)) return `arn:aws:iam::${principal}:root`;
  if (/^arn:aws[\w-]*:(iam|sts)::\d{12}:[\w+=,.@/-]{1,256}$/.test(principal)) return principal;
  throw new AwsError(
    "InvalidArnException",
    `ARN does not refer to a valid principal: ${principal.slice(0, 256)}`,
  );
}

function denied(call: Call, action: string, resource: string): AwsError {
  return new AwsError(
    "AccessDeniedException",
    `User: ${call.principal.arn} is not authorized to perform: ${action} on resource: ${resource}`,
  );
}
