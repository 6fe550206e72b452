/**
 * What was asked for stays: a version that came from above gets rows of its own in the repository that it was asked of,
 * with references to the same bytes, and so it survives whatever happens above (CodeArtifact user guide, "Package
 * retention from upstream repositories"). Again the same changes nothing.
 */
import { randomUUID } from "node:crypto";
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { assetReferrer } from "../asset-references.ts";
import type { CodeArtifactContext } from "../context.ts";
import { touchPackage } from "../revisions.ts";
import { recordChange } from "../versions/record-change.ts";
import { currentRevision } from "../versions/revision.ts";
import {
  type AssetRow,
  assetsOf,
  findOrCreatePackage,
  findVersion,
  type PackageKey,
  putReadme,
  type Restrictions,
  type VersionRow,
} from "../versions/stored-packages.ts";
import { isOneVersion } from "./view-merge.ts";

/** CodeArtifact user guide, "Editing package origin controls": what came from above first is not published here. */
const CAME_FROM_ABOVE: Restrictions = { publish: "BLOCK", upstream: "ALLOW" };

export interface RetainedVersion
  extends Pick<
    VersionRow,
    | "version"
    | "status"
    | "published_at"
    | "origin_type"
    | "origin_repository"
    | "origin_connection"
    | "description"
  > {
  readonly readme: string | undefined;
  /** Whether description and readme take the place of those that are there. */
  readonly describes: boolean;
}

export type RetainedAsset = Omit<AssetRow, "version_id" | "added_at">;

export async function retain(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  key: PackageKey,
  retained: RetainedVersion,
  assets: readonly RetainedAsset[],
): Promise<void> {
  if (!(await repositoryExists(tx, key.repository.id))) return;
  const packageRow = await findOrCreatePackage(tx, key, CAME_FROM_ABOVE, call.now);
  const before = await findVersion(tx, packageRow.id, retained.version);
  // What somebody published, archived, disposed of or forbade here in the meantime stands.
  if (packageRow.upstream === "BLOCK" || (before && !mayTake(before, retained))) return;
  const row = before ?? (await insertVersion(tx, packageRow.id, retained));
  const present = new Set(before ? (await assetsOf(tx, before.id)).map(({ name }) => name) : []);
  const added = assets.filter(({ name }) => !present.has(name));
  if (before && added.length === 0) return;
  for (const asset of added) {
    await context.blobs.reference(tx, asset.blob_id, assetReferrer(row.id, asset.name));
    await tx
      .insertInto("codeartifact_assets")
      .values({ ...asset, version_id: row.id, added_at: call.now.getTime() })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  if (before && retained.describes)
    await tx
      .updateTable("codeartifact_versions")
      .set({ description: retained.description })
      .where("id", "=", row.id)
      .execute();
  if (!before || retained.describes) await putReadme(tx, row.id, retained.readme);
  const revision = await currentRevision(tx, row.id);
  await tx.updateTable("codeartifact_versions").set({ revision }).where("id", "=", row.id).execute();
  await recordChange(context, tx, call, key, packageRow.id, {
    version: retained.version,
    status: row.status,
    revision,
    operation: before ? "Updated" : "Created",
    assetsAdded: added.length,
    metadataUpdated: !before || retained.describes,
    statusChanged: !before,
  });
  await touchPackage(tx, key.repository.domainId, key.format, key.name);
}

function mayTake(before: VersionRow, retained: RetainedVersion): boolean {
  const isVisible = before.status === "Published" || before.status === "Unlisted";
  return isVisible && isOneVersion(identity(before), identity(retained));
}

function identity({ origin_type, origin_repository }: Pick<VersionRow, "origin_type" | "origin_repository">) {
  return {
    origin: origin_type as "INTERNAL" | "EXTERNAL",
    originRepository: origin_repository ?? undefined,
  };
}

async function repositoryExists(tx: Transaction, id: string): Promise<boolean> {
  const row = await tx
    .selectFrom("codeartifact_repositories")
    .select("id")
    .where("id", "=", id)
    .executeTakeFirst();
  return row !== undefined;
}

async function insertVersion(
  tx: Transaction,
  packageId: string,
  { readme: _, describes: __, ...retained }: RetainedVersion,
): Promise<VersionRow> {
  const row: VersionRow = { ...retained, id: randomUUID(), package_id: packageId, revision: "" };
  await tx
    .insertInto("codeartifact_versions")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return row;
}
