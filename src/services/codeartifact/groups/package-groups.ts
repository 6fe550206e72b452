/** The package groups of a domain as one value: which group a package belongs to, and how groups lie in one another. */
import type { Reader } from "../../../storage/metadata/metadata.ts";
import {
  comparePatterns,
  containsPattern,
  type MatchStrength,
  matchPattern,
  type PackageGroupPattern,
  type PackagePath,
  parsePackageGroupPattern,
  ROOT_PATTERN,
} from "./package-group-pattern.ts";

export const RESTRICTION_TYPES = ["PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM"] as const;
export type RestrictionType = (typeof RESTRICTION_TYPES)[number];

/** INHERIT is the absence of a mode. */
export type RestrictionMode = "ALLOW" | "BLOCK" | "ALLOW_SPECIFIC_REPOSITORIES";

export interface PackageGroup {
  readonly pattern: PackageGroupPattern;
  readonly modes: Readonly<Partial<Record<RestrictionType, RestrictionMode>>>;
  /** Names of repositories that ALLOW_SPECIFIC_REPOSITORIES means. */
  readonly allowedRepositories: Readonly<Partial<Record<RestrictionType, ReadonlySet<string>>>>;
  /** What only people read. Undefined for the root while it has no row, and in previews. */
  readonly row?: PackageGroupRow;
}

export interface PackageGroupRow {
  readonly id: string;
  readonly createdAt: number;
  readonly contact: string | undefined;
  readonly description: string | undefined;
}

export interface Association {
  readonly group: PackageGroup;
  readonly strength: MatchStrength;
}

const ROOT_GROUP: PackageGroup = {
  pattern: parsePackageGroupPattern(ROOT_PATTERN),
  modes: {},
  allowedRepositories: {},
};

export class PackageGroups {
  /** The most specific first; the root is the last. */
  readonly all: readonly PackageGroup[];
  private readonly parents = new Map<PackageGroup, PackageGroup | undefined>();

  constructor(groups: readonly PackageGroup[]) {
    const hasRoot = groups.some((group) => group.pattern.text === ROOT_PATTERN);
    this.all = [...groups, ...(hasRoot ? [] : [ROOT_GROUP])].sort(
      (one, other) => comparePatterns(other.pattern, one.pattern) || compareTexts(one, other),
    );
  }

  get(pattern: string): PackageGroup | undefined {
    return this.all.find((group) => group.pattern.text === pattern);
  }

  /** The most specific group that matches; of equally specific ones that which matches strongly. */
  associated(path: PackagePath): Association {
    let best: Association | undefined;
    for (const group of this.all) {
      if (best && comparePatterns(best.group.pattern, group.pattern) > 0) break;
      const strength = matchPattern(group.pattern, path);
      if (strength === "STRONG") return { group, strength };
      if (strength === "WEAK") best ??= { group, strength };
    }
    return best ?? { group: ROOT_GROUP, strength: "STRONG" };
  }

  /** Undefined for the root only. */
  parentOf(group: PackageGroup): PackageGroup | undefined {
    if (!this.parents.has(group)) {
      this.parents.set(
        group,
        this.all.find((other) => containsPattern(other.pattern, group.pattern)),
      );
    }
    return this.parents.get(group);
  }

  childrenOf(group: PackageGroup): readonly PackageGroup[] {
    return this.all.filter((other) => this.parentOf(other) === group);
  }

  /** With one more group, as a preview; itself when the pattern has a group already. */
  with(pattern: PackageGroupPattern): PackageGroups {
    if (this.get(pattern.text)) return this;
    return new PackageGroups([...this.all, { pattern, modes: {}, allowedRepositories: {} }]);
  }
}

/** All of a domain's groups; the root is among them whether or not it has a row. */
export async function loadGroups(db: Reader, domainId: string): Promise<PackageGroups> {
  const rows = await db
    .selectFrom("codeartifact_groups")
    .select(["id", "pattern", "created_at", "contact", "description", "restrictions"])
    .where("domain_id", "=", domainId)
    .execute();
  const allowed = await db
    .selectFrom("codeartifact_group_repositories as allowed")
    .innerJoin("codeartifact_groups as group", "group.id", "allowed.group_id")
    .select(["allowed.group_id", "allowed.restriction_type", "allowed.repository_name"])
    .where("group.domain_id", "=", domainId)
    .execute();
  const repositories = new Map<string, Partial<Record<RestrictionType, Set<string>>>>();
  for (const row of allowed) {
    const lists = repositories.get(row.group_id) ?? {};
    repositories.set(row.group_id, lists);
    const type = row.restriction_type as RestrictionType;
    const list = lists[type] ?? new Set<string>();
    lists[type] = list.add(row.repository_name);
  }
  return new PackageGroups(
    rows.map((row) => ({
      pattern: parsePackageGroupPattern(row.pattern),
      modes: JSON.parse(row.restrictions) as PackageGroup["modes"],
      allowedRepositories: repositories.get(row.id) ?? {},
      row: {
        id: row.id,
        createdAt: row.created_at,
        contact: row.contact ?? undefined,
        description: row.description ?? undefined,
      },
    })),
  );
}

function compareTexts(one: PackageGroup, other: PackageGroup): number {
  return one.pattern.text < other.pattern.text ? -1 : 1;
}
