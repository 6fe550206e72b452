import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { BlobKeys, DataKey, Encryption, EncryptionScope } from "./blob-keys.ts";
import { WrongCustomerKey } from "./errors.ts";

const CUSTOMER = "customer/";
const KEY_BYTES = 32;
const SALT_BYTES = 32;
/** A key that is used once needs no nonce that differs. */
const NONCE = Buffer.alloc(12);

/** The keys that blobs are encrypted with: from KMS, or sealed here under the key that a customer sent. */
export class DataKeys {
  readonly #keys: BlobKeys;

  constructor(keys: BlobKeys) {
    this.#keys = keys;
  }

  /** Undefined for what is not encrypted. Throws WrongCustomerKey, and what KMS says. */
  async generate({ scope, customerKey }: Encryption): Promise<DataKey | undefined> {
    if (scope === "none") return undefined;
    if (!scope.startsWith(CUSTOMER)) return this.#keys.generate(scope);
    const key = randomBytes(KEY_BYTES);
    return { key, sealed: sealUnder(checked(customerKey), scope, key) };
  }

  /** Undefined for what is not encrypted. Throws WrongCustomerKey, and what KMS says. */
  async unseal(
    { scope, sealedKey }: { readonly scope: EncryptionScope; readonly sealedKey: string },
    customerKey: Uint8Array | undefined,
  ): Promise<Uint8Array | undefined> {
    if (sealedKey === "") return undefined;
    if (!scope.startsWith(CUSTOMER)) return this.#keys.unseal(scope, sealedKey);
    return openUnder(checked(customerKey), scope, sealedKey);
  }
}

export function isCustomerScope(scope: EncryptionScope): boolean {
  return scope.startsWith(CUSTOMER);
}

function checked(customerKey: Uint8Array | undefined): Uint8Array {
  if (customerKey === undefined)
    throw new WrongCustomerKey("the bytes lie under a customer's key: it must come along");
  if (customerKey.length !== KEY_BYTES) throw new WrongCustomerKey(`a customer's key has ${KEY_BYTES} bytes`);
  return customerKey;
}

/** base64url of salt, encrypted key and tag. */
function sealUnder(customerKey: Uint8Array, scope: EncryptionScope, key: Uint8Array): string {
  const salt = randomBytes(SALT_BYTES);
  const cipher = createCipheriv("aes-256-gcm", wrappingKey(customerKey, salt), NONCE);
  cipher.setAAD(Buffer.from(scope));
  const sealed = [salt, cipher.update(key), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(sealed).toString("base64url");
}

function openUnder(customerKey: Uint8Array, scope: EncryptionScope, text: string): Uint8Array {
  const sealed = Buffer.from(text, "base64url");
  const salt = sealed.subarray(0, SALT_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", wrappingKey(customerKey, salt), NONCE);
  decipher.setAAD(Buffer.from(scope));
  decipher.setAuthTag(sealed.subarray(SALT_BYTES + KEY_BYTES));
  const key = decipher.update(sealed.subarray(SALT_BYTES, SALT_BYTES + KEY_BYTES));
  try {
    decipher.final();
  } catch (cause) {
    throw new WrongCustomerKey("the bytes lie under another customer key", { cause });
  }
  return key;
}

function wrappingKey(customerKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", customerKey, salt, "shosoin customer key", KEY_BYTES));
}
