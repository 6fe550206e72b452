/** Who exists and what they sign with. */
export interface AccountsTable {
  account_id: string;
  /** Milliseconds since the epoch, as all times here. */
  created_at: number;
}

export interface AccessKeysTable {
  access_key_id: string;
  account_id: string;
  /** As it is: a server must know the secret to verify an HMAC. The database file is readable by its owner only. */
  secret_access_key: string;
  /** Where the key comes from: the configuration, made by us for the default account, or `account create`. */
  origin: "configured" | "generated" | "created";
  created_at: number;
}

export interface SecretsTable {
  purpose: string;
  key: Uint8Array;
}

declare module "../storage/metadata/schema.ts" {
  interface Schema {
    identity_accounts: AccountsTable;
    identity_access_keys: AccessKeysTable;
    identity_secrets: SecretsTable;
  }
}
