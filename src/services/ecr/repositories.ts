import { randomBytes } from "node:crypto";
import type {
  CreateRepositoryCommandInput,
  DeleteRepositoryCommandInput,
  DescribeRepositoriesCommandInput,
  PutImageTagMutabilityCommandInput,
  Repository as RepositoryDescription,
} from "@aws-sdk/client-ecr";
import type { Call } from "../../identity/call.ts";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import type { EcrContext } from "./context.ts";
import { chooseEncryption, describeEncryption } from "./encryption.ts";
import {
  invalidParameter,
  repositoryAlreadyExists,
  repositoryNotEmpty,
  repositoryNotFound,
} from "./errors.ts";
import { describeExclusions, parseTagMutability } from "./mutability.ts";
import { parseRepositoryName, repositoryArn } from "./names.ts";
import { openPage, pageScope, sealPage } from "./paging.ts";
import { registryHost } from "./registry-endpoint.ts";
import {
  authorizeRegistry,
  inRegistry,
  openRepository,
  type Repository,
  repositoryInTransaction,
  tagMutabilityOf,
} from "./repository-access.ts";
import { PURGE_DELAY_MILLISECONDS, PURGE_REPOSITORY } from "./repository-purge.ts";
import { parseResourceTags, requestTagConditions } from "./resource-tags.ts";

export async function createRepository(ecr: EcrContext, caller: Call, input: CreateRepositoryCommandInput) {
  const call = inRegistry(caller, input.registryId);
  const name = parseRepositoryName(input.repositoryName);
  const { mode, exclusions } = parseTagMutability(
    input.imageTagMutability,
    input.imageTagMutabilityExclusionFilters,
  );
  refuseWhatIsNotBuilt(input);
  const tags = parseResourceTags({}, input.tags ?? []);
  const arn = repositoryArn(call.account, call.region, name);
  const conditions = requestTagConditions(tags);
  await authorizeRegistry(ecr, call, "ecr:CreateRepository", arn, conditions);
  if (Object.keys(tags).length > 0) await authorizeRegistry(ecr, call, "ecr:TagResource", arn, conditions);

  const encryption = await chooseEncryption(ecr, call, input.encryptionConfiguration);
  const row = {
    // 96 bits; short, because every row of the repository repeats it.
    id: randomBytes(12).toString("base64url"),
    account: call.account,
    region: call.region,
    name,
    created_at: call.now.getTime(),
    tag_mutability: mode,
    mutability_exclusions: JSON.stringify(exclusions),
    ...encryption,
    resource_tags: JSON.stringify(tags),
    policy: null,
  };
  await ecr.metadata.write(async (tx) => {
    const inserted = await tx
      .insertInto("ecr_repositories")
      .values(row)
      .onConflict((conflict) => conflict.columns(["account", "region", "name"]).doNothing())
      .returning("id")
      .executeTakeFirst();
    if (inserted === undefined) throw repositoryAlreadyExists(name, call.account);
  });
  return { repository: describe(ecr, call, row) };
}

export async function describeRepositories(
  ecr: EcrContext,
  caller: Call,
  input: DescribeRepositoriesCommandInput,
) {
  const call = inRegistry(caller, input.registryId);
  if (input.repositoryNames !== undefined) {
    if (input.nextToken !== undefined || input.maxResults !== undefined) {
      throw invalidParameter("repositoryNames", "cannot be combined with nextToken or maxResults");
    }
    const repositories: RepositoryDescription[] = [];
    for (const name of new Set(input.repositoryNames)) {
      repositories.push(
        describe(ecr, call, await openRepository(ecr, call, name, "ecr:DescribeRepositories")),
      );
    }
    return { repositories };
  }
  await authorizeListing(ecr, call);
  const scope = pageScope(call, "ecr:DescribeRepositories");
  const after = await openPage(ecr, scope, input.nextToken);
  const limit = input.maxResults ?? 100;
  const rows = await selectRepositories(ecr, call, after[0], limit + 1);
  const page = rows.slice(0, limit);
  return {
    repositories: page.map((row) => describe(ecr, call, row)),
    nextToken: rows.length > limit ? await sealPage(ecr, scope, [page.at(-1)?.name ?? ""]) : undefined,
  };
}

/** In binary order of names. */
async function selectRepositories(ecr: EcrContext, call: Call, after: string | undefined, limit: number) {
  return ecr.metadata.reader
    .selectFrom("ecr_repositories")
    .selectAll()
    .where("account", "=", call.account)
    .where("region", "=", call.region)
    .$if(after !== undefined, (query) => query.where("name", ">", after ?? ""))
    .orderBy("name")
    .limit(limit)
    .execute();
}

/** The row goes at once and with it the name and every way in; what it held goes in batches, by a job. */
export async function deleteRepository(ecr: EcrContext, caller: Call, input: DeleteRepositoryCommandInput) {
  const call = inRegistry(caller, input.registryId);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:DeleteRepository");
  await ecr.metadata.write(async (tx) => {
    await repositoryInTransaction(tx, repository);
    if (input.force !== true && (await holdsImages(tx, repository.id))) {
      throw repositoryNotEmpty(repository.name, call.account);
    }
    await tx.deleteFrom("ecr_repositories").where("id", "=", repository.id).execute();
    await ecr.jobs.enqueue(tx, {
      kind: PURGE_REPOSITORY,
      payload: { repositoryId: repository.id },
      runAt: new Date(call.now.getTime() + PURGE_DELAY_MILLISECONDS),
      key: repository.id,
    });
  });
  return { repository: describe(ecr, call, repository) };
}

export async function putImageTagMutability(
  ecr: EcrContext,
  caller: Call,
  input: PutImageTagMutabilityCommandInput,
) {
  const call = inRegistry(caller, input.registryId);
  const mutability = parseTagMutability(input.imageTagMutability, input.imageTagMutabilityExclusionFilters);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:PutImageTagMutability");
  await updateRepository(ecr, repository, {
    tag_mutability: mutability.mode,
    mutability_exclusions: JSON.stringify(mutability.exclusions),
  });
  return {
    registryId: call.account,
    repositoryName: repository.name,
    imageTagMutability: mutability.mode,
    imageTagMutabilityExclusionFilters: describeExclusions(mutability),
  };
}

/** Throws RepositoryNotFoundException when it was deleted in the meantime. */
export async function updateRepository(
  ecr: EcrContext,
  repository: Repository,
  change: { tag_mutability?: string; mutability_exclusions?: string; policy?: string | null },
): Promise<void> {
  await ecr.metadata.write(async (tx) => {
    const changed = await tx
      .updateTable("ecr_repositories")
      .set(change)
      .where("id", "=", repository.id)
      .returning("id")
      .executeTakeFirst();
    if (changed === undefined) throw repositoryNotFound(repository.name, repository.account);
  });
}

/** Asks what DescribeRepositories asks. */
export async function listRepositoryNames(
  ecr: EcrContext,
  call: Call,
  page: { after?: string; limit: number },
) {
  await authorizeListing(ecr, call);
  const rows = await selectRepositories(ecr, call, page.after, page.limit + 1);
  return { items: rows.slice(0, page.limit).map((row) => row.name), more: rows.length > page.limit };
}

function authorizeListing(ecr: EcrContext, call: Call): Promise<void> {
  const every = repositoryArn(call.account, call.region, "*");
  return authorizeRegistry(ecr, call, "ecr:DescribeRepositories", every);
}

async function holdsImages(tx: Transaction, repositoryId: string): Promise<boolean> {
  const image = await tx
    .selectFrom("ecr_images")
    .select("digest")
    .where("repository_id", "=", repositoryId)
    .limit(1)
    .executeTakeFirst();
  return image !== undefined;
}

function describe(
  ecr: EcrContext,
  call: Call,
  row: Omit<Repository, "registry_policy" | "blob_mounting">,
): RepositoryDescription {
  const mutability = tagMutabilityOf(row);
  return {
    repositoryArn: repositoryArn(call.account, call.region, row.name),
    registryId: call.account,
    repositoryName: row.name,
    repositoryUri: `${registryHost(call, call.account, ecr.domains)}/${row.name}`,
    createdAt: new Date(row.created_at),
    imageTagMutability: mutability.mode,
    imageTagMutabilityExclusionFilters: describeExclusions(mutability),
    imageScanningConfiguration: { scanOnPush: false },
    encryptionConfiguration: describeEncryption(row),
  };
}

/** Accepting a setting that nothing acts on would be pretending. */
function refuseWhatIsNotBuilt(input: CreateRepositoryCommandInput): void {
  if (input.imageScanningConfiguration?.scanOnPush === true) {
    throw invalidParameter(
      "imageScanningConfiguration",
      "this server does not scan images yet: scanOnPush must be false",
    );
  }
}
