import {
  type ConnectionSettings,
  PUBLIC_CONNECTIONS,
} from "../services/codeartifact/upstreams/connections.ts";
import { ConfigError } from "./errors.ts";
import type { Values } from "./sources.ts";

/** Formats that can be asked for packages from outside. */
const FORMATS = ["npm", "pypi", "maven", "nuget"] as const;

type Upstream = Pick<ConnectionSettings, "name" | "format" | "baseUrl">;

/**
 * All external connections: the public ones, those that `upstream` adds or gives another address, each with its
 * credentials and proxy. Throws ConfigError, which never repeats what may be a secret.
 */
export function upstreamConnections(values: Values): readonly ConnectionSettings[] {
  const connections = new Map(PUBLIC_CONNECTIONS.map((connection) => [connection.name, connection]));
  for (const text of values.upstream ?? []) {
    const upstream = parseUpstream(text);
    connections.set(upstream.name, upstream);
  }
  const extend = (setting: "upstream-credentials" | "upstream-proxy", more: (value: string) => object) => {
    for (const text of values[setting] ?? []) {
      const { name, value } = assignment(text);
      const connection = connections.get(name);
      if (!connection) {
        throw new ConfigError(
          `"${setting}" is to be NAME=..., where NAME is one of ${[...connections.keys()].join(", ")}, but is for "${name}".`,
        );
      }
      connections.set(name, { ...connection, ...more(value) });
    }
  };
  extend("upstream-credentials", (value) => ({ authorization: authorizationOf(value) }));
  extend("upstream-proxy", (value) => ({ proxy: proxyOf(value) }));
  return [...connections.values()];
}

/** `acme=npm+https://npm.acme.example/`, `public:npmjs=https://mirror.acme.example/npm` */
function parseUpstream(text: string): Upstream {
  const { name, value } = assignment(text);
  const known = PUBLIC_CONNECTIONS.find((connection) => connection.name === name);
  const { said, address = "" } = /^(?:(?<said>[a-z]+)\+)?(?<address>.*)$/s.exec(value)?.groups ?? {};
  const format = FORMATS.find((each) => each === said) ?? (said === undefined ? known?.format : undefined);
  const url = URL.parse(address);
  const problem =
    problemOfName(name) ??
    (known === undefined && name.startsWith("public:")
      ? "names no public upstream that there is"
      : undefined) ??
    (format === undefined
      ? `needs a format before the URL: ${FORMATS.map((each) => `${each}+`).join(", ")}`
      : undefined) ??
    (known !== undefined && format !== known.format ? `is of the format ${known.format}` : undefined) ??
    problemOfUrl(url);
  if (problem !== undefined || format === undefined || url === null)
    throw new ConfigError(`--upstream (SHOSOIN_UPSTREAM) "${withoutPassword(text)}" ${problem}.`);
  return { name, format, baseUrl: baseUrlOf(url, format) };
}

/** What AssociateExternalConnection takes. */
function problemOfName(name: string): string | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9._\-:]{1,99}$/.test(name)) return undefined;
  return "must be NAME=FORMAT+URL, with a name of 2 to 100 letters, digits, dots, colons, - and _";
}

function problemOfUrl(url: URL | null): string | undefined {
  if (!url || !["http:", "https:"].includes(url.protocol)) return "must lead to an http:// or https:// URL";
  if (url.username !== "" || url.password !== "")
    return "must hold no password; upstream-credentials in shosoin.yaml or SHOSOIN_UPSTREAM_CREDENTIALS takes it";
  return url.search !== "" || url.hash !== "" ? "must have no ? and no # in its URL" : undefined;
}

function baseUrlOf(url: URL, format: ConnectionSettings["format"]): string {
  // NuGet's clients are given the address of the index itself.
  const path = format === "nuget" ? url.pathname.replace(/\/index\.json$/, "/") : url.pathname;
  return `${url.origin}${path.endsWith("/") ? path : `${path}/`}`;
}

/** RFC 7617, or RFC 6750 for a token. */
function authorizationOf(value: string): string {
  if (value === "" || /[\r\n\0]/.test(value))
    throw new ConfigError(`"upstream-credentials" is to be NAME=USER:PASSWORD or NAME=TOKEN.`);
  if (!value.includes(":")) return `Bearer ${value}`;
  return `Basic ${Buffer.from(value, "utf8").toString("base64")}`;
}

function proxyOf(value: string): string {
  const url = URL.parse(value);
  if (url && ["http:", "https:"].includes(url.protocol)) return url.href;
  throw new ConfigError(`"upstream-proxy" is to be NAME=http://[USER:PASSWORD@]HOST:PORT.`);
}

function assignment(text: string): { readonly name: string; readonly value: string } {
  const at = text.indexOf("=");
  return at < 0 ? { name: "", value: text } : { name: text.slice(0, at), value: text.slice(at + 1) };
}

function withoutPassword(text: string): string {
  return text.replace(/:\/\/.*@/s, "://...@");
}
