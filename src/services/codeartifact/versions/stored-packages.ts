/** The rows of one package in one repository, as whoever writes them reads them. */

import { randomUUID } from "node:crypto";
import type { Selectable } from "kysely";
import type { Reader, Transaction } from "../../../storage/metadata/metadata.ts";
import type { OpenRepository, VersionStatus } from "../engine.ts";
import { repositoryNotFound } from "../errors.ts";
import type { FormatName, PackageName, VersionDescription } from "../format.ts";
import type {
  CodeArtifactAssetsTable,
  CodeArtifactPackagesTable,
  CodeArtifactRepositoriesTable,
  CodeArtifactVersionsTable,
} from "../tables.ts";

/** A package by what names it; `name` is normalized. */
export interface PackageKey {
  readonly repository: OpenRepository;
  readonly format: FormatName;
  readonly name: PackageName;
}

export type PackageRow = Selectable<CodeArtifactPackagesTable>;
export type VersionRow = Selectable<CodeArtifactVersionsTable> & { readonly status: VersionStatus };
export type AssetRow = Selectable<CodeArtifactAssetsTable>;

/** Versions to one statement: far below the limits of bound values. */
const BATCH = 500;

/** The repository as it is inside the transaction; throws ResourceNotFoundException when it was deleted meanwhile. */
export async function repositoryInTransaction(
  tx: Reader,
  repository: OpenRepository,
): Promise<Selectable<CodeArtifactRepositoriesTable>> {
  const row = await tx
    .selectFrom("codeartifact_repositories")
    .selectAll()
    .where("id", "=", repository.id)
    .executeTakeFirst();
  if (!row) throw repositoryNotFound(repository.name, repository.domain, repository.owner);
  return row;
}

export function findPackage(
  db: Reader,
  { repository, format, name }: PackageKey,
): Promise<PackageRow | undefined> {
  return db
    .selectFrom("codeartifact_packages")
    .selectAll()
    .where("repository_id", "=", repository.id)
    .where("format", "=", format)
    .where("namespace", "=", name.namespace)
    .where("name", "=", name.name)
    .executeTakeFirst();
}

/** Whose restrictions a package begins with: those of its first arrival. */
export interface Restrictions {
  readonly publish: "ALLOW" | "BLOCK";
  readonly upstream: "ALLOW" | "BLOCK";
}

/** CodeArtifact user guide, "Editing package origin controls": a package that is published first is not taken from above. */
export const PUBLISHED_FIRST: Restrictions = { publish: "ALLOW", upstream: "BLOCK" };

export async function findOrCreatePackage(
  tx: Transaction,
  key: PackageKey,
  restrictions: Restrictions,
  now: Date,
): Promise<PackageRow> {
  const found = await findPackage(tx, key);
  if (found) return found;
  const { repository, format, name } = key;
  const row: PackageRow = {
    id: randomUUID(),
    domain_id: repository.domainId,
    repository_id: repository.id,
    format,
    namespace: name.namespace,
    name: name.name,
    ...restrictions,
    created_at: now.getTime(),
    event_sequence: 0,
  };
  // A conflict can only come from a transaction that is not visible yet: PostgreSQL then has this one run again.
  await tx
    .insertInto("codeartifact_packages")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return row;
}

export async function findVersion(
  db: Reader,
  packageId: string,
  version: string,
): Promise<VersionRow | undefined> {
  const row = await db
    .selectFrom("codeartifact_versions")
    .selectAll()
    .where("package_id", "=", packageId)
    .where("version", "=", version)
    .executeTakeFirst();
  return row && asVersion(row);
}

/** By version. */
export async function findVersions(
  db: Reader,
  packageId: string,
  versions: readonly string[],
): Promise<ReadonlyMap<string, VersionRow>> {
  const found = new Map<string, VersionRow>();
  for (let start = 0; start < versions.length; start += BATCH) {
    const rows = await db
      .selectFrom("codeartifact_versions")
      .selectAll()
      .where("package_id", "=", packageId)
      .where("version", "in", versions.slice(start, start + BATCH))
      .execute();
    for (const row of rows) found.set(row.version, asVersion(row));
  }
  return found;
}

export function asVersion(row: Selectable<CodeArtifactVersionsTable>): VersionRow {
  return { ...row, status: row.status as VersionStatus };
}

/** In binary order of their names. */
export function assetsOf(db: Reader, versionId: string): Promise<AssetRow[]> {
  return db
    .selectFrom("codeartifact_assets")
    .selectAll()
    .where("version_id", "=", versionId)
    .orderBy("name")
    .execute();
}

export async function readmeOf(db: Reader, versionId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom("codeartifact_readmes")
    .select("readme")
    .where("version_id", "=", versionId)
    .executeTakeFirst();
  return row?.readme;
}

export const NO_DESCRIPTION: VersionDescription = { metadata: {}, licenses: [], dependencies: [] };

/** The text for the version's row; the readme is kept apart. */
export function descriptionText({ readme: _, ...kept }: VersionDescription): string {
  return JSON.stringify(kept);
}

export function parseDescription(row: { readonly description: string }): VersionDescription {
  return JSON.parse(row.description) as VersionDescription;
}

/** With the readme, as formats know it. */
export async function wholeDescription(db: Reader, row: VersionRow): Promise<VersionDescription> {
  const readme = await readmeOf(db, row.id);
  return readme === undefined ? parseDescription(row) : { ...parseDescription(row), readme };
}

/** Returns whether it is another than before. */
export async function putReadme(
  tx: Transaction,
  versionId: string,
  readme: string | undefined,
): Promise<boolean> {
  const before = await readmeOf(tx, versionId);
  if (before === readme) return false;
  if (readme === undefined) {
    await tx.deleteFrom("codeartifact_readmes").where("version_id", "=", versionId).execute();
    return true;
  }
  await tx
    .insertInto("codeartifact_readmes")
    .values({ version_id: versionId, readme })
    .onConflict((conflict) => conflict.column("version_id").doUpdateSet({ readme }))
    .execute();
  return true;
}
