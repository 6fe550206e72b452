/**
 * Origin controls: by which ways new versions of a package may come into a repository (CodeArtifact user guide, "Package
 * group origin controls" and "Editing package origin controls"). The package's own settings and those of its group must
 * both allow it: what either blocks is blocked. A name that is only a variation of its group's pattern gets no new
 * version at all, whatever the group allows.
 */
import type { FormatName, PackageName } from "./format.ts";
import { packagePath } from "./groups/package-group-pattern.ts";
import type {
  PackageGroup,
  PackageGroups,
  RestrictionMode,
  RestrictionType,
} from "./groups/package-groups.ts";

export interface OriginDecision {
  readonly allowed: boolean;
  /** For the person who asked: which setting decided. */
  readonly because: string;
}

export interface OriginControls {
  readonly publish: OriginDecision;
  /** From an external connection of this repository. */
  readonly externalUpstream: OriginDecision;
  /** From another repository of the domain. */
  readonly internalUpstream: OriginDecision;
}

/** What the package itself says in this repository; undefined while it has no row there. */
export interface PackageRestrictions {
  readonly publish: string;
  readonly upstream: string;
}

export interface EffectiveMode {
  readonly mode: RestrictionMode;
  /** Whose mode it is: the group's own, or of the first above it that has one. */
  readonly from: PackageGroup;
}

/** The root allows what it does not say otherwise. */
export function effectiveMode(
  groups: PackageGroups,
  group: PackageGroup,
  type: RestrictionType,
): EffectiveMode {
  let from = group;
  for (;;) {
    const mode = from.modes[type];
    if (mode !== undefined) return { mode, from };
    const parent = groups.parentOf(from);
    if (parent === undefined) return { mode: "ALLOW", from };
    from = parent;
  }
}

export function originControls(
  groups: PackageGroups,
  format: FormatName,
  name: PackageName,
  repository: string,
  restrictions: PackageRestrictions | undefined,
): OriginControls {
  const { group, strength } = groups.associated(packagePath(format, name.namespace, name.name));
  const decide = (type: RestrictionType, own: string | undefined): OriginDecision => {
    if (strength === "WEAK") {
      return blocked(
        `its name is only a variation of the package group '${group.pattern.text}', which allows no new versions of variations`,
      );
    }
    if (own === "BLOCK") {
      const setting = type === "PUBLISH" ? "publish" : "upstream";
      return blocked(`the package's origin configuration in repository '${repository}' has ${setting}=BLOCK`);
    }
    return byGroup(groups, group, type, repository);
  };
  return {
    publish: decide("PUBLISH", restrictions?.publish),
    externalUpstream: decide("EXTERNAL_UPSTREAM", restrictions?.upstream),
    internalUpstream: decide("INTERNAL_UPSTREAM", restrictions?.upstream),
  };
}

function byGroup(
  groups: PackageGroups,
  group: PackageGroup,
  type: RestrictionType,
  repository: string,
): OriginDecision {
  const { mode, from } = effectiveMode(groups, group, type);
  const setting = `the package group '${from.pattern.text}' has ${type}=${mode}`;
  if (mode === "ALLOW_SPECIFIC_REPOSITORIES") {
    const allowed = from.allowedRepositories[type]?.has(repository) ?? false;
    const listed = `${setting}, and repository '${repository}' is ${allowed ? "" : "not "}on its list`;
    return { allowed, because: listed };
  }
  return { allowed: mode === "ALLOW", because: setting };
}

function blocked(because: string): OriginDecision {
  return { allowed: false, because };
}
