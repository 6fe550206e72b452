/**
 * Where docker finds the registry, said in the terms of how the caller reached this server (docs/architecture.md,
 * "Names and hosts"): under an own domain the account's host, else the very host that was asked.
 */
import type { AccountId } from "../../aws/names.ts";
import type { Call } from "../../identity/call.ts";

/** Behind private DNS we answer for AWS's own names too, configured or not (host mode c). */
const AWS_DOMAIN = "amazonaws.com";

/** `https://123456789012.dkr.ecr.us-east-1.example.com` or `http://localhost:7560` */
export function registryEndpoint(
  call: Pick<Call, "baseUrl" | "region">,
  account: AccountId,
  domains: readonly string[],
): string {
  const url = new URL(call.baseUrl);
  const domain = [...domains, AWS_DOMAIN].find(
    (name) => url.hostname === name || url.hostname.endsWith(`.${name}`),
  );
  if (domain !== undefined) url.hostname = `${account}.dkr.ecr.${call.region}.${domain}`;
  return url.origin;
}

/** The same without the scheme, as image names have it. */
export function registryHost(
  call: Pick<Call, "baseUrl" | "region">,
  account: AccountId,
  domains: readonly string[],
): string {
  return new URL(registryEndpoint(call, account, domains)).host;
}
