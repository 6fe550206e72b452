import type { AccountId } from "../aws/names.ts";
import type { Metadata, Transaction } from "../storage/metadata/metadata.ts";
import { generateKeyPair, type KeyPair, parseKeyPair } from "./access-keys.ts";
import { addAccount } from "./accounts.ts";
import { readRootKeyFile, writeRootKeyFile } from "./root-key-file.ts";

/** The configured root key cannot be used; the message says why. */
export class RootKeyUnusable extends Error {
  override readonly name = "RootKeyUnusable";
}

export interface RootAccountSettings {
  readonly accountId: AccountId;
  /** From SHOSOIN_ROOT_ACCESS_KEY_ID and SHOSOIN_ROOT_SECRET_ACCESS_KEY. */
  readonly rootKey?: KeyPair | undefined;
  /** Where a generated key is kept; left out by servers that share a database, which keep it there. */
  readonly dataFolder?: string | undefined;
}

/**
 * Sees to it that the default account exists and has exactly one root key of the server's own: the configured
 * one, else the one kept in the data folder or the database, made on first start. A key that was replaced stops
 * working. Keys of `account create` are not touched. Throws RootKeyUnusable.
 */
export async function ensureRootAccount(
  metadata: Metadata,
  settings: RootAccountSettings,
  now: Date,
): Promise<KeyPair> {
  const { accountId, rootKey, dataFolder } = settings;
  if (rootKey) {
    const key = parseKeyPair(rootKey.accessKeyId, rootKey.secretAccessKey);
    if (!key) {
      throw new RootKeyUnusable(
        "SHOSOIN_ROOT_ACCESS_KEY_ID must be 3 to 128 letters, digits, '.', '_' or '-', and SHOSOIN_ROOT_SECRET_ACCESS_KEY 8 to 128 visible ASCII characters",
      );
    }
    return metadata.write((tx) => installRootKey(tx, accountId, key, "configured", now));
  }
  if (dataFolder !== undefined) {
    const key =
      (await readRootKeyFile(dataFolder, accountId)) ??
      (await writeRootKeyFile(dataFolder, accountId, generateKeyPair()));
    return metadata.write((tx) => installRootKey(tx, accountId, key, "generated", now));
  }
  return metadata.write(
    async (tx) =>
      (await readGeneratedKey(tx, accountId)) ??
      installRootKey(tx, accountId, generateKeyPair(), "generated", now),
  );
}

async function readGeneratedKey(tx: Transaction, accountId: AccountId): Promise<KeyPair | undefined> {
  const row = await tx
    .selectFrom("identity_access_keys")
    .select(["access_key_id", "secret_access_key"])
    .where("account_id", "=", accountId)
    .where("origin", "=", "generated")
    .orderBy("access_key_id")
    .executeTakeFirst();
  return row && { accessKeyId: row.access_key_id, secretAccessKey: row.secret_access_key };
}

async function installRootKey(
  tx: Transaction,
  accountId: AccountId,
  key: KeyPair,
  origin: "configured" | "generated",
  now: Date,
): Promise<KeyPair> {
  await addAccount(tx, accountId, now);
  const holder = await tx
    .selectFrom("identity_access_keys")
    .select(["account_id", "secret_access_key", "origin"])
    .where("access_key_id", "=", key.accessKeyId)
    .executeTakeFirst();
  if (holder && holder.account_id !== accountId) {
    throw new RootKeyUnusable(
      `the access key ${key.accessKeyId} belongs to the account ${holder.account_id}: configure another one for ${accountId}`,
    );
  }
  await tx
    .deleteFrom("identity_access_keys")
    .where("account_id", "=", accountId)
    .where("origin", "in", ["configured", "generated"])
    .where("access_key_id", "!=", key.accessKeyId)
    .execute();
  await tx
    .insertInto("identity_access_keys")
    .values({
      access_key_id: key.accessKeyId,
      account_id: accountId,
      secret_access_key: key.secretAccessKey,
      origin,
      created_at: now.getTime(),
    })
    .onConflict((conflict) =>
      conflict.column("access_key_id").doUpdateSet({ secret_access_key: key.secretAccessKey, origin }),
    )
    .execute();
  return key;
}
