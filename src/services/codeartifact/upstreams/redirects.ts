import { UpstreamRefused } from "./upstreams.ts";

const MAX_ADDRESS_LENGTH = 8192;

/** An address that an upstream wrote. Throws UpstreamRefused for one that is not of http or https. */
export function addressOf(text: string, connection: string, base?: URL): URL {
  const url = text !== "" && text.length <= MAX_ADDRESS_LENGTH ? URL.parse(text, base?.href) : null;
  if (!url || !["http:", "https:"].includes(url.protocol))
    throw new UpstreamRefused(`${connection} leads to an address that is none: ${text.slice(0, 200)}`);
  // Credentials and fragments in an address are not the upstream's to say.
  url.username = "";
  url.password = "";
  url.hash = "";
  return url;
}

/** Where a Location leads from an address; never out of https into what anybody on the way can read and change. */
export function redirected(from: URL, location: string, connection: string): URL {
  const next = addressOf(location, connection, from);
  if (from.protocol === "https:" && next.protocol === "http:")
    throw new UpstreamRefused(`${connection} redirects from https to http`);
  return next;
}
