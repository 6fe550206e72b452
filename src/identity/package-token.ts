/**
 * The password of package managers (CodeArtifact API reference, GetAuthorizationToken): for one principal and one
 * domain, on every server of the installation. It dies with the access key it was made with, and with that key's
 * secret: the secret is part of what is signed. Which tokens were revoked before their end is somebody else's list.
 */
import { createHash } from "node:crypto";
import { type AccountId, parseAccountId, parseRegion, type Region } from "../aws/names.ts";
import { BoundedCache } from "../bounded-cache.ts";
import type { AccessKeys } from "./access-keys.ts";
import type { Principal } from "./call.ts";
import { rootPrincipal } from "./principal.ts";
import type { IssuedToken } from "./registry-token.ts";
import type { Secrets } from "./secrets.ts";
import { proveToken, readUnprovenClaims, signToken } from "./signed-token.ts";

const PURPOSE = "codeartifact-token";
const CAPACITY = 10_000;

/** What a package token was issued for. */
export interface PackageTokenHolder {
  readonly principal: Principal;
  /** The domain's owner. */
  readonly account: AccountId;
  readonly region: Region;
  readonly domain: string;
  readonly expiresAt: Date;
}

export type PackageTokenRefusal = "malformed" | "unknown" | "expired" | "revoked";

export type VerifiedPackageToken =
  | { readonly ok: true; readonly holder: PackageTokenHolder }
  | { readonly ok: false; readonly reason: PackageTokenRefusal };

export type PackageTokenDomain = Pick<PackageTokenHolder, "account" | "region" | "domain">;

export class PackageTokens {
  readonly #secrets: Secrets;
  readonly #accessKeys: AccessKeys;
  /** Tokens already proven, with the secret they were proven against: an installation asks a thousand times. */
  readonly #proven = new BoundedCache<
    string,
    { readonly holder: PackageTokenHolder; readonly secret: string }
  >(CAPACITY);

  constructor(secrets: Secrets, accessKeys: AccessKeys) {
    this.#secrets = secrets;
    this.#accessKeys = accessKeys;
  }

  /** Throws when the principal's access key is gone. */
  async issue(
    principal: Principal,
    { account, region, domain }: PackageTokenDomain,
    seconds: number,
    now: Date,
  ): Promise<IssuedToken> {
    const accessKey = await this.#accessKeys.find(principal.accessKeyId);
    if (!accessKey) throw new Error("the access key of an authenticated principal is gone");
    const expiry = Math.floor(now.getTime() / 1000) + seconds;
    const claims = {
      k: principal.accessKeyId,
      a: principal.account,
      o: account,
      r: region,
      d: domain,
      e: expiry,
    };
    const token = signToken(await this.#secrets.key(PURPOSE), claims, accessKey.secretAccessKey);
    return { token, expiresAt: new Date(expiry * 1000) };
  }

  /**
   * `malformed`: no token of this service at all. `unknown`: not made here, or its access key is gone or has another
   * secret. `expired` is said only of what was made here.
   */
  async verify(token: string, now: Date): Promise<VerifiedPackageToken> {
    const known = this.#proven.get(token);
    const holder = known?.holder ?? readHolder(token);
    if (!holder) return { ok: false, reason: "malformed" };
    const accessKey = await this.#accessKeys.find(holder.principal.accessKeyId);
    if (!accessKey || accessKey.account !== holder.principal.account) return { ok: false, reason: "unknown" };
    const secret = accessKey.secretAccessKey;
    if (known?.secret !== secret) {
      if (!proveToken(await this.#secrets.key(PURPOSE), token, secret))
        return { ok: false, reason: "unknown" };
      this.#proven.set(token, { holder, secret });
    }
    return holder.expiresAt <= now ? { ok: false, reason: "expired" } : { ok: true, holder };
  }
}

/** By what a token is noted when it is revoked: the list of revoked ones lets nobody in. */
export function packageTokenHash(token: string): string {
  return createHash("sha256").update(token, "utf8").digest("hex");
}

function readHolder(token: string): PackageTokenHolder | undefined {
  const { k, a, o, r, d, e } = readUnprovenClaims(token) ?? {};
  if (typeof k !== "string" || typeof a !== "string" || typeof o !== "string") return undefined;
  if (typeof r !== "string" || typeof d !== "string") return undefined;
  const caller = parseAccountId(a);
  const account = parseAccountId(o);
  const region = parseRegion(r);
  if (!caller || !account || !region || typeof e !== "number" || !Number.isSafeInteger(e)) return undefined;
  return {
    principal: rootPrincipal(caller, k),
    account,
    region,
    domain: d,
    expiresAt: new Date(e * 1000),
  };
}
