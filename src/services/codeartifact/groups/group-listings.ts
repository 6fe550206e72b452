/** Package groups of a domain, the direct children of one, and the packages that belong to one. */
import type {
  ListAssociatedPackagesCommandInput,
  ListPackageGroupsCommandInput,
  ListSubPackageGroupsCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import { openDomain } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { FormatName } from "../format.ts";
import { listPage, type Page, type PageInput } from "../paging.ts";
import { describeGroup } from "./describe-group.ts";
import {
  authorizeGroup,
  findNamedDomain,
  type GroupsOfDomain,
  groupNamed,
  openGroup,
  patternOf,
} from "./group-access.ts";
import { type MatchStrength, packagePath } from "./package-group-pattern.ts";
import { loadGroups, type PackageGroup, type PackageGroups } from "./package-groups.ts";

export async function listPackageGroups(
  context: CodeArtifactContext,
  call: Call,
  input: ListPackageGroupsCommandInput,
) {
  const operation = "codeartifact:ListPackageGroups";
  const domain = await openDomain(context, call, input, operation);
  const groups = await loadGroups(context.metadata.reader, domain.id);
  const listed = groups.all.filter((group) => group.pattern.text.startsWith(input.prefix ?? ""));
  const listing = { operation, purpose: [domain.id, input.prefix] };
  return groupPage(context, call, listing, input, { domain, groups }, listed);
}

export async function listSubPackageGroups(
  context: CodeArtifactContext,
  call: Call,
  input: ListSubPackageGroupsCommandInput,
) {
  const operation = "codeartifact:ListSubPackageGroups";
  const { group, ...found } = await openGroup(context, call, input, operation);
  const listing = { operation, purpose: [found.domain.id, group.pattern.text] };
  return groupPage(context, call, listing, input, found, found.groups.childrenOf(group));
}

/** All groups are in memory anyway: sorted by pattern, and cut. */
async function groupPage(
  context: CodeArtifactContext,
  call: Call,
  listing: { readonly operation: string; readonly purpose: readonly (string | undefined)[] },
  input: PageInput,
  found: GroupsOfDomain,
  listed: readonly PackageGroup[],
) {
  const sorted = listed.toSorted((one, other) => (one.pattern.text < other.pattern.text ? -1 : 1));
  const { items, nextToken } = await listPage(
    context,
    call,
    listing,
    input,
    async ({ after: [after = ""], limit }) =>
      sorted.filter((group) => group.pattern.text > after).slice(0, limit),
    (group) => [group.pattern.text],
  );
  return { packageGroups: items.map((group) => describeGroup(found, group)), nextToken };
}

/** With `preview` also for a pattern that has no group yet: the packages that would be its. */
export async function listAssociatedPackages(
  context: CodeArtifactContext,
  call: Call,
  input: ListAssociatedPackagesCommandInput,
) {
  const operation = "codeartifact:ListAssociatedPackages";
  const pattern = patternOf(input.packageGroup);
  const named = await findNamedDomain(context, call, input);
  const domain = authorizeGroup(context, call, named, pattern.text, operation);
  const present = await loadGroups(context.metadata.reader, domain.id);
  const groups = input.preview ? present.with(pattern) : present;
  const group = groupNamed(groups, domain, pattern.text);
  const { items, nextToken } = await listPage(
    context,
    call,
    { operation, purpose: [domain.id, pattern.text, String(input.preview ?? false)] },
    input,
    (page) => associatedPackages(context.metadata.reader, domain.id, groups, group, page),
    ({ key }) => key,
  );
  const packages = items.map(({ key: [format, namespace, name], strength }) => ({
    format,
    ...(namespace !== "" && { namespace }),
    package: name,
    associationType: strength,
  }));
  return { packages, nextToken };
}

type PackageKey = readonly [format: FormatName, namespace: string, name: string];

const LOOKED_AT_ONCE = 1_000;

/** A variation of the group's name may be anywhere in the order of names: all of the format's are looked at. */
async function associatedPackages(
  db: Reader,
  domainId: string,
  groups: PackageGroups,
  group: PackageGroup,
  { after, limit }: Page,
): Promise<{ readonly key: PackageKey; readonly strength: MatchStrength }[]> {
  const found: { key: PackageKey; strength: MatchStrength }[] = [];
  let last = after;
  for (;;) {
    const keys = await packagesAfter(db, domainId, last, group.pattern.format);
    for (const key of keys) {
      const association = groups.associated(packagePath(...key));
      if (association.group === group) found.push({ key, strength: association.strength });
      if (found.length === limit) return found;
    }
    last = keys.at(-1) ?? last;
    if (keys.length < LOOKED_AT_ONCE) return found;
  }
}

/** The domain's packages after a key, each once however many repositories have it. */
async function packagesAfter(
  db: Reader,
  domainId: string,
  [format = "", namespace = "", name = ""]: readonly string[],
  onlyFormat: string | undefined,
): Promise<readonly PackageKey[]> {
  const rows = await db
    .selectFrom("codeartifact_packages")
    .select(["format", "namespace", "name"])
    .distinct()
    .where("domain_id", "=", domainId)
    .$if(onlyFormat !== undefined, (query) => query.where("format", "=", onlyFormat ?? ""))
    .where(({ eb, refTuple, tuple }) =>
      eb(refTuple("format", "namespace", "name"), ">", tuple(format, namespace, name)),
    )
    .orderBy("format")
    .orderBy("namespace")
    .orderBy("name")
    .limit(LOOKED_AT_ONCE)
    .execute();
  return rows.map((row) => [row.format as FormatName, row.namespace, row.name]);
}
