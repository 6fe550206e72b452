/** What stands against publishing a package to a repository, whatever its bytes are. */
import type { Reader } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import { accessDenied, versionConflict } from "../errors.ts";
import type { DomainGraph } from "../graph.ts";
import { loadGroups, type PackageGroups } from "../groups/package-groups.ts";
import { originControls } from "../origin-controls.ts";
import { walkPackage } from "../reading/package-walk.ts";
import { normalizedOrUndefined } from "../reading/view-merge.ts";
import { findPackage, findVersion, type PackageKey } from "./stored-packages.ts";

/** Throws AccessDeniedException with the origin control that forbids it. */
export async function checkMayPublish(db: Reader, key: PackageKey, groups: PackageGroups): Promise<void> {
  const { repository, format, name } = key;
  const { publish } = originControls(groups, format, name, repository.name, await findPackage(db, key));
  if (!publish.allowed)
    throw accessDenied(
      `Package '${name.name}' cannot be published to repository '${repository.name}': ${publish.because}`,
    );
}

/** The groups as the transaction sees them: what memory has, unless somebody has changed the domain since. */
export async function groupsInTransaction(tx: Reader, known: DomainGraph): Promise<PackageGroups> {
  const row = await tx
    .selectFrom("codeartifact_domains")
    .select("graph_revision")
    .where("id", "=", known.id)
    .executeTakeFirst();
  return row?.graph_revision === known.revision ? known.groups : loadGroups(tx, known.id);
}

/**
 * A version that would be found above this repository cannot be published to it while upstream versions are allowed:
 * nobody could say which of the two a client gets (CodeArtifact user guide, "Publishing package versions").
 */
export async function checkNotAbove(
  context: CodeArtifactContext,
  key: PackageKey,
  version: string,
): Promise<void> {
  const format = context.formats.get(key.format);
  const { places, packages } = await walkPackage(context, key);
  for (const place of places) {
    if (place.kind === "connection") {
      const { listing } = await context.upstreams.list(place.connection, format, key.name);
      const there = listing?.versions.some(
        (listed) => normalizedOrUndefined(format, listed.version) === version,
      );
      if (there) throw aboveAlready(version, `external connection ${place.connection}`);
    } else if (place.depth > 0) {
      const id = packages.get(place.repository.id)?.id;
      const row = id && (await findVersion(context.metadata.reader, id, version));
      if (row && row.status !== "Disposed" && row.status !== "Unfinished")
        throw aboveAlready(version, `upstream repository ${place.repository.name}`);
    }
  }
}

function aboveAlready(version: string, where: string): Error {
  return versionConflict(version, `Version ${version} already exists in the ${where}`);
}
