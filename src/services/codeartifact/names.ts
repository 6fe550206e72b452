/** What CodeArtifact's resources are called: ARNs (Service Authorization Reference, "AWS CodeArtifact") and their parts. */
import {
  type AccountId,
  formatArn,
  parseAccountId,
  parseArn,
  parseRegion,
  type Region,
} from "../../aws/names.ts";
import type { FormatName, PackageName } from "./format.ts";

export const DOMAIN_NAME = /^[a-z][a-z0-9-]{0,48}[a-z0-9]$/;
export const REPOSITORY_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,99}$/;

/** Where a domain is: its owner's account, a region, a name. */
export interface DomainPlace {
  readonly owner: AccountId | string;
  readonly region: Region | string;
  readonly domain: string;
}

export function domainArn(place: DomainPlace): string {
  return arnOf(place, `domain/${place.domain}`);
}

/** `repository` may be `*`. */
export function repositoryArn(place: DomainPlace & { readonly repository: string }): string {
  return arnOf(place, `repository/${place.domain}/${place.repository}`);
}

/** An absent namespace leaves an empty part: `package/domain/repository/pypi//requests`. */
export function packageArn(
  repository: DomainPlace & { readonly name: string },
  format: FormatName,
  { namespace, name }: PackageName,
): string {
  return arnOf(repository, `package/${repository.domain}/${repository.name}/${format}/${namespace}/${name}`);
}

/** `pattern` as the caller wrote it: `/npm/acme/*`. */
export function packageGroupArn(place: DomainPlace, pattern: string): string {
  return arnOf(place, `package-group/${place.domain}${encodePattern(pattern)}`);
}

/** What is encoded in the ARN of a package group, so that a policy can name one group (user guide, "Package group ARNs"). */
const ENCODED: Readonly<Record<string, string>> = { "*": "%2a", $: "%24", "%": "%25" };

function encodePattern(pattern: string): string {
  return pattern.replace(/[*$%]/g, (sign) => ENCODED[sign] ?? sign);
}

/** ARNs made by hand often have the signs as they are. */
function decodePattern(encoded: string): string {
  return encoded.replace(/%2a|%24|%25/gi, (code) => decodeURIComponent(code));
}

export type TaggedResource = DomainPlace & { readonly owner: AccountId; readonly region: Region } & (
    | { readonly kind: "domain" }
    | { readonly kind: "repository"; readonly repository: string }
    | { readonly kind: "package-group"; readonly pattern: string }
  );

/** The resources that can have tags; undefined for every other ARN. */
export function parseTaggedArn(text: string): TaggedResource | undefined {
  const arn = parseArn(text);
  if (arn?.service !== "codeartifact") return undefined;
  const owner = parseAccountId(arn.account);
  const region = parseRegion(arn.region);
  const {
    kind,
    domain = "",
    rest,
  } = /^(?<kind>domain|repository|package-group)\/(?<domain>[^/]+)(?<rest>\/.*)?$/s.exec(arn.resource)
    ?.groups ?? {};
  if (!owner || !region || !DOMAIN_NAME.test(domain)) return undefined;
  const place = { owner, region, domain };
  if (kind === "domain") return rest === undefined ? { ...place, kind } : undefined;
  if (rest === undefined) return undefined;
  if (kind === "package-group") return { ...place, kind, pattern: decodePattern(rest) };
  const repository = rest.slice(1);
  return REPOSITORY_NAME.test(repository) ? { ...place, kind: "repository", repository } : undefined;
}

function arnOf({ owner, region }: DomainPlace, resource: string): string {
  return formatArn({
    service: "codeartifact",
    region: region as Region,
    account: owner as AccountId,
    resource,
  });
}
