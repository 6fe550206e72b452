/** The origin configuration of a package group: its modes, and the repositories that ALLOW_SPECIFIC_REPOSITORIES means. */
import type {
  ListAllowedRepositoriesForGroupCommandInput,
  PackageGroupAllowedRepository,
  UpdatePackageGroupOriginConfigurationCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { type DomainRow, findRepository } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import { repositoryNotFound, validation } from "../errors.ts";
import { listPage } from "../paging.ts";
import { touchGraph } from "../revisions.ts";
import { openGroup } from "./group-access.ts";
import { describedInTransaction, groupInTransaction } from "./package-group.ts";
import { ROOT_PATTERN } from "./package-group-pattern.ts";
import type { PackageGroup, RestrictionType } from "./package-groups.ts";

type Updates = Partial<Record<RestrictionType, { ADDED?: string[]; REMOVED?: string[] }>>;

/** Modes first, then the repositories that are added, then those that are removed. */
export async function updatePackageGroupOriginConfiguration(
  context: CodeArtifactContext,
  call: Call,
  input: UpdatePackageGroupOriginConfigurationCommandInput,
) {
  const action = "codeartifact:UpdatePackageGroupOriginConfiguration";
  const { domain, group } = await openGroup(context, call, input, action);
  const pattern = group.pattern.text;
  const restrictions = Object.entries(input.restrictions ?? {});
  if (pattern === ROOT_PATTERN && restrictions.some(([, mode]) => mode === "INHERIT")) {
    throw validation(`The root package group '${ROOT_PATTERN}' has no parent to inherit from.`);
  }
  return context.metadata.write(async (tx) => {
    const { id, group: present } = await groupInTransaction(tx, domain, pattern);
    if (restrictions.length > 0) await setModes(tx, id, present, restrictions);
    const updates: Updates = {};
    for (const added of input.addAllowedRepositories ?? []) {
      await addRepository(tx, domain, id, added, updates);
    }
    for (const removed of input.removeAllowedRepositories ?? []) {
      await removeRepository(tx, id, removed, updates);
    }
    await touchGraph(tx, domain.id);
    return {
      packageGroup: await describedInTransaction(tx, domain, pattern),
      allowedRepositoryUpdates: updates,
    };
  });
}

export async function listAllowedRepositoriesForGroup(
  context: CodeArtifactContext,
  call: Call,
  input: ListAllowedRepositoriesForGroupCommandInput,
) {
  const operation = "codeartifact:ListAllowedRepositoriesForGroup";
  const { domain, group } = await openGroup(context, call, input, operation);
  const type = input.originRestrictionType as RestrictionType;
  const { items, nextToken } = await listPage(
    context,
    call,
    { operation, purpose: [domain.id, group.pattern.text, type] },
    input,
    ({ after: [after = ""], limit }) =>
      context.metadata.reader
        .selectFrom("codeartifact_group_repositories")
        .select("repository_name as name")
        .where("group_id", "=", group.row?.id ?? "")
        .where("restriction_type", "=", type)
        .where("repository_name", ">", after)
        .orderBy("repository_name")
        .limit(limit)
        .execute(),
    ({ name }) => [name],
  );
  return { allowedRepositories: items.map(({ name }) => name), nextToken };
}

/** To be called when a repository is deleted: one of the same name that comes later is not meant by these lists. */
export async function forgetAllowedRepository(
  tx: Transaction,
  domainId: string,
  repository: string,
): Promise<void> {
  await tx
    .deleteFrom("codeartifact_group_repositories")
    .where("repository_name", "=", repository)
    .where("group_id", "in", (groups) =>
      groups.selectFrom("codeartifact_groups").select("id").where("domain_id", "=", domainId),
    )
    .execute();
}

async function setModes(
  tx: Transaction,
  id: string,
  group: PackageGroup,
  restrictions: readonly (readonly [string, string | undefined])[],
): Promise<void> {
  const said = Object.entries<string | undefined>({
    ...group.modes,
    ...Object.fromEntries(restrictions),
  }).filter(([, mode]) => mode !== "INHERIT");
  await tx
    .updateTable("codeartifact_groups")
    .set({ restrictions: JSON.stringify(Object.fromEntries(said)) })
    .where("id", "=", id)
    .execute();
}

async function addRepository(
  tx: Transaction,
  domain: DomainRow,
  groupId: string,
  { originRestrictionType, repositoryName = "" }: PackageGroupAllowedRepository,
  updates: Updates,
): Promise<void> {
  const type = originRestrictionType as RestrictionType;
  if (!(await findRepository(tx, domain.id, repositoryName))) {
    throw repositoryNotFound(repositoryName, domain.name, domain.account);
  }
  const row = { group_id: groupId, restriction_type: type, repository_name: repositoryName };
  const added = await tx
    .insertInto("codeartifact_group_repositories")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning("repository_name")
    .execute();
  if (added.length > 0) note(updates, type, "ADDED", repositoryName);
}

async function removeRepository(
  tx: Transaction,
  groupId: string,
  { originRestrictionType, repositoryName = "" }: PackageGroupAllowedRepository,
  updates: Updates,
): Promise<void> {
  const type = originRestrictionType as RestrictionType;
  const removed = await tx
    .deleteFrom("codeartifact_group_repositories")
    .where("group_id", "=", groupId)
    .where("restriction_type", "=", type)
    .where("repository_name", "=", repositoryName)
    .returning("repository_name")
    .execute();
  if (removed.length > 0) note(updates, type, "REMOVED", repositoryName);
}

function note(
  updates: Updates,
  type: RestrictionType,
  change: "ADDED" | "REMOVED",
  repository: string,
): void {
  const lists = updates[type] ?? {};
  updates[type] = { ...lists, [change]: [...(lists[change] ?? []), repository] };
}
