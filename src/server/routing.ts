import { type AccountId, parseAccountId, parseRegion, type Region } from "../aws/names.ts";
import type { HostNames } from "./door.ts";

/**
 * Which door a request goes to, by host name and path alone (docs/architecture.md, "Names and hosts").
 * All three host modes hold at once: loopback and bare names by path, own domains by host, and AWS's own
 * names by host behind private DNS. Pure: nothing here looks at headers other than Host.
 *
 * Hosts are compared as RFC 9110 section 4.2.3 says (case-insensitive, port aside), and a trailing dot is the
 * same name (RFC 1034 section 3.1). Paths are compared as they came: an encoded or doubled slash is no prefix
 * of ours, so it ends at the AWS door, which refuses what it does not know.
 */
export type DoorName =
  | "registry"
  | "aws"
  | "layer-download"
  | "packages"
  | "healthz"
  | "readyz"
  | "metrics"
  | "unknown-own-path";

export interface Route {
  readonly door: DoorName;
  readonly host: HostNames;
}

/** Why a request is refused before any door sees it. */
export interface BadRoute {
  readonly problem: string;
}

/** AWS's names always work, so that literal commands do behind private DNS (host mode c). */
const ALWAYS_OUR_DOMAINS = ["localhost", "amazonaws.com"];

/** Ours, on every host but a bucket's: no bucket's name can begin with `-`. First match wins. */
const PATHS: readonly { readonly path: string; readonly exact: boolean; readonly door: DoorName }[] = [
  { path: "/-/healthz", exact: true, door: "healthz" },
  { path: "/-/readyz", exact: true, door: "readyz" },
  { path: "/-/metrics", exact: true, door: "metrics" },
  // What GetDownloadUrlForLayer hands out.
  { path: "/-/ecr/layers/", exact: false, door: "layer-download" },
  // What GetRepositoryEndpoint gives out: `/-/codeartifact/<region>/<domain>-<owner>/<format>/<repository>/`.
  { path: "/-/codeartifact/", exact: false, door: "packages" },
  { path: "/-/", exact: false, door: "unknown-own-path" },
  { path: "/v2/", exact: false, door: "registry" },
  { path: "/v2", exact: true, door: "registry" },
];

interface HostForm {
  /** On the name without its domain; group names say what the parts are. */
  readonly pattern: RegExp;
  /** Where such a host leads whatever the path; without it the path table decides first. */
  readonly door?: DoorName;
  readonly names: (parts: Parts) => HostNames | undefined;
}

type Parts = Readonly<Record<string, string | undefined>>;

const BUCKET = "(?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])";
const REGION = "(?<region>[a-z0-9-]+)";

/** First match wins. */
const HOST_FORMS: readonly HostForm[] = [
  {
    pattern: new RegExp(`^(?<account>\\d{12})\\.dkr[.-]ecr\\.${REGION}$`),
    names: ({ account = "", region = "" }) => named({ account: parseAccountId(account) }, region),
  },
  {
    // A package domain's name may contain dashes and digits: the owner is the last twelve digits.
    pattern: new RegExp(
      `^(?<packageDomain>[a-z][a-z0-9-]{0,48}[a-z0-9])-(?<account>\\d{12})\\.d\\.codeartifact\\.${REGION}$`,
    ),
    door: "packages",
    names: ({ packageDomain = "", account = "", region = "" }) =>
      named({ packageDomain, account: parseAccountId(account) }, region),
  },
  {
    // Also by IPv6 (`bucket.s3.dualstack.us-east-1`) and in the form of old (`bucket.s3-us-west-2`).
    pattern: new RegExp(`^${BUCKET}\\.s3(?:\\.dualstack\\.|[.-])${REGION}$`),
    door: "aws",
    names: ({ bucket = "", region = "" }) => named({ bucket, service: "s3" }, region),
  },
  {
    pattern: new RegExp(`^${BUCKET}\\.s3$`),
    door: "aws",
    names: ({ bucket = "" }) => ({ bucket, service: "s3" }),
  },
  {
    pattern: new RegExp(`^s3(?:\\.dualstack\\.|[.-])${REGION}$`),
    names: ({ region = "" }) => named({ service: "s3" }, region),
  },
  {
    pattern: new RegExp(`^(?<service>[a-z0-9-]+(?:\\.[a-z0-9-]+)?)\\.${REGION}$`),
    names: ({ service = "", region = "" }) => named({ service }, region),
  },
  { pattern: /^(?<service>[a-z0-9-]+)$/, names: ({ service = "" }) => ({ service }) },
];

/** The names with their region, or nothing when that is no region or the account is no account. */
function named(
  names: { account?: AccountId | undefined; bucket?: string; packageDomain?: string; service?: string },
  regionText: string,
): HostNames | undefined {
  const region: Region | undefined = parseRegion(regionText);
  if (!region || ("account" in names && !names.account)) return undefined;
  return { ...names, region } as HostNames;
}

/** host, or [IPv6], and a port; RFC 9110 section 7.2 without the percent-encoded names nobody uses. */
const HOST_HEADER = /^(?<name>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?)(?::\d{1,5})?$/i;

const NO_NAMES: HostNames = {};

export type Router = (host: string | undefined, target: string) => Route | BadRoute;

/** @param domains own domains (`artifacts.example.com`), in any case */
export function createRouter(domains: readonly string[]): Router {
  const suffixes = [...domains.map(normalize), ...ALWAYS_OUR_DOMAINS].map((domain) => `.${domain}`);
  // The longest first: with `example.com` and `a.example.com` both ours, the nearer one is meant.
  suffixes.sort((a, b) => b.length - a.length);

  return (host, target) => {
    const form = host === undefined ? undefined : readHost(host, suffixes);
    if (host !== undefined && !form) return { problem: "The Host header is not a host name." };
    if (!target.startsWith("/")) return { problem: "The request target must begin with a slash." };
    return { door: form?.door ?? doorByPath(target), host: form?.names ?? NO_NAMES };
  };
}

export function isBadRoute(route: Route | BadRoute): route is BadRoute {
  return "problem" in route;
}

function doorByPath(target: string): DoorName {
  // Nearly every request is one of two kinds; the table is for the rest.
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  for (const entry of PATHS) {
    if (entry.exact ? path === entry.path : path.startsWith(entry.path)) return entry.door;
  }
  return "aws";
}

function readHost(
  host: string,
  suffixes: readonly string[],
): { names: HostNames; door?: DoorName } | undefined {
  const name = HOST_HEADER.exec(host)?.groups?.["name"];
  if (name === undefined || name.includes("..")) return undefined;
  const normal = normalize(name);
  const suffix = suffixes.find((candidate) => normal.endsWith(candidate));
  if (suffix === undefined) return { names: NO_NAMES };
  const rest = normal.slice(0, -suffix.length);
  for (const { pattern, names, door } of HOST_FORMS) {
    const match = pattern.exec(rest);
    const found = match && names(match.groups ?? {});
    if (found) return door === undefined ? { names: found } : { names: found, door };
  }
  return { names: NO_NAMES };
}

function normalize(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
