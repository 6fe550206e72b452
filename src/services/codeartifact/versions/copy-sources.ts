/** Where a copy takes its versions from: the source repository, and above it only when the caller says so. */
import type { Call } from "../../../identity/call.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { AssetView } from "../engine.ts";
import type { FormatName } from "../format.ts";
import { walkPackage } from "../reading/package-walk.ts";
import type { Reading } from "../reading/reading.ts";
import { findPackage, findVersion, type PackageKey } from "./stored-packages.ts";

/** The rows of the package in one repository. */
export interface CopySource {
  readonly packageId: string;
}

/** In the order in which they are asked; empty when nobody has the package. */
export async function sourcesOf(
  context: CodeArtifactContext,
  reading: Reading,
  call: Call,
  key: PackageKey,
  versions: readonly string[],
  includeFromUpstream = false,
): Promise<readonly CopySource[]> {
  const db = context.metadata.reader;
  if (!includeFromUpstream) {
    const own = await findPackage(db, key);
    return own ? [{ packageId: own.id }] : [];
  }
  const stored = await storedSources(context, key);
  const missing: string[] = [];
  for (const version of versions) {
    const rows = await Promise.all(stored.map(({ packageId }) => findVersion(db, packageId, version)));
    if (!rows.some((row) => row !== undefined)) missing.push(version);
  }
  if (missing.length === 0) return stored;
  // What only the outside has is fetched as a client would: the source repository retains it.
  await fetchVersions(reading, call, key, missing);
  return storedSources(context, key);
}

async function storedSources(context: CodeArtifactContext, key: PackageKey): Promise<readonly CopySource[]> {
  const { places, packages } = await walkPackage(context, key);
  return places.flatMap((place) => {
    const row = place.kind === "repository" ? packages.get(place.repository.id) : undefined;
    return row ? [{ packageId: row.id }] : [];
  });
}

async function fetchVersions(
  reading: Reading,
  call: Call,
  { repository, format, name }: PackageKey,
  versions: readonly string[],
): Promise<void> {
  const view = await reading.view(repository, format, name);
  for (const version of versions) {
    const listed = view?.versions.find((candidate) => candidate.version === version);
    if (!listed) continue;
    for (const asset of assetNames(format, name.name, version, listed.assets)) {
      const opened = await reading.openAsset(call, repository, format, name, version, asset);
      // Read to its end, it is checked and kept.
      for await (const _ of (await opened?.open()) ?? []);
    }
  }
}

/** Listings of Maven name no files: the usual ones are tried (CodeArtifact user guide, "Maven: requesting from upstream"). */
function assetNames(
  format: FormatName,
  name: string,
  version: string,
  listed: readonly AssetView[],
): readonly string[] {
  if (listed.length > 0 || format !== "maven") return listed.map((asset) => asset.name);
  return [".pom", ".jar", "-sources.jar", "-javadoc.jar"].map((ending) => `${name}-${version}${ending}`);
}
