/**
 * Who is asking: the token of codeartifact:GetAuthorizationToken, as Bearer (RFC 6750) or as the password of Basic
 * (RFC 7617) with any user name; `aws` is the documented one. A token opens one domain.
 */
import type { PackageTokenHolder, PackageTokenRefusal } from "../../identity/package-token.ts";
import type { PackageTokenVerifier } from "../../services/codeartifact/token-revocation.ts";
import type { PackageAddress } from "./address.ts";
import { PackageError } from "./errors.ts";

/** Bounds the decoding, not the format. */
const LONGEST_CREDENTIALS = 8192;

const NEW_TOKEN =
  "Run `aws codeartifact login`, or take a new one from `aws codeartifact get-authorization-token`.";

const REFUSALS: Readonly<Record<PackageTokenRefusal | "missing", string>> = {
  missing: `An authorization token is needed. ${NEW_TOKEN}`,
  malformed: `The authorization token is invalid: it is no CodeArtifact token. ${NEW_TOKEN}`,
  unknown: `The authorization token is invalid: it was not issued by this server, or its access key is gone. ${NEW_TOKEN}`,
  expired: `Your authorization token has expired. ${NEW_TOKEN}`,
  revoked: `The authorization token was revoked. ${NEW_TOKEN}`,
};

export interface PresentedToken {
  readonly text: string;
  readonly holder: PackageTokenHolder;
}

/** Throws 401 with the reason, and 403 for a token of another domain. */
export async function authenticate(
  header: string | undefined,
  now: Date,
  address: PackageAddress,
  verify: PackageTokenVerifier["verifyPackageToken"],
  challenge: string,
): Promise<PresentedToken> {
  const text = presentedToken(header);
  if (text === undefined) throw unauthorized("missing", challenge);
  return verifyToken(text, now, address, verify, challenge);
}

/** The same for a token that came in another way (npm's login sends it as a password). */
export async function verifyToken(
  text: string,
  now: Date,
  address: PackageAddress,
  verify: PackageTokenVerifier["verifyPackageToken"],
  challenge: string,
): Promise<PresentedToken> {
  const verified = await verify(text, now);
  if (!verified.ok) throw unauthorized(verified.reason, challenge);
  const { holder } = verified;
  const { domain, owner, region } = address;
  if (holder.domain !== domain || holder.account !== owner || holder.region !== region)
    throw new PackageError(
      403,
      "AccessDeniedException",
      `Your authorization token is for domain ${holder.domain} of account ${holder.account} in ${holder.region}, not for domain ${domain} of account ${owner} in ${region}. ${NEW_TOKEN}`,
    );
  return { text, holder };
}

function unauthorized(reason: PackageTokenRefusal | "missing", challenge: string): PackageError {
  const code = reason === "missing" ? "MissingToken" : reason === "expired" ? "ExpiredToken" : "InvalidToken";
  const text = REFUSALS[reason];
  return new PackageError(401, code, text, {
    "www-authenticate": describedChallenge(challenge, reason, text),
  });
}

/** RFC 6750 section 3: npm prints the challenge and not the body. */
function describedChallenge(
  challenge: string,
  reason: PackageTokenRefusal | "missing",
  text: string,
): string {
  if (!/^bearer /i.test(challenge)) return challenge;
  const error = reason === "missing" ? "" : ', error="invalid_token"';
  return `${challenge}${error}, error_description="${text}"`;
}

function presentedToken(header: string | undefined): string | undefined {
  if (header === undefined || header.length > LONGEST_CREDENTIALS) return undefined;
  const [, scheme = "", credentials = ""] = /^\s*(\S+)\s+(\S+)\s*$/.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return credentials;
    case "basic": {
      const pair = Buffer.from(credentials, "base64").toString("utf8");
      const password = pair.slice(pair.indexOf(":") + 1);
      return pair.includes(":") && password !== "" ? password : undefined;
    }
    default:
      return undefined;
  }
}
