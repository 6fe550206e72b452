/**
 * From a request's names to a repository that the caller may use. Every function of the registry comes
 * through here, so no question is answered and nothing changed without the permission check.
 */
import type { Selectable } from "kysely";
import type { Call } from "../../identity/call.ts";
import { combinePolicies } from "../../identity/policy/combine-policies.ts";
import type { Reader } from "../../storage/metadata/metadata.ts";
import type { EcrContext } from "./context.ts";
import { repositoryNotFound } from "./errors.ts";
import type { TagMutability } from "./mutability.ts";
import { parseRepositoryName, type RepositoryName, repositoryArn } from "./names.ts";
import type { RepositoryKey } from "./queries.ts";
import type { EcrRepositoriesTable } from "./tables.ts";

export type ConditionKeys = Readonly<Record<string, string | readonly string[]>>;

/** A repository's row, with its registry's settings beside it. */
export interface Repository extends Selectable<EcrRepositoriesTable> {
  readonly registry_policy: string | null;
  readonly blob_mounting: string | null;
}

/** The same call, about the registry that `registryId` names. */
export function inRegistry(call: Call, registryId: string | undefined): Call {
  return registryId === undefined ? call : { ...call, account: registryId as Call["account"] };
}

/** Throws InvalidParameterException for a bad name. */
export function repositoryKey(
  call: Call,
  name: string | undefined,
): RepositoryKey & { name: RepositoryName } {
  return { account: call.account, region: call.region, name: parseRepositoryName(name) };
}

/** Finds a repository and checks that the caller may do `action` with it; throws RepositoryNotFoundException or AccessDeniedException. */
export async function openRepository(
  ecr: EcrContext,
  call: Call,
  name: string | undefined,
  action: string,
  context?: ConditionKeys,
): Promise<Repository> {
  const key = repositoryKey(call, name);
  const row = await ecr.queries.repository(ecr.metadata.reader, key);
  return checkAccess(ecr, call, key.name, row, action, context);
}

/**
 * The same for a row that was read with something beside it. Without a repository the caller hears that it
 * does not exist only if its account owns the registry or the registry's policy lets it in.
 */
export async function checkAccess<Row extends Repository>(
  ecr: EcrContext,
  call: Call,
  name: RepositoryName,
  row: Row | undefined,
  action: string,
  context?: ConditionKeys,
): Promise<Row> {
  if (row === undefined) {
    const settings = await registrySettings(ecr.metadata.reader, call);
    authorizeName(ecr, call, name, action, settings?.policy ?? undefined, context);
    throw repositoryNotFound(name, call.account);
  }
  authorizeRepository(ecr, call, row, action, context);
  return row;
}

export function authorizeRepository(
  ecr: EcrContext,
  call: Call,
  repository: Repository,
  action: string,
  context?: ConditionKeys,
): void {
  const policy = combinePolicies(repository.policy, repository.registry_policy);
  authorizeName(ecr, call, repository.name, action, policy, { ...tagConditions(repository), ...context });
}

/** For actions on the registry itself (`resource` is `*`) or on repositories by a pattern of names. */
export async function authorizeRegistry(
  ecr: EcrContext,
  call: Call,
  action: string,
  resource = "*",
  context?: ConditionKeys,
): Promise<void> {
  const settings = await registrySettings(ecr.metadata.reader, call);
  ecr.authorize(call, {
    action,
    resource,
    resourceAccount: call.account,
    resourcePolicy: settings?.policy ?? undefined,
    ...(context && { context }),
  });
}

export function registrySettings(db: Reader, call: Call) {
  return db
    .selectFrom("ecr_registries")
    .selectAll()
    .where("account", "=", call.account)
    .where("region", "=", call.region)
    .executeTakeFirst();
}

/** Reads the repository again inside a transaction: it may have been deleted or changed since the permission check. */
export async function repositoryInTransaction(tx: Reader, repository: Repository): Promise<Repository> {
  const row = await tx
    .selectFrom("ecr_repositories")
    .selectAll()
    .where("id", "=", repository.id)
    .executeTakeFirst();
  if (row === undefined) throw repositoryNotFound(repository.name, repository.account);
  return { ...row, registry_policy: repository.registry_policy, blob_mounting: repository.blob_mounting };
}

export function tagMutabilityOf(
  repository: Pick<Repository, "tag_mutability" | "mutability_exclusions">,
): TagMutability {
  return {
    mode: repository.tag_mutability as TagMutability["mode"],
    exclusions: JSON.parse(repository.mutability_exclusions) as string[],
  };
}

export function resourceTagsOf(
  repository: Pick<Repository, "resource_tags">,
): Readonly<Record<string, string>> {
  return JSON.parse(repository.resource_tags) as Record<string, string>;
}

function authorizeName(
  ecr: EcrContext,
  call: Call,
  name: string,
  action: string,
  resourcePolicy: string | undefined,
  context: ConditionKeys | undefined,
): void {
  ecr.authorize(call, {
    action,
    resource: repositoryArn(call.account, call.region, name),
    resourceAccount: call.account,
    resourcePolicy,
    ...(context && { context }),
  });
}

function tagConditions(repository: Repository): ConditionKeys | undefined {
  if (repository.resource_tags === "{}") return undefined;
  return Object.fromEntries(
    Object.entries(resourceTagsOf(repository)).flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`ecr:ResourceTag/${key}`, value],
    ]),
  );
}
