/**
 * Who is asking, as Amazon ECR does it: HTTP Basic (RFC 7617) with user `AWS` and the token of
 * ecr:GetAuthorizationToken as password. No Bearer tokens, no anonymous access.
 * By path (`localhost:7560/repo`) the token says which account and region are meant; by host name the host
 * does, and then the token must be one of that region, while another account's token passes on to the
 * policies of the repositories.
 */
import type { IncomingMessage } from "node:http";
import { BoundedCache } from "../../bounded-cache.ts";
import type { Call } from "../../identity/call.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Arrival } from "../../server/door.ts";
import { RegistryError } from "./errors.ts";

export type VerifyRegistryToken = Identity["verifyRegistryToken"];

const USER = "AWS";
const BEFORE_EVERY_EXPIRY = new Date(0);
/** Bounds the decoding, not the format. */
const LONGEST_CREDENTIALS = 8192;

/** Undefined when the caller has to authenticate; throws 403 for a token that was good once, or is good in another region. */
export async function authenticate(
  request: IncomingMessage,
  arrival: Arrival,
  verifyRegistryToken: VerifyRegistryToken,
): Promise<Call | undefined> {
  const password = basicPassword(request.headers.authorization);
  if (password === undefined) return undefined;
  const holder = await verifyRegistryToken(password, arrival.receivedAt);
  if (holder === undefined) {
    if ((await verifyRegistryToken(password, BEFORE_EVERY_EXPIRY)) === undefined) return undefined;
    // Ours and true, but too old: ECR's own text, which scripts look for.
    throw new RegistryError(
      403,
      "DENIED",
      "Your authorization token has expired. Reauthenticate and try again.",
    );
  }
  const region = arrival.host.region ?? holder.region;
  if (region !== holder.region) {
    throw new RegistryError(
      403,
      "DENIED",
      `Your authorization token was issued for the region ${holder.region} and is not valid in ${region}. Reauthenticate and try again.`,
    );
  }
  return {
    principal: holder.principal,
    account: arrival.host.account ?? holder.account,
    region,
    requestId: arrival.requestId,
    now: arrival.receivedAt,
    sourceIp: arrival.sourceIp,
    secure: arrival.secure,
    // The server makes these when asked for, which most requests never do.
    get signal() {
      return arrival.signal;
    },
    get baseUrl() {
      return arrival.baseUrl;
    },
  };
}

/** `WWW-Authenticate` for this host. */
export function challenge(arrival: Arrival): string {
  // The base URL holds the client's own Host header: nothing of it may leave the quotes.
  const realm = `${arrival.baseUrl}/`.replace(/[^\x21\x23-\x5b\x5d-\x7e]/g, "");
  return `Basic realm="${realm}",service="ecr.amazonaws.com"`;
}

/** Passwords by the header they came in: a client sends the same one with each request. */
const passwords = new BoundedCache<string, string>(1_000);

function basicPassword(header: string | undefined): string | undefined {
  if (header === undefined || header.length > LONGEST_CREDENTIALS) return undefined;
  const known = passwords.get(header);
  if (known !== undefined) return known;
  const password = decodeBasic(header);
  if (password !== undefined) passwords.set(header, password);
  return password;
}

function decodeBasic(header: string): string | undefined {
  if (header.slice(0, 6).toLowerCase() !== "basic ") return undefined;
  const credentials = Buffer.from(header.slice(6), "base64").toString("latin1");
  const colon = credentials.indexOf(":");
  return colon > 0 && credentials.slice(0, colon) === USER ? credentials.slice(colon + 1) : undefined;
}
