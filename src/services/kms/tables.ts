/**
 * KMS keys as rows. What is secret (material) lies sealed under the root key; all else says what a key is for and who may
 * use it. A key that was deleted leaves no row: what it encrypted stays unreadable for ever.
 */

/** One row: which root key this database was made with. */
export interface KmsRootTable {
  /** Always `root`. */
  id: string;
  /** Made from the root key, and tells nothing of it. */
  check_value: string;
  created_at: number;
}

export interface KmsKeysTable {
  /** UUID: what a key's ARN ends with. Unique for ever, across accounts and regions. */
  id: string;
  account: string;
  region: string;
  description: string;
  /** `SYMMETRIC_DEFAULT`, `RSA_2048`, ... */
  spec: string;
  /** `ENCRYPT_DECRYPT`, `SIGN_VERIFY`, `GENERATE_VERIFY_MAC` */
  usage: string;
  /** `Enabled`, `Disabled`, `PendingDeletion` */
  state: string;
  /** `CUSTOMER`, or `AWS` for a managed one. */
  manager: string;
  policy: string;
  /** JSON object of resource tags. */
  resource_tags: string;
  created_at: number;
  /** While pending deletion. */
  deletion_at: number | null;
  /** The newest material: what encrypts and signs. */
  version: number;
  /** Of an asymmetric key, as SubjectPublicKeyInfo. */
  public_key: Uint8Array | null;
  /** 0 or 1. */
  rotation_enabled: number;
  rotation_period_days: number;
  rotation_at: number | null;
}

/** What a key encrypts or signs with. A symmetric key has one more with each rotation; all stay for decryption. */
export interface KmsMaterialsTable {
  /** A key's id, or `server` for the key of the `server` scope. */
  key_id: string;
  version: number;
  /** 64 hexadecimal digits, as the API tells it. */
  material_id: string;
  sealed: Uint8Array;
  created_at: number;
  /** `AUTOMATIC`, `ON_DEMAND`; null for the first. */
  rotation_type: string | null;
}

export interface KmsAliasesTable {
  account: string;
  region: string;
  /** `alias/name` */
  name: string;
  key_id: string;
  created_at: number;
  updated_at: number;
}

export interface KmsGrantsTable {
  id: string;
  key_id: string;
  name: string | null;
  /** ARN of a principal. */
  grantee: string;
  retiring_principal: string | null;
  issuing_account: string;
  /** JSON array of operations. */
  operations: string;
  /** JSON object: EncryptionContextSubset, EncryptionContextEquals. */
  constraints: string;
  created_at: number;
}

declare module "../../storage/metadata/schema.ts" {
  interface Schema {
    kms_root: KmsRootTable;
    kms_keys: KmsKeysTable;
    kms_materials: KmsMaterialsTable;
    kms_aliases: KmsAliasesTable;
    kms_grants: KmsGrantsTable;
  }
}
