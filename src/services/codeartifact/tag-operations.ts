/** TagResource, UntagResource and ListTagsForResource: for domains, repositories and package groups alike. */
import type {
  ListTagsForResourceCommandInput,
  TagResourceCommandInput,
  UntagResourceCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../identity/call.ts";
import type { Reader } from "../../storage/metadata/metadata.ts";
import {
  type DomainRow,
  domainInTransaction,
  openDomain,
  openStoredRepository,
  type RepositoryRow,
  repositoryInTransaction,
} from "./access.ts";
import type { CodeArtifactContext } from "./context.ts";
import { validation } from "./errors.ts";
import { type GroupInput, openGroup } from "./groups/group-access.ts";
import { groupInTransaction } from "./groups/package-group.ts";
import { parseTaggedArn } from "./names.ts";
import type { ConditionKeys } from "./resource-tags.ts";
import {
  describeTags,
  type ResourceTags,
  requestTagConditions,
  tagsOf,
  withoutTags,
  withTags,
} from "./resource-tags.ts";
import { touchGraph } from "./revisions.ts";

/** A resource that can have tags, opened under a permission. */
interface TaggableResource {
  readonly tags: ResourceTags;
  /** Reads the tags again inside the transaction, and puts what `change` makes of them in their place. */
  change(change: (tags: ResourceTags) => ResourceTags): Promise<void>;
}

export async function tagResource(
  context: CodeArtifactContext,
  call: Call,
  input: TagResourceCommandInput,
): Promise<object> {
  const conditions = requestTagConditions(withTags({}, input.tags));
  const resource = await openResource(
    context,
    call,
    input.resourceArn,
    "codeartifact:TagResource",
    conditions,
  );
  await resource.change((tags) => withTags(tags, input.tags));
  return {};
}

export async function untagResource(
  context: CodeArtifactContext,
  call: Call,
  input: UntagResourceCommandInput,
): Promise<object> {
  const keys = input.tagKeys ?? [];
  const conditions = { "aws:TagKeys": keys };
  const resource = await openResource(
    context,
    call,
    input.resourceArn,
    "codeartifact:UntagResource",
    conditions,
  );
  await resource.change((tags) => withoutTags(tags, keys));
  return {};
}

export async function listTagsForResource(
  context: CodeArtifactContext,
  call: Call,
  input: ListTagsForResourceCommandInput,
) {
  const { tags } = await openResource(context, call, input.resourceArn, "codeartifact:ListTagsForResource");
  return { tags: describeTags(tags) };
}

async function openResource(
  context: CodeArtifactContext,
  call: Call,
  arn: string | undefined,
  action: string,
  conditions: ConditionKeys = {},
): Promise<TaggableResource> {
  const resource = parseTaggedArn(arn ?? "");
  if (resource === undefined)
    throw validation("The resource ARN must name a CodeArtifact domain, repository or package group.");
  if (resource.region !== call.region)
    throw validation(`The resource is not in region ${call.region} but in ${resource.region}.`);
  const domain = { domain: resource.domain, domainOwner: resource.owner };
  switch (resource.kind) {
    case "domain":
      return openTaggedDomain(context, await openDomain(context, call, domain, action, conditions));
    case "repository": {
      const named = { ...domain, repository: resource.repository };
      const { row, domain: around } = await openStoredRepository(context, call, named, action, {
        conditions,
      });
      return openTaggedRepository(context, row, around);
    }
    case "package-group":
      return openTaggedGroup(context, call, { ...domain, packageGroup: resource.pattern }, action);
  }
}

function openTaggedDomain({ metadata }: CodeArtifactContext, domain: DomainRow): TaggableResource {
  return {
    tags: tagsOf(domain),
    change: (change) =>
      metadata.write(async (tx) => {
        const resource_tags = JSON.stringify(change(tagsOf(await domainInTransaction(tx, domain))));
        await tx
          .updateTable("codeartifact_domains")
          .set({ resource_tags })
          .where("id", "=", domain.id)
          .execute();
      }),
  };
}

function openTaggedRepository(
  { metadata }: CodeArtifactContext,
  repository: RepositoryRow,
  domain: DomainRow,
): TaggableResource {
  return {
    tags: tagsOf(repository),
    change: (change) =>
      metadata.write(async (tx) => {
        const row = await repositoryInTransaction(tx, { domain, row: repository });
        await tx
          .updateTable("codeartifact_repositories")
          .set({ resource_tags: JSON.stringify(change(tagsOf(row))) })
          .where("id", "=", row.id)
          .execute();
        // Policies may ask for tags where packages are read.
        await touchGraph(tx, domain.id);
      }),
  };
}

async function openTaggedGroup(
  context: CodeArtifactContext,
  call: Call,
  named: GroupInput,
  action: string,
): Promise<TaggableResource> {
  const { domain, group } = await openGroup(context, call, named, action);
  const pattern = group.pattern.text;
  return {
    tags: group.row ? await groupTags(context.metadata.reader, group.row.id) : {},
    change: (change) =>
      context.metadata.write(async (tx) => {
        const { id } = await groupInTransaction(tx, domain, pattern);
        await tx
          .updateTable("codeartifact_groups")
          .set({ resource_tags: JSON.stringify(change(await groupTags(tx, id))) })
          .where("id", "=", id)
          .execute();
      }),
  };
}

async function groupTags(db: Reader, id: string): Promise<ResourceTags> {
  const row = await db
    .selectFrom("codeartifact_groups")
    .select("resource_tags")
    .where("id", "=", id)
    .executeTakeFirst();
  return row ? tagsOf(row) : {};
}
