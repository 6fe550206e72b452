/**
 * Where a file of a version is: in the rows of a repository of the walk, or outside behind an external connection. The
 * same order and the same rules as for the merged view, also for who asks for a file by its address: a version that
 * was published inside, or is hidden at its first place, has no files elsewhere.
 */
import type { Reader } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { VersionStatus } from "../engine.ts";
import { versionNotDownloadable } from "../errors.ts";
import type { PackageFormat, PackageName, UpstreamAsset, UpstreamVersion } from "../format.ts";
import type { GraphRepository, Place } from "../graph.ts";
import { type PackageWalk, packageIds } from "./package-walk.ts";
import { isOneVersion, normalizedOrUndefined } from "./view-merge.ts";

export type FoundAsset =
  | { readonly kind: "stored"; readonly repository: GraphRepository; readonly row: StoredAssetRow }
  | {
      readonly kind: "outside";
      readonly connection: string;
      readonly owner: GraphRepository;
      readonly version: string;
      /** As the listing has it; undefined for a file that was located without one. */
      readonly listed: UpstreamVersion | undefined;
      readonly asset: UpstreamAsset;
    };

type VersionRow = Awaited<ReturnType<typeof versionRows>>[number];
export type StoredAssetRow = VersionRow & { readonly blob_id: string; readonly size: number };

export interface WantedFile {
  readonly format: PackageFormat;
  readonly name: PackageName;
  /** Undefined: of any version. */
  readonly version: string | undefined;
  readonly asset: string;
}

/** Candidates, the best first: a file that a listing names may turn out to be gone. */
export async function* findAsset(
  context: CodeArtifactContext,
  walk: PackageWalk,
  wanted: WantedFile,
): AsyncGenerator<FoundAsset> {
  const versions =
    wanted.version === undefined ? await versionsWithAsset(context, walk, wanted) : [wanted.version];
  for (const version of versions) yield* findInVersion(context, walk, { ...wanted, version });
}

async function* findInVersion(
  context: CodeArtifactContext,
  walk: PackageWalk,
  wanted: WantedFile & { readonly version: string },
): AsyncGenerator<FoundAsset> {
  const { format, version } = wanted;
  const rows = await versionRows(context.metadata.reader, packageIds(walk), version, wanted.asset);
  const rowOf = new Map(rows.map((row) => [row.package_id, row]));
  let first: VersionRow | undefined;
  for (const place of walk.places) {
    if (place.kind === "connection") {
      if (first && first.origin_type !== "EXTERNAL") continue;
      const outside = await findOutside(context, place, wanted);
      if (outside)
        yield { kind: "outside", connection: place.connection, owner: place.owner, version, ...outside };
      continue;
    }
    const row = rowOf.get(walk.packages.get(place.repository.id)?.id ?? "");
    if (row === undefined || (first && !belongsTo(first, row))) continue;
    if (row.origin_type === "EXTERNAL" && !walk.showsStrangers(place.repository)) continue;
    if (!first && !mayBeOpened(row, place, wanted)) return;
    first ??= row;
    if (isStored(row)) yield { kind: "stored", repository: place.repository, row };
    if (!format.assetsGrow) return;
  }
}

function isStored(row: VersionRow): row is StoredAssetRow {
  return row.blob_id !== null;
}

/**
 * Whether the place that decides about a version lets its files be downloaded; throws ResourceNotFoundException with a reason
 * when it says that they may not. What is Unfinished is its own repository's business.
 */
function mayBeOpened(row: VersionRow, place: Place, { name }: WantedFile): boolean {
  if (row.status === "Archived") throw versionNotDownloadable(name, row.version, row.status);
  return (
    row.status === "Published" ||
    row.status === "Unlisted" ||
    (row.status === "Unfinished" && place.depth === 0)
  );
}

function belongsTo(first: VersionRow, row: VersionRow): boolean {
  return (
    (row.status === "Published" || row.status === "Unlisted") && isOneVersion(identity(first), identity(row))
  );
}

function identity({ origin_type, origin_repository }: VersionRow) {
  return {
    origin: origin_type as "INTERNAL" | "EXTERNAL",
    originRepository: origin_repository ?? undefined,
  };
}

/** Formats that know a file's address need no listing for it: one question less to wait for. */
async function findOutside(
  { upstreams }: CodeArtifactContext,
  { connection }: Extract<Place, { kind: "connection" }>,
  { format, name, version, asset }: WantedFile & { readonly version: string },
): Promise<{ listed: UpstreamVersion | undefined; asset: UpstreamAsset } | undefined> {
  const { upstream } = format;
  if (upstream === undefined) return undefined;
  if (upstream.locate) {
    const located = await upstream.locate(upstreams.source(connection), name, version, asset);
    if (located) return { listed: undefined, asset: located };
  }
  const { listing } = await upstreams.list(connection, format, name);
  for (const listed of listing?.versions ?? []) {
    const found = listed.assets.find((file) => file.name === asset);
    if (found && normalizedOrUndefined(format, listed.version) === version) return { listed, asset: found };
  }
  return undefined;
}

/** In the order of the walk. */
async function versionsWithAsset(
  { metadata, upstreams }: CodeArtifactContext,
  walk: PackageWalk,
  { format, name, asset }: WantedFile,
): Promise<readonly string[]> {
  const ids = packageIds(walk);
  const rows = await rowsWithAsset(metadata.reader, ids, asset);
  const versions = new Set<string>();
  for (const place of walk.places) {
    if (place.kind === "repository") {
      const id = walk.packages.get(place.repository.id)?.id;
      for (const row of rows) if (row.package_id === id) versions.add(row.version);
      continue;
    }
    // Who has it inside need not be asked outside; whether it may be shown is decided version by version.
    if (versions.size > 0) break;
    const { listing } = await upstreams.list(place.connection, format, name);
    for (const listed of listing?.versions ?? []) {
      if (!listed.assets.some((file) => file.name === asset)) continue;
      const version = normalizedOrUndefined(format, listed.version);
      if (version !== undefined) versions.add(version);
    }
  }
  return [...versions];
}

async function versionRows(db: Reader, ids: readonly string[], version: string, asset: string) {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom("codeartifact_versions as version")
    .leftJoin("codeartifact_assets as asset", (join) =>
      join.onRef("asset.version_id", "=", "version.id").on("asset.name", "=", asset),
    )
    .selectAll("version")
    .select(["asset.blob_id", "asset.size", "asset.md5", "asset.sha1", "asset.sha256", "asset.sha512"])
    .where("version.package_id", "in", ids)
    .where("version.version", "=", version)
    .execute();
  return rows.map((row) => ({ ...row, status: row.status as VersionStatus }));
}

async function rowsWithAsset(db: Reader, ids: readonly string[], asset: string) {
  if (ids.length === 0) return [];
  return db
    .selectFrom("codeartifact_versions as version")
    .innerJoin("codeartifact_assets as asset", "asset.version_id", "version.id")
    .select(["version.package_id", "version.version"])
    .where("version.package_id", "in", ids)
    .where("asset.name", "=", asset)
    .orderBy("version.version")
    .execute();
}
