import type { AccountId } from "../aws/names.ts";
import { parseAccountId } from "../aws/names.ts";
import type { Reader, Transaction } from "../storage/metadata/metadata.ts";
import { generateKeyPair, type KeyPair } from "./access-keys.ts";
import "./tables.ts";

export class AccountExists extends Error {
  override readonly name = "AccountExists";
}

export interface Account {
  readonly id: AccountId;
  readonly createdAt: Date;
}

/** Makes the account and its root key, whose secret can be read from the result only. Throws AccountExists. */
export async function createAccount(tx: Transaction, id: AccountId, now: Date): Promise<KeyPair> {
  if (!(await addAccount(tx, id, now))) throw new AccountExists(`the account ${id} exists already`);
  const key = generateKeyPair();
  await tx
    .insertInto("identity_access_keys")
    .values({
      access_key_id: key.accessKeyId,
      account_id: id,
      secret_access_key: key.secretAccessKey,
      origin: "created",
      created_at: now.getTime(),
    })
    .execute();
  return key;
}

/** Whether the account is new. */
export async function addAccount(tx: Transaction, id: AccountId, now: Date): Promise<boolean> {
  const added = await tx
    .insertInto("identity_accounts")
    .values({ account_id: id, created_at: now.getTime() })
    .onConflict((conflict) => conflict.column("account_id").doNothing())
    .returning("account_id")
    .execute();
  return added.length > 0;
}

/** In the order of their ids. */
export async function listAccounts(reader: Reader): Promise<readonly Account[]> {
  const rows = await reader
    .selectFrom("identity_accounts")
    .select(["account_id", "created_at"])
    .orderBy("account_id")
    .execute();
  return rows.flatMap((row) => {
    const id = parseAccountId(row.account_id);
    return id ? [{ id, createdAt: new Date(row.created_at) }] : [];
  });
}
