/**
 * Users and tokens as npm asks for them. Tokens are made by codeartifact:GetAuthorizationToken and nowhere else: logging in
 * with one as the password gives it back, logging out revokes it.
 */
import { createHash } from "node:crypto";
import type { PackageTokenVerifier } from "../../services/codeartifact/token-revocation.ts";
import { verifyToken } from "../packages/authentication.ts";
import { readBody } from "../packages/body.ts";
import { badRequest, notFound, PackageError } from "../packages/errors.ts";
import { type PackageExchange, sendJson, type UnauthenticatedExchange } from "../packages/exchange.ts";
import { parseObject, textOf } from "./json.ts";

const LARGEST_LOGIN = 64 * 1024;

const ELSEWHERE =
  "Tokens are made by `aws codeartifact get-authorization-token`; run `aws codeartifact login --tool npm`, or log in with such a token as the password.";

/** `npm login` (web): there is no web page to log in at, and npm then asks for name and password. */
export async function refuseWebLogin(exchange: UnauthenticatedExchange): Promise<void> {
  sendJson(exchange, 404, { error: ELSEWHERE });
}

/** `npm login --auth-type=legacy`, `npm adduser`. */
export async function logInWithToken(
  exchange: UnauthenticatedExchange,
  user: string,
  tokens: PackageTokenVerifier,
  challenge: string,
): Promise<void> {
  const body = parseObject((await readBody(exchange, LARGEST_LOGIN)).toString("utf8"), "The body");
  const password = textOf(body["password"]);
  if (password === undefined) throw badRequest(`A password is needed. ${ELSEWHERE}`);
  const { arrival, address } = exchange;
  await verifyToken(password, arrival.receivedAt, address, tokens.verifyPackageToken, challenge);
  sendJson(exchange, 201, {
    ok: true,
    id: `org.couchdb.user:${user}`,
    rev: "1-0",
    token: password,
  });
}

export async function whoami(exchange: PackageExchange): Promise<void> {
  sendJson(exchange, 200, { username: exchange.call.principal.arn });
}

export async function profile(exchange: PackageExchange): Promise<void> {
  const { arn } = exchange.call.principal;
  sendJson(exchange, 200, { tfa: false, name: arn, fullname: arn, email: "", email_verified: false });
}

/** The one that asks: nothing is kept of the others. */
export async function listTokens(exchange: PackageExchange): Promise<void> {
  const { token, call } = exchange;
  const { expiresAt } = token.holder;
  const one = {
    key: tokenKey(token.text),
    token: token.text.slice(0, 6),
    user: call.principal.arn,
    readonly: false,
    cidr_whitelist: null,
    // Tokens say when they end, not when they began.
    created: call.now.toISOString(),
    updated: call.now.toISOString(),
    expires: expiresAt.toISOString(),
  };
  sendJson(exchange, 200, { objects: [one], total: 1, urls: {} });
}

export async function refuseNewToken(): Promise<void> {
  throw new PackageError(403, "NotAllowed", ELSEWHERE);
}

/** `npm logout` names the token itself, `npm token revoke` its key. */
export async function revokeToken(
  exchange: PackageExchange,
  named: string,
  tokens: PackageTokenVerifier,
): Promise<void> {
  const { token, call } = exchange;
  if (named === token.text || named === tokenKey(token.text))
    await tokens.revokePackageToken(token.text, call.now);
  else {
    const other = await tokens.verifyPackageToken(named, call.now);
    if (!other.ok || other.holder.principal.account !== call.principal.account)
      throw notFound(
        "There is no such token: only the one you show, or another one in full, can be revoked.",
      );
    await tokens.revokePackageToken(named, call.now);
  }
  sendJson(exchange, 200, { ok: true });
}

function tokenKey(token: string): string {
  return createHash("sha512").update("key ").update(token).digest("hex");
}
