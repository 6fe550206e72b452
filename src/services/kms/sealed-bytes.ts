/**
 * The one way in which KMS encrypts: AES-256-GCM under a key that is derived anew for each message (HKDF-SHA-256, RFC
 * 5869, with a random salt), so that no number of messages under one master key makes nonces meet. `purpose` keeps what
 * is sealed for one use from being opened for another.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What sealing adds to the plaintext, in bytes. */
export const SEALING_BYTES: number = SALT_BYTES + NONCE_BYTES + TAG_BYTES;

export type Purpose = "master-key" | "ciphertext" | "blob-data-key" | "row";

/** @param key 32 bytes */
export function sealBytes(
  key: Uint8Array,
  purpose: Purpose,
  additional: Uint8Array,
  plaintext: Uint8Array,
): Buffer {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", messageKey(key, purpose, salt), nonce).setAAD(additional);
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([salt, nonce, cipher.getAuthTag(), sealed]);
}

/** Undefined for whatever was not sealed with this key, for this purpose, with these additional data. */
export function openSealed(
  key: Uint8Array,
  purpose: Purpose,
  additional: Uint8Array,
  sealed: Uint8Array,
): Buffer | undefined {
  if (sealed.byteLength < SEALING_BYTES) return undefined;
  const salt = sealed.subarray(0, SALT_BYTES);
  const nonce = sealed.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", messageKey(key, purpose, salt), nonce, {
    authTagLength: TAG_BYTES,
  })
    .setAAD(additional)
    .setAuthTag(sealed.subarray(SALT_BYTES + NONCE_BYTES, SEALING_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(SEALING_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function messageKey(key: Uint8Array, purpose: Purpose, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync("sha256", key, salt, `shosoin ${purpose} 1`, 32));
}
