/**
 * Where an upstream may lead. Operators decide which hosts are upstreams, but what these link or redirect to is said
 * by whoever wrote their documents: an upstream outside must not make this server ask hosts inside its own network.
 */
import { lookup as resolve } from "node:dns";
import { lookup } from "node:dns/promises";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { UpstreamRefused } from "./upstreams.ts";

/** Loopback, private, link-local (metadata services of clouds), shared, unspecified and for nobody's host (RFC 6890). */
const INSIDE = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const) {
  INSIDE.addSubnet(network, prefix, "ipv4");
  // RFC 6052: what a NAT64 makes of it. In networks of IPv6 alone all the world outside has this prefix.
  INSIDE.addSubnet(`64:ff9b::${network}`, 96 + prefix, "ipv6");
}
for (const [network, prefix] of [
  // With the addresses of IPv4 that were once written so, and those of 6to4 (RFC 7526: nobody's any more).
  ["::", 96],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const)
  INSIDE.addSubnet(network, prefix, "ipv6");

export function isInside(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && INSIDE.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** Whether the connection's own host is inside; then it may lead to others there. */
export async function leadsInside(baseUrl: string): Promise<boolean> {
  const host = hostOf(new URL(baseUrl));
  if (isIP(host)) return isInside(host);
  try {
    const addresses = await lookup(host, { all: true });
    return addresses.some(({ address }) => isInside(address));
  } catch {
    // Nobody knows the name: only a proxy can reach it, and where that leads is the proxy's to say.
    return false;
  }
}

/** Throws UpstreamRefused for an address that is written out (lookups do not see it). */
export function checkOutside(url: URL): void {
  const host = hostOf(url);
  if (isInside(host)) throw inside(host);
}

/**
 * A lookup that finds no address inside; it is made when connecting, so no name can change in between.
 *
 * @param proxies host names that are the operator's own
 */
export function outsideLookup(proxies: ReadonlySet<string>): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "", 0);
      const bad = proxies.has(host) ? undefined : addresses.find(({ address }) => isInside(address));
      if (bad) return callback(inside(host), "", 0);
      if (options.all) return callback(null, addresses);
      callback(null, addresses[0]?.address ?? "", addresses[0]?.family);
    });
  };
}

function inside(host: string): UpstreamRefused {
  return new UpstreamRefused(`the upstream leads to ${host}, which is inside this server's own network`);
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}
