import type {
  CreateKeyCommandInput,
  CustomerMasterKeySpec,
  DescribeKeyCommandInput,
  KeyMetadata,
  ListKeysCommandInput,
  UpdateKeyDescriptionCommandInput,
} from "@aws-sdk/client-kms";
import type { Call } from "../../identity/call.ts";
import { authorizeAccount, authorizeKey } from "./access.ts";
import type { KmsContext } from "./context.ts";
import { unsupported, validation } from "./errors.ts";
import { type Key, keyArn, requireNotPending } from "./key.ts";
import { defaultPolicy, requireNoLockout, validateKeyPolicy } from "./key-policy.ts";
import {
  ALGORITHM_MEMBER,
  algorithmsOf,
  isKeySpec,
  type KeySpec,
  type KeyUsage,
  usagesOf,
} from "./key-specs.ts";
import { insertKey, makeKey } from "./make-key.ts";
import { openNamedKey, openOwnKey, requestAlias } from "./open-named-key.ts";
import { pageOf } from "./paging.ts";
import { withTags } from "./tags.ts";

export async function createKey(kms: KmsContext, call: Call, input: CreateKeyCommandInput) {
  refuseWhatIsNotOffered(input);
  const { spec, usage } = kindOf(input);
  const resourceTags = withTags({}, input.Tags);
  authorizeAccount(kms, call, "kms:CreateKey");
  const policy = input.Policy ?? defaultPolicy(call.account);
  validateKeyPolicy(policy);
  const made = await makeKey(kms, call, {
    spec,
    usage,
    manager: "CUSTOMER",
    policy,
    description: input.Description ?? "",
    resourceTags,
  });
  if (input.BypassPolicyLockoutSafetyCheck !== true) {
    await requireNoLockout(() => authorizeKey(kms, call, made.key, { action: "kms:PutKeyPolicy" }));
  }
  await kms.metadata.write((tx) => insertKey(kms, tx, made));
  return { KeyMetadata: describe(made.key, made.material.material_id) };
}

export async function describeKey(kms: KmsContext, call: Call, input: DescribeKeyCommandInput) {
  const key = await openNamedKey(kms, call, input.KeyId);
  await authorizeKey(kms, call, key, { action: "kms:DescribeKey", conditions: requestAlias(input.KeyId) });
  const material = await kms.metadata.reader
    .selectFrom("kms_materials")
    .select("material_id")
    .where("key_id", "=", key.id)
    .where("version", "=", key.version)
    .executeTakeFirst();
  return { KeyMetadata: describe(key, material?.material_id) };
}

export async function listKeys(kms: KmsContext, call: Call, input: ListKeysCommandInput) {
  authorizeAccount(kms, call, "kms:ListKeys");
  const { rows, next } = await pageOf(
    kms,
    call,
    { operation: "ListKeys", purpose: [], defaultLimit: 100 },
    input,
    (after, limit) =>
      kms.metadata.reader
        .selectFrom("kms_keys")
        .select(["id", "account", "region"])
        .where("account", "=", call.account)
        .where("region", "=", call.region)
        .where("id", ">", after)
        .orderBy("id")
        .limit(limit)
        .execute(),
    (row) => row.id,
  );
  return { Keys: rows.map((row) => ({ KeyId: row.id, KeyArn: keyArn(row) })), ...next };
}

export async function updateKeyDescription(
  kms: KmsContext,
  call: Call,
  input: UpdateKeyDescriptionCommandInput,
) {
  const key = await openOwnKey(kms, call, input.KeyId, { action: "kms:UpdateKeyDescription" });
  requireNotPending(key);
  await kms.metadata.write((tx) =>
    tx
      .updateTable("kms_keys")
      .set({ description: input.Description ?? "" })
      .where("id", "=", key.id)
      .execute(),
  );
  return {};
}

function refuseWhatIsNotOffered(input: CreateKeyCommandInput): void {
  if (input.MultiRegion === true) throw unsupported("Shosoin does not offer multi-Region keys.");
  if (input.CustomKeyStoreId !== undefined || input.XksKeyId !== undefined)
    throw unsupported("Shosoin does not offer custom key stores.");
  if (input.Origin !== undefined && input.Origin !== "AWS_KMS")
    throw unsupported("Shosoin makes the material of its keys itself: the Origin must be AWS_KMS.");
}

function kindOf(input: CreateKeyCommandInput): { spec: KeySpec; usage: KeyUsage } {
  const { KeySpec: named, CustomerMasterKeySpec: older } = input;
  if (named !== undefined && older !== undefined && named !== older)
    throw validation("You cannot specify KeySpec and CustomerMasterKeySpec in the same request.");
  const spec: string = named ?? older ?? "SYMMETRIC_DEFAULT";
  if (!isKeySpec(spec)) throw unsupported(`Shosoin does not offer keys of the spec ${spec}.`);
  const usages = usagesOf(spec);
  const wanted: string = input.KeyUsage ?? "ENCRYPT_DECRYPT";
  const usage = usages.find((one) => one === wanted);
  if (usage !== undefined) return { spec, usage };
  throw validation(
    input.KeyUsage === undefined
      ? "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
      : `KeyUsage ${wanted} is not compatible with KeySpec ${spec}`,
  );
}

/** `materialId` is of the newest material; the API tells it for symmetric keys. */
function describe(key: Key, materialId: string | undefined): KeyMetadata {
  const spec = key.spec as KeySpec;
  return {
    AWSAccountId: key.account,
    KeyId: key.id,
    Arn: keyArn(key),
    CreationDate: new Date(key.created_at),
    Enabled: key.state === "Enabled",
    Description: key.description,
    KeyUsage: key.usage as KeyUsage,
    KeyState: key.state as NonNullable<KeyMetadata["KeyState"]>,
    ...(key.deletion_at !== null && { DeletionDate: new Date(key.deletion_at) }),
    Origin: "AWS_KMS",
    KeyManager: key.manager as NonNullable<KeyMetadata["KeyManager"]>,
    CustomerMasterKeySpec: spec as CustomerMasterKeySpec,
    KeySpec: spec,
    [ALGORITHM_MEMBER[key.usage as KeyUsage]]: [...algorithmsOf(key.spec, key.usage)],
    MultiRegion: false,
    ...(spec === "SYMMETRIC_DEFAULT" && materialId !== undefined && { CurrentKeyMaterialId: materialId }),
  };
}
