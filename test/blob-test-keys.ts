import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { BlobKeys } from "../src/storage/blobs/blob-keys.ts";

/** Keys for tests of the blob engine, where no KMS is: every scope has a key, which may be disabled. */
export class BlobTestKeys implements BlobKeys {
  readonly disabled = new Set<string>();
  readonly #key = randomBytes(32);

  generate: BlobKeys["generate"] = async (scope) => {
    this.#check(scope);
    const key = randomBytes(32);
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    cipher.setAAD(Buffer.from(scope));
    const sealed = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
    return { key, sealed: sealed.toString("base64") };
  };

  unseal: BlobKeys["unseal"] = async (scope, text) => {
    this.#check(scope);
    const sealed = Buffer.from(text, "base64");
    const decipher = createDecipheriv("aes-256-gcm", this.#key, sealed.subarray(0, 12));
    decipher.setAAD(Buffer.from(scope));
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
  };

  #check(scope: string): void {
    if (this.disabled.has(scope)) throw new KeyDisabled(`the key ${scope} is disabled`);
  }
}

export class KeyDisabled extends Error {
  override readonly name = "KeyDisabled";
}
