/** Package groups as the API makes, shows, changes and deletes them. What they decide is in origin-controls.ts. */
import { randomUUID } from "node:crypto";
import type {
  CreatePackageGroupCommandInput,
  DeletePackageGroupCommandInput,
  DescribePackageGroupCommandInput,
  GetAssociatedPackageGroupCommandInput,
  UpdatePackageGroupCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { type DomainRow, domainInTransaction } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import { conflict, validation } from "../errors.ts";
import { type ResourceTags, requestTagConditions, withTags } from "../resource-tags.ts";
import { touchGraph } from "../revisions.ts";
import { describeGroup } from "./describe-group.ts";
import { authorizeGroup, findNamedDomain, groupNamed, openGroup, patternOf } from "./group-access.ts";
import { packagePath, ROOT_PATTERN } from "./package-group-pattern.ts";
import { loadGroups, type PackageGroup, PackageGroups } from "./package-groups.ts";

export async function createPackageGroup(
  context: CodeArtifactContext,
  call: Call,
  input: CreatePackageGroupCommandInput,
) {
  const pattern = patternOf(input.packageGroup);
  const tags = withTags({}, input.tags);
  const action = "codeartifact:CreatePackageGroup";
  const conditions = requestTagConditions(tags);
  const named = await findNamedDomain(context, call, input);
  const domain = authorizeGroup(context, call, named, pattern.text, action, conditions);
  return context.metadata.write(async (tx) => {
    await domainInTransaction(tx, domain);
    const before = await loadGroups(tx, domain.id);
    if (before.get(pattern.text)) {
      throw conflict(
        `Package group '${pattern.text}' in domain '${domain.name}' already exists.`,
        undefined,
        pattern.text,
      );
    }
    await insertGroup(tx, domain, pattern.text, {
      createdAt: call.now.getTime(),
      contact: input.contactInfo,
      description: input.description,
      resourceTags: tags,
    });
    await touchGraph(tx, domain.id);
    return { packageGroup: await describedInTransaction(tx, domain, pattern.text) };
  });
}

export async function describePackageGroup(
  context: CodeArtifactContext,
  call: Call,
  input: DescribePackageGroupCommandInput,
) {
  const { group, ...found } = await openGroup(context, call, input, "codeartifact:DescribePackageGroup");
  return { packageGroup: describeGroup(found, group) };
}

/** What is not named stays as it is. */
export async function updatePackageGroup(
  context: CodeArtifactContext,
  call: Call,
  input: UpdatePackageGroupCommandInput,
) {
  const { domain, group } = await openGroup(context, call, input, "codeartifact:UpdatePackageGroup");
  return context.metadata.write(async (tx) => {
    const row = await groupInTransaction(tx, domain, group.pattern.text);
    const change = {
      ...(input.contactInfo !== undefined && { contact: input.contactInfo }),
      ...(input.description !== undefined && { description: input.description }),
    };
    if (Object.keys(change).length > 0) {
      await tx.updateTable("codeartifact_groups").set(change).where("id", "=", row.id).execute();
    }
    return { packageGroup: await describedInTransaction(tx, domain, group.pattern.text) };
  });
}

/** Its packages and the groups below it go to the group above. */
export async function deletePackageGroup(
  context: CodeArtifactContext,
  call: Call,
  input: DeletePackageGroupCommandInput,
) {
  const { domain, group } = await openGroup(context, call, input, "codeartifact:DeletePackageGroup");
  if (group.pattern.text === ROOT_PATTERN) {
    throw validation(`The root package group '${ROOT_PATTERN}' cannot be deleted.`);
  }
  return context.metadata.write(async (tx) => {
    const described = await describedInTransaction(tx, domain, group.pattern.text);
    const row = await groupInTransaction(tx, domain, group.pattern.text);
    await tx.deleteFrom("codeartifact_group_repositories").where("group_id", "=", row.id).execute();
    await tx.deleteFrom("codeartifact_groups").where("id", "=", row.id).execute();
    await touchGraph(tx, domain.id);
    return { packageGroup: described };
  });
}

/** The package need not be there. */
export async function getAssociatedPackageGroup(
  context: CodeArtifactContext,
  call: Call,
  input: GetAssociatedPackageGroupCommandInput,
) {
  const format = context.formats.parse(input.format);
  const { namespace, name } = context.formats
    .get(format)
    .normalizeName({ namespace: input.namespace ?? "", name: input.package ?? "" });
  const named = await findNamedDomain(context, call, input);
  const groups = named.row ? await loadGroups(context.metadata.reader, named.row.id) : new PackageGroups([]);
  const { group, strength } = groups.associated(packagePath(format, namespace, name));
  const action = "codeartifact:GetAssociatedPackageGroup";
  const domain = authorizeGroup(context, call, named, group.pattern.text, action);
  return { packageGroup: describeGroup({ domain, groups }, group), associationType: strength };
}

interface NewGroup {
  readonly createdAt: number;
  readonly contact: string | undefined;
  readonly description: string | undefined;
  readonly resourceTags: ResourceTags;
}

async function insertGroup(
  tx: Transaction,
  domain: DomainRow,
  pattern: string,
  group: NewGroup,
): Promise<void> {
  await tx
    .insertInto("codeartifact_groups")
    .values({
      id: randomUUID(),
      domain_id: domain.id,
      pattern,
      created_at: group.createdAt,
      contact: group.contact ?? null,
      description: group.description ?? null,
      resource_tags: JSON.stringify(group.resourceTags),
      restrictions: "{}",
    })
    .execute();
}

/** With the row that the root gets once something of it is changed. */
export async function groupInTransaction(
  tx: Transaction,
  domain: DomainRow,
  pattern: string,
): Promise<{ readonly id: string; readonly group: PackageGroup }> {
  await domainInTransaction(tx, domain);
  const group = groupNamed(await loadGroups(tx, domain.id), domain, pattern);
  if (group.row) return { id: group.row.id, group };
  await insertGroup(tx, domain, pattern, {
    createdAt: domain.created_at,
    contact: undefined,
    description: undefined,
    resourceTags: {},
  });
  return groupInTransaction(tx, domain, pattern);
}

export async function describedInTransaction(tx: Transaction, domain: DomainRow, pattern: string) {
  const groups = await loadGroups(tx, domain.id);
  return describeGroup({ domain, groups }, groupNamed(groups, domain, pattern));
}
