import type { PackageGroupDescription, PackageGroupReference } from "@aws-sdk/client-codeartifact";
import type { DomainRow } from "../access.ts";
import { packageGroupArn } from "../names.ts";
import { effectiveMode } from "../origin-controls.ts";
import type { GroupsOfDomain } from "./group-access.ts";
import { type PackageGroup, RESTRICTION_TYPES } from "./package-groups.ts";

/** A group as the API shows it; summaries have the same members. */
export function describeGroup(
  { domain, groups }: GroupsOfDomain,
  group: PackageGroup,
): PackageGroupDescription {
  const parent = groups.parentOf(group);
  const restrictions = RESTRICTION_TYPES.map((type) => {
    const { mode, from } = effectiveMode(groups, group, type);
    // The root has nothing to inherit from: what it was not told is ALLOW.
    const own = group.modes[type] ?? (parent ? "INHERIT" : mode);
    const restriction = {
      mode: own,
      effectiveMode: mode,
      ...(own === "INHERIT" && { inheritedFrom: reference(domain, from) }),
      repositoriesCount: group.allowedRepositories[type]?.size ?? 0,
    };
    return [type, restriction] as const;
  });
  return {
    arn: arnOf(domain, group),
    pattern: group.pattern.text,
    domainName: domain.name,
    domainOwner: domain.account,
    createdTime: new Date(group.row?.createdAt ?? domain.created_at),
    contactInfo: group.row?.contact,
    description: group.row?.description,
    originConfiguration: { restrictions: Object.fromEntries(restrictions) },
    ...(parent && { parent: reference(domain, parent) }),
  };
}

function reference(domain: DomainRow, group: PackageGroup): PackageGroupReference {
  return { arn: arnOf(domain, group), pattern: group.pattern.text };
}

function arnOf(domain: DomainRow, group: PackageGroup): string {
  return packageGroupArn(
    { owner: domain.account, region: domain.region, domain: domain.name },
    group.pattern.text,
  );
}
