/**
 * Values that this server hands out and trusts when they come back: base64url(claims) "." base64url(HMAC-SHA256).
 * Any server of a cluster can check them. No colon (`aws ecr get-login-password` splits on it), nothing to escape
 * in a URL, a header or a Basic password.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

/** Longer ones are not ours: nothing of them is decoded. */
const LONGEST = 2_048;

/** @param binding what else must be the same when the token comes back, without being in it */
export function signToken(key: Buffer, claims: Readonly<Record<string, unknown>>, binding: string): string {
  const payload = Buffer.from(JSON.stringify(claims), "utf8").toString("base64url");
  return `${payload}.${mac(key, payload, binding).toString("base64url")}`;
}

/** What the token says, NOT proven: for finding what is needed to prove it. Undefined when it is none of ours. */
export function readUnprovenClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  if (token.length > LONGEST || !/^[\w-]+\.[\w-]{43}$/.test(token)) return undefined;
  try {
    const claims: unknown = JSON.parse(
      Buffer.from(token.split(".", 1)[0] ?? "", "base64url").toString("utf8"),
    );
    return typeof claims === "object" && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether we made the token, with this key and binding. */
export function proveToken(key: Buffer, token: string, binding: string): boolean {
  const [payload = "", signature = ""] = token.split(".");
  const given = Buffer.from(signature, "base64url");
  const expected = mac(key, payload, binding);
  // The last of 43 characters carries spare bits: only the one spelling that we write is ours.
  return (
    given.length === expected.length &&
    timingSafeEqual(given, expected) &&
    signature === given.toString("base64url")
  );
}

function mac(key: Buffer, payload: string, binding: string): Buffer {
  return createHmac("sha256", key).update(`${payload}\n${binding}`, "utf8").digest();
}
