/**
 * The password of `docker login` (ECR API reference, GetAuthorizationToken): 12 hours, for one principal, account
 * and region, on every server of the installation. It dies with the access key it was made with, and with that
 * key's secret: the secret is part of what is signed.
 */
import { type AccountId, parseAccountId, parseRegion, type Region } from "../aws/names.ts";
import { BoundedCache } from "../bounded-cache.ts";
import type { AccessKey, AccessKeys } from "./access-keys.ts";
import type { Principal } from "./call.ts";
import { rootPrincipal } from "./principal.ts";
import type { Secrets } from "./secrets.ts";
import { proveToken, readUnprovenClaims, signToken } from "./signed-token.ts";

/** In seconds. */
const LIFE = 12 * 60 * 60;
const PURPOSE = "ecr-token";
const CAPACITY = 10_000;

/** What a registry token was issued for. */
export interface RegistryTokenHolder {
  readonly principal: Principal;
  readonly account: AccountId;
  readonly region: Region;
  readonly expiresAt: Date;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export class RegistryTokens {
  readonly #secrets: Secrets;
  readonly #accessKeys: AccessKeys;
  /** Tokens already proven, with the secret they were proven against: a pull asks a dozen times. */
  readonly #proven = new BoundedCache<
    string,
    { readonly holder: RegistryTokenHolder; readonly secret: string }
  >(CAPACITY);

  constructor(secrets: Secrets, accessKeys: AccessKeys) {
    this.#secrets = secrets;
    this.#accessKeys = accessKeys;
  }

  /** Throws when the principal's access key is gone. */
  async issue(principal: Principal, region: Region, now: Date): Promise<IssuedToken> {
    const accessKey = await this.#accessKeys.find(principal.accessKeyId);
    if (!accessKey) throw new Error("the access key of an authenticated principal is gone");
    const expiry = Math.floor(now.getTime() / 1000) + LIFE;
    const claims = { k: principal.accessKeyId, a: principal.account, r: region, e: expiry };
    const token = signToken(await this.#secrets.key(PURPOSE), claims, accessKey.secretAccessKey);
    return { token, expiresAt: new Date(expiry * 1000) };
  }

  /** Undefined when the token is not ours, expired, or its access key is gone or has another secret. */
  async verify(token: string, now: Date): Promise<RegistryTokenHolder | undefined> {
    const known = this.#proven.get(token);
    const holder = known?.holder ?? readHolder(token);
    if (!holder || holder.expiresAt <= now) return undefined;
    const accessKey = await this.#accessKeys.find(holder.principal.accessKeyId);
    if (!accessKey || accessKey.account !== holder.account) return undefined;
    if (known?.secret === accessKey.secretAccessKey) return known.holder;
    return (await this.#prove(token, holder, accessKey)) ? holder : undefined;
  }

  async #prove(token: string, holder: RegistryTokenHolder, accessKey: AccessKey): Promise<boolean> {
    const secret = accessKey.secretAccessKey;
    if (!proveToken(await this.#secrets.key(PURPOSE), token, secret)) return false;
    this.#proven.set(token, { holder, secret });
    return true;
  }
}

function readHolder(token: string): RegistryTokenHolder | undefined {
  const { k, a, r, e } = readUnprovenClaims(token) ?? {};
  if (typeof k !== "string" || typeof a !== "string" || typeof r !== "string") return undefined;
  const account = parseAccountId(a);
  const region = parseRegion(r);
  if (!account || !region || typeof e !== "number" || !Number.isSafeInteger(e)) return undefined;
  return { principal: rootPrincipal(account, k), account, region, expiresAt: new Date(e * 1000) };
}
