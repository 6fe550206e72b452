import { randomBytes } from "node:crypto";
import type {
  CreateRepositoryCommandInput,
  DeleteRepositoryCommandInput,
  DescribeRepositoryCommandInput,
  UpdateRepositoryCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import {
  domainInTransaction,
  openDomain,
  openStoredRepository,
  type RepositoryRow,
  type StoredRepository,
} from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import { conflict, repositoryNotFound } from "../errors.ts";
import { forgetAllowedRepository } from "../groups/group-origins.ts";
import { repositoryArn } from "../names.ts";
import { requestTagConditions, withTags } from "../resource-tags.ts";
import { touchGraph } from "../revisions.ts";
import { describeRepositoryRow } from "./describe-repository.ts";
import { PURGE_DELAY_MILLISECONDS, PURGE_REPOSITORY } from "./repository-purge.ts";
import { resolveUpstreams, setUpstreams } from "./upstream-order.ts";

/** Whoever the domain's policy lets create repositories administers those that it creates. */
export async function createRepository(
  context: CodeArtifactContext,
  call: Call,
  input: CreateRepositoryCommandInput,
) {
  const name = input.repository ?? "";
  const tags = withTags({}, input.tags);
  const conditions = requestTagConditions(tags);
  const domain = await openDomain(context, call, input, "codeartifact:CreateRepository", conditions);
  if (Object.keys(tags).length > 0)
    await openDomain(context, call, input, "codeartifact:TagResource", conditions);
  const upstreams = await resolveUpstreams(context, call, domain, input.upstreams ?? []);
  const row: RepositoryRow = {
    id: randomBytes(12).toString("base64url"),
    domain_id: domain.id,
    name,
    administrator_account: call.principal.account,
    description: input.description ?? null,
    created_at: call.now.getTime(),
    policy: null,
    policy_revision: null,
    resource_tags: JSON.stringify(tags),
  };
  await context.metadata.write(async (tx) => {
    await domainInTransaction(tx, domain);
    const inserted = await tx
      .insertInto("codeartifact_repositories")
      .values(row)
      .onConflict((on) => on.columns(["domain_id", "name"]).doNothing())
      .returning("id")
      .executeTakeFirst();
    if (inserted === undefined)
      throw conflict(
        `Repository '${name}' in domain '${domain.name}' owned by account '${domain.account}' already exists.`,
        "repository",
        name,
      );
    await setUpstreams(tx, domain, row, upstreams);
    await touchGraph(tx, domain.id);
  });
  return describe(context, { domain, row });
}

export async function describeRepository(
  context: CodeArtifactContext,
  call: Call,
  input: DescribeRepositoryCommandInput,
) {
  return describe(
    context,
    await openStoredRepository(context, call, input, "codeartifact:DescribeRepository"),
  );
}

/** What is not named stays; an empty list of upstreams takes them all away. */
export async function updateRepository(
  context: CodeArtifactContext,
  call: Call,
  input: UpdateRepositoryCommandInput,
) {
  const repository = await openStoredRepository(context, call, input, "codeartifact:UpdateRepository");
  const { domain, row } = repository;
  const present = await upstreamIds(context.metadata.reader, row.id);
  const upstreams =
    input.upstreams && (await resolveUpstreams(context, call, domain, input.upstreams, present));
  const changed = await context.metadata.write(async (tx) => {
    const updated = await tx
      .updateTable("codeartifact_repositories")
      .set((eb) => ({ description: input.description ?? eb.ref("description") }))
      .where("id", "=", row.id)
      .returningAll()
      .executeTakeFirst();
    if (updated === undefined) throw repositoryNotFound(row.name, domain.name, domain.account);
    if (upstreams) await setUpstreams(tx, domain, row, upstreams);
    await touchGraph(tx, domain.id);
    return updated;
  });
  return describe(context, { domain, row: changed });
}

/**
 * The row goes at once and with it the name, every way in and its place in the graph; what it held goes in batches, by
 * a job. What other repositories retained of it stays with them.
 */
export async function deleteRepository(
  context: CodeArtifactContext,
  call: Call,
  input: DeleteRepositoryCommandInput,
) {
  const repository = await openStoredRepository(context, call, input, "codeartifact:DeleteRepository");
  const description = await describe(context, repository);
  const { domain, row } = repository;
  await context.metadata.write(async (tx) => {
    const deleted = await tx
      .deleteFrom("codeartifact_repositories")
      .where("id", "=", row.id)
      .returning("id")
      .executeTakeFirst();
    if (deleted === undefined) throw repositoryNotFound(row.name, domain.name, domain.account);
    await tx
      .deleteFrom("codeartifact_upstreams")
      .where((upstream) =>
        upstream.or([upstream("repository_id", "=", row.id), upstream("upstream_id", "=", row.id)]),
      )
      .execute();
    await tx.deleteFrom("codeartifact_external_connections").where("repository_id", "=", row.id).execute();
    await forgetAllowedRepository(tx, domain.id, row.name);
    await touchGraph(tx, domain.id);
    await context.jobs.enqueue(tx, {
      kind: PURGE_REPOSITORY,
      payload: { repositoryId: row.id },
      runAt: new Date(context.clock.now().getTime() + PURGE_DELAY_MILLISECONDS),
      key: row.id,
    });
  });
  return description;
}

/** For what changes the row of a repository: the answer is the repository as it then is. */
export async function describe(context: CodeArtifactContext, { domain, row }: StoredRepository) {
  return { repository: await describeRepositoryRow(context, context.metadata.reader, domain, row) };
}

export function arnOf({ domain, row }: StoredRepository): string {
  return repositoryArn({
    owner: domain.account,
    region: domain.region,
    domain: domain.name,
    repository: row.name,
  });
}

async function upstreamIds(db: Reader, repositoryId: string): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom("codeartifact_upstreams")
    .select("upstream_id")
    .where("repository_id", "=", repositoryId)
    .execute();
  return new Set(rows.map((row) => row.upstream_id));
}
