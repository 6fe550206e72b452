/** Which repositories may stand above which: ten at most, each once, none above itself by any way. */
import type { Call } from "../../../identity/call.ts";
import type { Reader, Transaction } from "../../../storage/metadata/metadata.ts";
import { authorizeRepository, type DomainRow, type RepositoryRow } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import { quotaExceeded, repositoryNotFound, validation } from "../errors.ts";

/** CodeArtifact user guide, "Quotas". */
const MOST_UPSTREAMS = 10;

export interface UpstreamInput {
  readonly repositoryName: string | undefined;
}

/**
 * The rows of the repositories that are named, in their order. Throws ValidationException,
 * ServiceQuotaExceededException or ResourceNotFoundException; AccessDeniedException when the caller may not use one of
 * them as an upstream (`already` ones aside: they were asked about when they came).
 */
export async function resolveUpstreams(
  { metadata, authorize }: Pick<CodeArtifactContext, "metadata" | "authorize">,
  call: Call,
  domain: DomainRow,
  input: readonly UpstreamInput[],
  already: ReadonlySet<string> = new Set(),
): Promise<readonly RepositoryRow[]> {
  const names = input.map(({ repositoryName }) => repositoryName ?? "");
  if (new Set(names).size < names.length) throw validation("An upstream repository is named twice.");
  if (names.length > MOST_UPSTREAMS)
    throw quotaExceeded(`A repository has at most ${MOST_UPSTREAMS} upstream repositories.`, "repository");
  if (names.length === 0) return [];
  const rows = await metadata.reader
    .selectFrom("codeartifact_repositories")
    .selectAll()
    .where("domain_id", "=", domain.id)
    .where("name", "in", names)
    .execute();
  const byName = new Map(rows.map((row) => [row.name, row]));
  return names.map((name) => {
    const row = byName.get(name);
    if (row === undefined || !already.has(row.id))
      authorizeRepository(
        authorize,
        call,
        {
          owner: domain.account,
          domain: domain.name,
          repository: name,
          administrator: row?.administrator_account,
          policy: row?.policy,
          domainPolicy: domain.policy,
        },
        "codeartifact:AssociateWithDownstreamRepository",
      );
    if (row === undefined) throw repositoryNotFound(name, domain.name, domain.account);
    return row;
  });
}

/** Replaces the upstreams of a repository; throws when one of them is gone or stands below it. */
export async function setUpstreams(
  tx: Transaction,
  domain: DomainRow,
  repository: Pick<RepositoryRow, "id" | "name">,
  upstreams: readonly RepositoryRow[],
): Promise<void> {
  const ids = upstreams.map(({ id }) => id);
  await checkStillThere(tx, domain, upstreams);
  await tx.deleteFrom("codeartifact_upstreams").where("repository_id", "=", repository.id).execute();
  if (await standsAbove(tx, ids, repository.id))
    throw validation(
      `The upstreams of repository '${repository.name}' would lead back to itself: upstream repositories must not form a cycle.`,
    );
  if (ids.length === 0) return;
  await tx
    .insertInto("codeartifact_upstreams")
    .values(ids.map((id, position) => ({ repository_id: repository.id, position, upstream_id: id })))
    .execute();
}

/** The names of a repository's direct upstreams, in their order. */
export async function upstreamNames(db: Reader, repositoryId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("codeartifact_upstreams as upstream")
    .innerJoin("codeartifact_repositories as repository", "repository.id", "upstream.upstream_id")
    .select("repository.name")
    .where("upstream.repository_id", "=", repositoryId)
    .orderBy("upstream.position")
    .execute();
  return rows.map(({ name }) => name);
}

async function checkStillThere(
  tx: Reader,
  domain: DomainRow,
  upstreams: readonly RepositoryRow[],
): Promise<void> {
  if (upstreams.length === 0) return;
  const rows = await tx
    .selectFrom("codeartifact_repositories")
    .select("id")
    .where(
      "id",
      "in",
      upstreams.map(({ id }) => id),
    )
    .execute();
  const there = new Set(rows.map(({ id }) => id));
  const gone = upstreams.find(({ id }) => !there.has(id));
  if (gone) throw repositoryNotFound(gone.name, domain.name, domain.account);
}

/** Whether `wanted` is one of `starts` or reached from them upwards; each repository is visited once. */
async function standsAbove(tx: Reader, starts: readonly string[], wanted: string): Promise<boolean> {
  const seen = new Set(starts);
  for (let level = [...starts]; level.length > 0; ) {
    if (level.includes(wanted)) return true;
    const rows = await tx
      .selectFrom("codeartifact_upstreams")
      .select("upstream_id")
      .where("repository_id", "in", level.slice(0, LEVEL))
      .execute();
    const found = [...new Set(rows.map((row) => row.upstream_id))].filter((id) => !seen.has(id));
    for (const id of found) seen.add(id);
    level = [...level.slice(LEVEL), ...found];
  }
  return false;
}

/** Repositories to one query. */
const LEVEL = 500;
