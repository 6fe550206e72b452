/** Versions of one repository under new names and statuses, all in one transaction (Maven: what is unfinished ends, snapshots). */
import type { Call } from "../../../identity/call.ts";
import type { Reader, Transaction } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { Arrangement, AssetView, OpenRepository, StoredVersion } from "../engine.ts";
import { versionConflict, versionNotFound } from "../errors.ts";
import type { FormatName, PackageName } from "../format.ts";
import { changePackage, type OpenPackage } from "./change-package.ts";
import { recordChange } from "./record-change.ts";
import {
  type AssetRow,
  assetsOf,
  asVersion,
  findPackage,
  findVersion,
  findVersions,
  type VersionRow,
} from "./stored-packages.ts";

export async function storedVersion(
  context: CodeArtifactContext,
  repository: OpenRepository,
  format: FormatName,
  name: PackageName,
  version: string,
): Promise<StoredVersion | undefined> {
  const db = context.metadata.reader;
  const found = await findPackage(db, { repository, format, name });
  const row = found && (await findVersion(db, found.id, version));
  return row && asStored(db, row);
}

/**
 * Throws ConflictException when two versions would have one name, and ResourceNotFoundException for an arrangement of
 * a version that `plan` was not shown.
 */
export async function arrange(
  context: CodeArtifactContext,
  call: Call,
  repository: OpenRepository,
  format: FormatName,
  name: PackageName,
  among: readonly string[] | "unfinished",
  plan: (versions: readonly StoredVersion[]) => readonly Arrangement[],
): Promise<void> {
  const action = "codeartifact:PutPackageMetadata";
  await changePackage(context, call, { repository, format, name, action }, async (tx, open) => {
    const rows = await rowsAmong(tx, open, among);
    const stored: StoredVersion[] = [];
    for (const row of rows.values()) stored.push(await asStored(tx, row));
    const arranged = plan(stored).map((arrangement) => {
      const row = rows.get(arrangement.version);
      if (!row) throw versionNotFound(open.key, arrangement.version);
      return { row, arrangement };
    });
    // First out of each other's way, under names that no version can have: a new name may be the old one of another.
    for (const { row, arrangement } of arranged)
      if (arrangement.becomes !== undefined) await rename(tx, row, `/${row.id}`);
    for (const { row, arrangement } of arranged) await apply(context, tx, call, open, row, arrangement);
  });
}

async function rowsAmong(
  tx: Reader,
  { row }: OpenPackage,
  among: readonly string[] | "unfinished",
): Promise<ReadonlyMap<string, VersionRow>> {
  if (among !== "unfinished") return findVersions(tx, row.id, among);
  const rows = await tx
    .selectFrom("codeartifact_versions")
    .selectAll()
    .where("package_id", "=", row.id)
    .where("status", "=", "Unfinished")
    .orderBy("version")
    .execute();
  return new Map(rows.map((unfinished) => [unfinished.version, asVersion(unfinished)]));
}

async function apply(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  { key, row: { id } }: OpenPackage,
  row: VersionRow,
  { becomes, status }: Arrangement,
): Promise<void> {
  const version = becomes ?? row.version;
  if (becomes !== undefined) {
    if (await findVersion(tx, id, becomes))
      throw versionConflict(becomes, `Version ${becomes} already exists`);
    await rename(tx, row, becomes);
  }
  const after = status ?? row.status;
  const statusChanged = after !== row.status;
  if (!statusChanged && version === row.version) return;
  await tx.updateTable("codeartifact_versions").set({ status: after }).where("id", "=", row.id).execute();
  await recordChange(context, tx, call, key, id, {
    version,
    status: after,
    revision: row.revision,
    // Under a name that nobody knew before, it is a new version to whoever listens.
    operation: version === row.version ? "Updated" : "Created",
    statusChanged,
  });
}

async function rename(tx: Transaction, row: VersionRow, version: string): Promise<void> {
  await tx.updateTable("codeartifact_versions").set({ version }).where("id", "=", row.id).execute();
}

async function asStored(db: Reader, row: VersionRow): Promise<StoredVersion> {
  const assets = await assetsOf(db, row.id);
  return { version: row.version, status: row.status, assets: assets.map(assetView) };
}

export function assetView({ name, size, md5, sha1, sha256, sha512, metadata }: AssetRow): AssetView {
  const parsed = JSON.parse(metadata) as Record<string, unknown>;
  return { name, size, hashes: { md5, sha1, sha256, sha512 }, metadata: parsed, stored: true };
}
