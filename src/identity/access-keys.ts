import { randomInt } from "node:crypto";
import { type AccountId, parseAccountId } from "../aws/names.ts";
import { BoundedCache } from "../bounded-cache.ts";
import type { Clock } from "../clock.ts";
import type { Reader } from "../storage/metadata/metadata.ts";
import "./tables.ts";

/** What a client is configured with. */
export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface AccessKey extends KeyPair {
  readonly account: AccountId;
}

/** For how long a change made by another server may go unseen here, in milliseconds. */
const FRESH = 2_000;
const CAPACITY = 10_000;

/** Looks access keys up, each at most every two seconds. Unknown keys are not remembered: a new key works at once. */
export class AccessKeys {
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #cache = new BoundedCache<
    string,
    { readonly readAt: number; readonly key: Promise<AccessKey | undefined> }
  >(CAPACITY);

  constructor(reader: Reader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  find(accessKeyId: string): Promise<AccessKey | undefined> {
    const now = this.#clock.now().getTime();
    const cached = this.#cache.get(accessKeyId);
    if (cached && now >= cached.readAt && now - cached.readAt < FRESH) return cached.key;
    const key = this.#read(accessKeyId);
    const entry = { readAt: now, key };
    this.#cache.set(accessKeyId, entry);
    const forget = () => {
      if (this.#cache.get(accessKeyId) === entry) this.#cache.delete(accessKeyId);
    };
    key.then((found) => found ?? forget(), forget);
    return key;
  }

  async #read(accessKeyId: string): Promise<AccessKey | undefined> {
    const row = await this.#reader
      .selectFrom("identity_access_keys")
      .select(["account_id", "secret_access_key"])
      .where("access_key_id", "=", accessKeyId)
      .executeTakeFirst();
    const account = row && parseAccountId(row.account_id);
    return row && account ? { accessKeyId, secretAccessKey: row.secret_access_key, account } : undefined;
  }
}

const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** In AWS's form (`AKIA` + 16, and 40 characters), the secret without signs that a shell or URL would eat. */
export function generateKeyPair(): KeyPair {
  return {
    accessKeyId: `AKIA${randomText(ID_ALPHABET, 16)}`,
    secretAccessKey: randomText(SECRET_ALPHABET, 40),
  };
}

function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** Undefined unless both can be used in a signature: an id without "/" and a secret that is not a guess away. */
export function parseKeyPair(accessKeyId: string, secretAccessKey: string): KeyPair | undefined {
  const good = /^[\w.-]{3,128}$/.test(accessKeyId) && /^[\x21-\x7e]{8,128}$/.test(secretAccessKey);
  return good ? { accessKeyId, secretAccessKey } : undefined;
}
