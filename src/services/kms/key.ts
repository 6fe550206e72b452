/** A key's row under its names, and whether it can be used now. */
import type { Selectable } from "kysely";
import { type AccountId, formatArn, parseArn, type Region } from "../../aws/names.ts";
import type { Call } from "../../identity/call.ts";
import type { Reader } from "../../storage/metadata/metadata.ts";
import { aliasNotFound, disabled, invalidArn, invalidKeyId, keyNotFound, pendingDeletion } from "./errors.ts";
import type { KmsKeyArn } from "./kms-keys.ts";
import type { KmsKeysTable } from "./tables.ts";

export type Key = Selectable<KmsKeysTable>;

/** Where a key or an alias lies. */
export type KeyPlace = Pick<Call, "account" | "region">;

export function keyArn({ account, region, id }: { account: string; region: string; id: string }): KmsKeyArn {
  return `arn:aws:kms:${region}:${account}:key/${id}`;
}

export function aliasArn({ account, region }: { account: string; region: string }, name: string): string {
  return formatArn({ service: "kms", region, account, resource: name });
}

/** How a caller may name a key: by id or alias, short (of the own account) or as an ARN. */
export type KeyName = KeyPlace & ({ readonly id: string } | { readonly alias: string });

/** Those of multi-Region keys name none here, and are names all the same. */
const KEY_ID = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i;
const ALIAS = /^alias\/[a-zA-Z0-9:/_-]{1,250}$/;

/** Throws NotFoundException for what names no key of this region. */
export function parseKeyName(place: KeyPlace, text: string): KeyName {
  if (!text.startsWith("arn:")) return named(place, text, text);
  const arn = parseArn(text);
  if (arn?.partition !== "aws" || arn.service !== "kms" || !/^\d{12}$/.test(arn.account))
    throw invalidArn(text);
  // KMS's own text names the region alone.
  if (arn.region !== place.region) throw invalidArn(arn.region);
  const there = { account: arn.account as AccountId, region: arn.region as Region };
  if (arn.resource.startsWith("alias/")) return named(there, arn.resource, text);
  if (!arn.resource.startsWith("key/")) throw invalidArn(text);
  const id = arn.resource.slice("key/".length);
  if (!KEY_ID.test(id)) throw keyNotFound(text.slice(0, 512));
  return { ...there, id: id.toLowerCase() };
}

function named(place: KeyPlace, text: string, given: string): KeyName {
  const { account, region } = place;
  if (ALIAS.test(text)) return { account, region, alias: text };
  if (KEY_ID.test(text)) return { account, region, id: text.toLowerCase() };
  throw invalidKeyId(given);
}

/** Undefined for a key that is not there, or lies elsewhere. */
export async function findKey(
  reader: Reader,
  name: KeyPlace & { readonly id: string },
): Promise<Key | undefined> {
  const key = await reader.selectFrom("kms_keys").selectAll().where("id", "=", name.id).executeTakeFirst();
  return key?.account === name.account && key.region === name.region ? key : undefined;
}

/** The key that is meant; throws NotFoundException. */
export async function openKey(reader: Reader, name: KeyName): Promise<Key> {
  if ("id" in name) {
    const key = await findKey(reader, name);
    if (key === undefined) throw keyNotFound(keyArn(name));
    return key;
  }
  const key = await reader
    .selectFrom("kms_aliases as alias")
    .innerJoin("kms_keys as key", "key.id", "alias.key_id")
    .selectAll("key")
    .where("alias.account", "=", name.account)
    .where("alias.region", "=", name.region)
    .where("alias.name", "=", name.alias)
    .executeTakeFirst();
  if (key === undefined) throw aliasNotFound(aliasArn(name, name.alias));
  return key;
}

/** Throws DisabledException or KMSInvalidStateException. */
export function requireEnabled(key: Key): void {
  if (key.state === "Disabled") throw disabled(keyArn(key));
  requireNotPending(key);
}

/** The key of stored bytes, asked freshly: another server may have disabled it a moment ago. */
export async function openUsableKey(reader: Reader, arn: string): Promise<Key> {
  const id = arn.slice(arn.lastIndexOf("/") + 1);
  const key = await reader.selectFrom("kms_keys").selectAll().where("id", "=", id).executeTakeFirst();
  if (key === undefined) throw keyNotFound(arn);
  requireEnabled(key);
  return key;
}

/** For what a disabled key may still undergo. */
export function requireNotPending(key: Key): void {
  if (key.state === "PendingDeletion") throw pendingDeletion(keyArn(key));
}
