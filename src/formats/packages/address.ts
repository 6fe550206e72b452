/**
 * Where a package client knocks: by path `/-/codeartifact/<region>/<domain>-<owner>/<format>/<repository>/...`, or at a
 * package domain's own host name, where the path begins with the format.
 */
import { type AccountId, parseAccountId, parseRegion, type Region } from "../../aws/names.ts";
import type { Arrival } from "../../server/door.ts";
import type { RepositoryAddress } from "../../services/codeartifact/engine.ts";

const PATH_FORM =
  /^\/-\/codeartifact\/(?<region>[a-z0-9-]+)\/(?<domain>[a-z][a-z0-9-]{0,48}[a-z0-9])-(?<owner>\d{12})(?<rest>\/.*)?$/s;
const REST = /^\/(?<format>[a-z]+)\/(?<repository>[A-Za-z0-9][A-Za-z0-9._-]{1,99})(?:\/(?<path>.*))?$/s;

export interface PackageAddress extends RepositoryAddress {
  readonly region: Region;
  /** As the address calls it; a door is looked up by it. */
  readonly format: string;
  /** What follows the repository, raw: neither decoded nor normalized. */
  readonly path: string;
  /** This repository as the client reached it; ends in a slash. */
  readonly baseUrl: string;
}

/** `path` is the request target without its query. Undefined when it names no repository. */
export function parsePackageAddress(
  path: string,
  { host, baseUrl }: Pick<Arrival, "host" | "baseUrl">,
): PackageAddress | undefined {
  const place = host.packageDomain === undefined ? placeInPath(path) : placeInHost(host, path);
  const { format, repository, path: rest = "" } = REST.exec(place?.rest ?? "")?.groups ?? {};
  if (place === undefined || format === undefined || repository === undefined) return undefined;
  const { domain, owner, region, prefix } = place;
  return {
    domain,
    owner,
    region,
    format,
    repository,
    path: rest,
    baseUrl: `${baseUrl}${prefix}/${format}/${repository}/`,
  };
}

interface Place {
  readonly domain: string;
  readonly owner: AccountId;
  readonly region: Region;
  /** The part of the path that the rest follows. */
  readonly prefix: string;
  readonly rest: string;
}

function placeInPath(path: string): Place | undefined {
  const { region = "", domain = "", owner = "", rest = "" } = PATH_FORM.exec(path)?.groups ?? {};
  return place({ region: parseRegion(region), domain, owner: parseAccountId(owner) }, path, rest);
}

function placeInHost({ packageDomain, account, region }: Arrival["host"], path: string): Place | undefined {
  return place({ region, domain: packageDomain ?? "", owner: account }, path, path);
}

function place(
  names: { region: Region | undefined; domain: string; owner: AccountId | undefined },
  path: string,
  rest: string,
): Place | undefined {
  const { region, domain, owner } = names;
  if (!region || !owner || domain === "") return undefined;
  return { region, domain, owner, prefix: path.slice(0, path.length - rest.length), rest };
}
