/** Aliases: names of keys that stay when the key behind them changes (KMS developer guide, "Aliases in AWS KMS"). */
import type {
  CreateAliasCommandInput,
  DeleteAliasCommandInput,
  ListAliasesCommandInput,
  UpdateAliasCommandInput,
} from "@aws-sdk/client-kms";
import type { Call } from "../../identity/call.ts";
import type { Reader } from "../../storage/metadata/metadata.ts";
import { authorizeAccount, authorizeKey } from "./access.ts";
import type { KmsContext } from "./context.ts";
import {
  aliasExists,
  aliasNotFound,
  invalidAliasName,
  limitExceeded,
  notAuthorized,
  validation,
} from "./errors.ts";
import { aliasArn, type Key, type KeyPlace, openKey, requireNotPending } from "./key.ts";
import { RESERVED_ALIASES } from "./managed-keys.ts";
import { openKeyById, openOwnKey } from "./open-named-key.ts";
import { pageOf } from "./paging.ts";

/** KMS's quota: aliases of one key. */
const MAX_ALIASES = 50;

export async function createAlias(kms: KmsContext, call: Call, input: CreateAliasCommandInput) {
  const name = aliasNameOf(input.AliasName);
  authorizeAccount(kms, call, "kms:CreateAlias", aliasArn(call, name));
  const key = await openTarget(kms, call, input.TargetKeyId, "kms:CreateAlias");
  const now = kms.clock.now().getTime();
  await kms.metadata.write(async (tx) => {
    if (await findAlias(tx, call, name)) throw aliasExists(aliasArn(call, name));
    requireNotPending(await openKey(tx, { ...call, id: key.id }));
    await requireRoom(tx, key);
    await tx
      .insertInto("kms_aliases")
      .values({
        account: call.account,
        region: call.region,
        name,
        key_id: key.id,
        created_at: now,
        updated_at: now,
      })
      .execute();
  });
  return {};
}

export async function updateAlias(kms: KmsContext, call: Call, input: UpdateAliasCommandInput) {
  const name = aliasNameOf(input.AliasName);
  authorizeAccount(kms, call, "kms:UpdateAlias", aliasArn(call, name));
  const before = await openKey(kms.metadata.reader, { ...call, alias: name });
  await authorizeKey(kms, call, before, { action: "kms:UpdateAlias" });
  const key = await openTarget(kms, call, input.TargetKeyId, "kms:UpdateAlias");
  if (key.usage !== before.usage || isSymmetric(key) !== isSymmetric(before)) {
    throw validation("The current and the new KMS key of an alias must be of the same type and key usage.");
  }
  await kms.metadata.write(async (tx) => {
    const present = await findAlias(tx, call, name);
    if (present === undefined) throw aliasNotFound(aliasArn(call, name));
    requireNotPending(await openKey(tx, { ...call, id: key.id }));
    if (present.key_id !== key.id) await requireRoom(tx, key);
    await tx
      .updateTable("kms_aliases")
      .set({ key_id: key.id, updated_at: kms.clock.now().getTime() })
      .where("account", "=", call.account)
      .where("region", "=", call.region)
      .where("name", "=", name)
      .execute();
  });
  return {};
}

export async function deleteAlias(kms: KmsContext, call: Call, input: DeleteAliasCommandInput) {
  const name = aliasNameOf(input.AliasName);
  authorizeAccount(kms, call, "kms:DeleteAlias", aliasArn(call, name));
  const key = await openKey(kms.metadata.reader, { ...call, alias: name });
  await authorizeKey(kms, call, key, { action: "kms:DeleteAlias" });
  const deleted = await kms.metadata.write((tx) =>
    tx
      .deleteFrom("kms_aliases")
      .where("account", "=", call.account)
      .where("region", "=", call.region)
      .where("name", "=", name)
      .returning("name")
      .execute(),
  );
  if (deleted.length === 0) throw aliasNotFound(aliasArn(call, name));
  return {};
}

export async function listAliases(kms: KmsContext, call: Call, input: ListAliasesCommandInput) {
  authorizeAccount(kms, call, "kms:ListAliases");
  const key = input.KeyId === undefined ? undefined : await openKeyById(kms, call, input.KeyId);
  const { rows, next } = await pageOf(
    kms,
    call,
    { operation: "ListAliases", purpose: [key?.id ?? ""], defaultLimit: 50 },
    input,
    (after, limit) => {
      const all = kms.metadata.reader
        .selectFrom("kms_aliases")
        .selectAll()
        .where("account", "=", call.account)
        .where("region", "=", call.region)
        .where("name", ">", after)
        .orderBy("name")
        .limit(limit);
      return (key ? all.where("key_id", "=", key.id) : all).execute();
    },
    (row) => row.name,
  );
  const aliases = rows.map((row) => ({
    AliasName: row.name,
    AliasArn: aliasArn(row, row.name),
    TargetKeyId: row.key_id,
    CreationDate: new Date(row.created_at),
    LastUpdatedDate: new Date(row.updated_at),
  }));
  return { Aliases: aliases, ...next };
}

/** What callers may call theirs; what the wire lets through is checked here. */
function aliasNameOf(name = ""): string {
  if (!name.startsWith("alias/") || name === "alias/") {
    throw validation(
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    );
  }
  if (name.startsWith(RESERVED_ALIASES))
    throw notAuthorized(`Aliases that begin with ${RESERVED_ALIASES} are reserved for AWS managed keys.`);
  if (!/^alias\/[a-zA-Z0-9/_-]+$/.test(name))
    throw invalidAliasName(`${name} contains invalid characters for an alias`);
  return name;
}

async function openTarget(
  kms: KmsContext,
  call: Call,
  keyId: string | undefined,
  action: string,
): Promise<Key> {
  if (keyId?.includes("alias/")) throw validation("Aliases must refer to keys. Not aliases");
  const key = await openOwnKey(kms, call, keyId, { action });
  requireNotPending(key);
  if (key.manager === "AWS") throw notAuthorized("An AWS managed key has the alias of its service only.");
  return key;
}

function isSymmetric(key: Key): boolean {
  return key.spec === "SYMMETRIC_DEFAULT";
}

function findAlias(
  reader: Reader,
  { account, region }: KeyPlace,
  name: string,
): Promise<{ key_id: string } | undefined> {
  return reader
    .selectFrom("kms_aliases")
    .select("key_id")
    .where("account", "=", account)
    .where("region", "=", region)
    .where("name", "=", name)
    .executeTakeFirst();
}

async function requireRoom(reader: Reader, key: Key): Promise<void> {
  const present = await reader
    .selectFrom("kms_aliases")
    .select("name")
    .where("key_id", "=", key.id)
    .limit(MAX_ALIASES)
    .execute();
  if (present.length === MAX_ALIASES) throw limitExceeded(`A key has at most ${MAX_ALIASES} aliases.`);
}
