/**
 * Versions that change places (Maven): the metadata of a package ends what is unfinished; that of a snapshot puts a new
 * build under the snapshot's name and gives the one before a name of its own. In one transaction, so that nobody finds the
 * snapshot without a build.
 */
import type { Call } from "../../../identity/call.ts";
import type { Reader, Transaction } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { Arrangement, OpenRepository, StoredVersion } from "../engine.ts";
import { versionConflict } from "../errors.ts";
import type { FormatName, HashName, PackageName } from "../format.ts";
import { changePackage } from "./change-package.ts";
import { packageKey } from "./package-access.ts";
import { recordChange } from "./record-change.ts";
import {
  type AssetRow,
  assetsOf,
  asVersion,
  findPackage,
  findVersion,
  findVersions,
  type PackageKey,
  type VersionRow,
} from "./stored-packages.ts";

/** More than any deployment leaves unfinished; the rest ends with the next metadata. */
const MOST_UNFINISHED = 1000;

export async function storedVersion(
  context: CodeArtifactContext,
  repository: OpenRepository,
  format: FormatName,
  name: PackageName,
  version: string,
): Promise<StoredVersion | undefined> {
  const db = context.metadata.reader;
  const found = await findPackage(db, packageKey(context, repository, format, name));
  const row = found && (await findVersion(db, found.id, version));
  return row && asStored(db, row);
}

/** Throws ResourceNotFoundException when the repository itself has no such package. */
export function arrange(
  context: CodeArtifactContext,
  call: Call,
  repository: OpenRepository,
  format: FormatName,
  name: PackageName,
  among: readonly string[] | "unfinished",
  plan: (versions: readonly StoredVersion[]) => readonly Arrangement[],
): Promise<void> {
  const action = "codeartifact:PutPackageMetadata";
  return changePackage(context, call, { repository, format, name, action }, async (tx, { row, key }) => {
    const rows =
      among === "unfinished"
        ? await unfinished(tx, row.id)
        : [...(await findVersions(tx, row.id, among)).values()];
    const stored: StoredVersion[] = [];
    for (const version of rows) stored.push(await asStored(tx, version));
    await apply(context, tx, call, key, row.id, rows, plan(stored));
  });
}

async function apply(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  key: PackageKey,
  packageId: string,
  rows: readonly VersionRow[],
  arrangements: readonly Arrangement[],
): Promise<void> {
  const rowOf = new Map(rows.map((row) => [row.version, row]));
  const changes = arrangements.flatMap((arrangement) => {
    const row = rowOf.get(arrangement.version);
    return row === undefined ? [] : { row, ...arrangement };
  });
  // Names are exchanged: each that gives its name away lets go of it first.
  for (const { row, becomes } of changes) if (becomes !== undefined) await rename(tx, row.id, `~${row.id}`);
  for (const { row, becomes, status } of changes) {
    const version = becomes ?? row.version;
    if (becomes !== undefined) {
      if (await findVersion(tx, packageId, becomes))
        throw versionConflict(becomes, `Version ${becomes} already exists`);
      await rename(tx, row.id, becomes);
    }
    const after = status ?? row.status;
    await tx.updateTable("codeartifact_versions").set({ status: after }).where("id", "=", row.id).execute();
    await recordChange(context, tx, call, key, packageId, {
      version,
      status: after,
      revision: row.revision,
      operation: rowOf.has(version) ? "Updated" : "Created",
      statusChanged: after !== rowOf.get(version)?.status,
    });
  }
}

async function rename(tx: Transaction, id: string, version: string): Promise<void> {
  await tx.updateTable("codeartifact_versions").set({ version }).where("id", "=", id).execute();
}

async function unfinished(tx: Reader, packageId: string): Promise<VersionRow[]> {
  const rows = await tx
    .selectFrom("codeartifact_versions")
    .selectAll()
    .where("package_id", "=", packageId)
    .where("status", "=", "Unfinished")
    .orderBy("version")
    .limit(MOST_UNFINISHED)
    .execute();
  return rows.map(asVersion);
}

async function asStored(db: Reader, row: VersionRow): Promise<StoredVersion> {
  const assets = await assetsOf(db, row.id);
  return { version: row.version, status: row.status, assets: assets.map(asAssetView) };
}

function asAssetView(row: AssetRow) {
  const hashes = Object.fromEntries(HASHES.map((name) => [name, row[name]]));
  const metadata = JSON.parse(row.metadata) as Record<string, unknown>;
  return { name: row.name, size: row.size, hashes, metadata, stored: true };
}

const HASHES: readonly HashName[] = ["md5", "sha1", "sha256", "sha512"];
