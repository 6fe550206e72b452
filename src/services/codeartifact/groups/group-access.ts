/** From a request's names to a package group that the caller may use. The domain's policy decides, on the group's ARN. */
import type { AccountId } from "../../../aws/names.ts";
import type { Call } from "../../../identity/call.ts";
import { authorizeDomain, type DomainInput, type DomainRow, domainNamed, findDomain } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import { domainNotFound, notFound, validation } from "../errors.ts";
import { PackageInvalid } from "../format.ts";
import { packageGroupArn } from "../names.ts";
import type { ConditionKeys } from "../resource-tags.ts";
import { type PackageGroupPattern, parsePackageGroupPattern } from "./package-group-pattern.ts";
import { loadGroups, type PackageGroup, type PackageGroups } from "./package-groups.ts";

export interface GroupInput extends DomainInput {
  readonly packageGroup: string | undefined;
}

/** A domain with all of its groups. */
export interface GroupsOfDomain {
  readonly domain: DomainRow;
  readonly groups: PackageGroups;
}

/** A domain as the request names it; the row is undefined when there is none. Says nothing of permission yet. */
export interface NamedDomain {
  readonly owner: AccountId;
  readonly name: string;
  readonly row: DomainRow | undefined;
}

export async function findNamedDomain(
  context: CodeArtifactContext,
  call: Call,
  input: DomainInput,
): Promise<NamedDomain> {
  const { owner, domain: name } = domainNamed(call, input);
  const row = await findDomain(context.metadata.reader, { owner, region: call.region, domain: name });
  return { owner, name, row };
}

/** Checks `action` on the pattern, whether or not it has a group; throws AccessDeniedException, ResourceNotFoundException for the domain. */
export function authorizeGroup(
  context: CodeArtifactContext,
  call: Call,
  named: NamedDomain,
  pattern: string,
  action: string,
  conditions: ConditionKeys = {},
): DomainRow {
  const place = { owner: named.owner, region: call.region, domain: named.name };
  const resource = packageGroupArn(place, pattern);
  authorizeDomain(context.authorize, call, named, action, { resource, context: conditions });
  if (named.row === undefined) throw domainNotFound(named.name, named.owner);
  return named.row;
}

/** Also throws ResourceNotFoundException when the pattern has no group. */
export async function openGroup(
  context: CodeArtifactContext,
  call: Call,
  input: GroupInput,
  action: string,
): Promise<GroupsOfDomain & { readonly group: PackageGroup }> {
  const pattern = input.packageGroup ?? "";
  const named = await findNamedDomain(context, call, input);
  const domain = authorizeGroup(context, call, named, pattern, action);
  const groups = await loadGroups(context.metadata.reader, domain.id);
  return { domain, groups, group: groupNamed(groups, domain, pattern) };
}

export function groupNamed(groups: PackageGroups, domain: DomainRow, pattern: string): PackageGroup {
  const group = groups.get(pattern);
  if (group === undefined) {
    throw notFound(
      `Package group '${pattern}' in domain '${domain.name}' does not exist.`,
      undefined,
      pattern,
    );
  }
  return group;
}

/** Throws ValidationException. */
export function patternOf(text: string | undefined): PackageGroupPattern {
  try {
    return parsePackageGroupPattern(text ?? "");
  } catch (error) {
    if (error instanceof PackageInvalid) throw validation(error.message);
    throw error;
  }
}
