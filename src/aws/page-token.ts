import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { AccountId, Region } from "./names.ts";

/**
 * `nextToken` of a listing: says where the next page begins, tells a client nothing and takes nothing from it that
 * was not sealed here. AES-256-GCM; what the token is good for is its additional data. Tokens do not expire.
 */
export interface PageScope {
  /** `ecr:DescribeImages` */
  readonly operation: string;
  readonly account: AccountId;
  readonly region: Region;
  /** What else must be the same for the next page to make sense: the repository, a filter. */
  readonly purpose: string;
}

const CIPHER = "aes-256-gcm";
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** `key`: 32 bytes of this installation (`Secrets.key("page-token")`). `position` is what the service needs to go on. */
export function sealPageToken(key: Buffer, scope: PageScope, position: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(scopeBytes(scope));
  const sealed = Buffer.concat([cipher.update(position, "utf8"), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), sealed]).toString("base64url");
}

/**
 * The position in a token that was sealed with this key for this scope; undefined for every other text, which the
 * service refuses with its own error for an invalid token.
 */
export function openPageToken(key: Buffer, scope: PageScope, token: string): string | undefined {
  const bytes = Buffer.from(token, "base64url");
  // Decoding skips what is no base64url: only the text that sealing made is accepted.
  if (bytes.byteLength < HEADER_BYTES || bytes[0] !== VERSION || bytes.toString("base64url") !== token)
    return undefined;
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(scopeBytes(scope))
    .setAuthTag(bytes.subarray(1 + NONCE_BYTES, HEADER_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES)), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

/** JSON keeps the parts apart whatever is in them. */
function scopeBytes({ operation, account, region, purpose }: PageScope): Buffer {
  return Buffer.from(JSON.stringify([operation, account, region, purpose]));
}
