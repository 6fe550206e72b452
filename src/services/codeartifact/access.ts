/**
 * From a request's names to a domain or a repository that the caller may use. The owner of a domain and the account
 * that administers a repository may do everything there unless a policy denies it; everyone else needs a policy: the
 * domain's, which speaks about everything in it, or the repository's, about itself and its packages (CodeArtifact user
 * guide, "Domain policies"). Who has no right learns nothing: what is there and what is not are denied alike.
 */
import type { Selectable } from "kysely";
import type { AccountId } from "../../aws/names.ts";
import type { Authorize, Call } from "../../identity/call.ts";
import { combinePolicies } from "../../identity/policy/combine-policies.ts";
import type { Reader } from "../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "./context.ts";
import { domainNotFound, repositoryNotFound, validation } from "./errors.ts";
import { domainArn, repositoryArn } from "./names.ts";
import { type ConditionKeys, tagConditions } from "./resource-tags.ts";
import type { CodeArtifactDomainsTable, CodeArtifactRepositoriesTable } from "./tables.ts";

export type DomainRow = Selectable<CodeArtifactDomainsTable>;
export type RepositoryRow = Selectable<CodeArtifactRepositoriesTable>;

/** A repository's row and the domain it lies in. */
export interface StoredRepository {
  readonly domain: DomainRow;
  readonly row: RepositoryRow;
}

/** How every operation names a domain: without an owner the caller's own. */
export interface DomainInput {
  readonly domain: string | undefined;
  readonly domainOwner?: string | undefined;
}

export interface RepositoryInput extends DomainInput {
  readonly repository: string | undefined;
}

/** Finds a domain and checks `action`; throws AccessDeniedException or ResourceNotFoundException. */
export async function openDomain(
  { metadata, authorize }: Pick<CodeArtifactContext, "metadata" | "authorize">,
  call: Call,
  input: DomainInput,
  action: string,
  context: ConditionKeys = {},
): Promise<DomainRow> {
  const { owner, domain: name } = domainNamed(call, input);
  const row = await findDomain(metadata.reader, { owner, region: call.region, domain: name });
  authorizeDomain(authorize, call, { owner, name, row }, action, { context });
  if (row === undefined) throw domainNotFound(name, owner);
  return row;
}

/** Finds a repository and checks `action`; throws AccessDeniedException or ResourceNotFoundException. */
export async function openStoredRepository(
  { metadata, authorize }: Pick<CodeArtifactContext, "metadata" | "authorize">,
  call: Call,
  input: RepositoryInput,
  action: string,
  options: { readonly conditions?: ConditionKeys; readonly ownPolicy?: "ignored" } = {},
): Promise<StoredRepository> {
  const { owner, domain: domainName } = domainNamed(call, input);
  const name = input.repository ?? "";
  const domain = await findDomain(metadata.reader, { owner, region: call.region, domain: domainName });
  const row = domain && (await findRepository(metadata.reader, domain.id, name));
  authorizeRepository(
    authorize,
    call,
    {
      owner,
      domain: domainName,
      repository: name,
      administrator: row?.administrator_account,
      policy: options.ownPolicy === "ignored" ? undefined : row?.policy,
      domainPolicy: domain?.policy,
    },
    action,
    { context: { ...tagConditions(row), ...options.conditions } },
  );
  if (domain === undefined) throw domainNotFound(domainName, owner);
  if (row === undefined) throw repositoryNotFound(name, domainName, owner);
  return { domain, row };
}

/** What the permission check has to know of a repository; of what is not there, policies and administrator are absent. */
export interface RepositoryToAuthorize {
  readonly owner: string;
  readonly domain: string;
  readonly repository: string;
  readonly administrator: string | undefined;
  readonly policy: string | null | undefined;
  readonly domainPolicy: string | null | undefined;
}

/** `resource` is the repository itself unless something in it (a package's ARN) is named. */
export function authorizeRepository(
  authorize: Authorize,
  call: Call,
  { owner, domain, repository, administrator, policy, domainPolicy }: RepositoryToAuthorize,
  action: string,
  { resource, context }: { readonly resource?: string; readonly context?: ConditionKeys } = {},
): void {
  authorize(call, {
    action,
    resource: resource ?? repositoryArn({ owner, region: call.region, domain, repository }),
    resourceAccount: accountOf(call, owner, administrator),
    resourcePolicy: combinePolicies(policy, domainPolicy),
    ...(context && { context }),
  });
}

/** `resource` is the domain itself unless something in it (a package group's ARN) is named. */
export function authorizeDomain(
  authorize: Authorize,
  call: Call,
  {
    owner,
    name,
    row,
  }: { readonly owner: string; readonly name: string; readonly row: DomainRow | undefined },
  action: string,
  { resource, context }: { readonly resource?: string; readonly context?: ConditionKeys } = {},
): void {
  authorize(call, {
    action,
    resource: resource ?? domainArn({ owner, region: call.region, domain: name }),
    resourceAccount: owner as AccountId,
    resourcePolicy: row?.policy ?? undefined,
    context: { ...tagConditions(row), ...context },
  });
}

export function domainNamed(call: Call, input: DomainInput): { owner: AccountId; domain: string } {
  if (input.domain === undefined) throw validation("A domain must be named.");
  return { owner: (input.domainOwner ?? call.principal.account) as AccountId, domain: input.domain };
}

export function findDomain(
  db: Reader,
  { owner, region, domain }: { readonly owner: string; readonly region: string; readonly domain: string },
): Promise<DomainRow | undefined> {
  return db
    .selectFrom("codeartifact_domains")
    .selectAll()
    .where("account", "=", owner)
    .where("region", "=", region)
    .where("name", "=", domain)
    .executeTakeFirst();
}

export function findRepository(
  db: Reader,
  domainId: string,
  name: string,
): Promise<RepositoryRow | undefined> {
  return db
    .selectFrom("codeartifact_repositories")
    .selectAll()
    .where("domain_id", "=", domainId)
    .where("name", "=", name)
    .executeTakeFirst();
}

/** The domain as it is inside a transaction: it may have been deleted since the permission check. */
export async function domainInTransaction(tx: Reader, domain: DomainRow): Promise<DomainRow> {
  const row = await tx
    .selectFrom("codeartifact_domains")
    .selectAll()
    .where("id", "=", domain.id)
    .executeTakeFirst();
  if (row === undefined) throw domainNotFound(domain.name, domain.account);
  return row;
}

/** The repository as it is inside a transaction: it may have been deleted since the permission check. */
export async function repositoryInTransaction(
  tx: Reader,
  { domain, row }: StoredRepository,
): Promise<RepositoryRow> {
  const present = await tx
    .selectFrom("codeartifact_repositories")
    .selectAll()
    .where("id", "=", row.id)
    .executeTakeFirst();
  if (present === undefined) throw repositoryNotFound(row.name, domain.name, domain.account);
  return present;
}

/** Both accounts are at home in a repository: who owns its domain and who administers it. */
function accountOf(call: Call, owner: string, administrator: string | undefined): AccountId {
  return (call.principal.account === administrator ? administrator : owner) as AccountId;
}
