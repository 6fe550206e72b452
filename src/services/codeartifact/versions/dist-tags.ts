/** npm's dist-tags: names that point to versions of a package in one repository. */
import type { Call } from "../../../identity/call.ts";
import type { Reader, Transaction } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { OpenRepository } from "../engine.ts";
import { versionNotFound } from "../errors.ts";
import type { FormatName, PackageName } from "../format.ts";
import { changePackage } from "./change-package.ts";

/** Returns whether any of them pointed elsewhere before. */
export async function moveTags(
  tx: Transaction,
  packageId: string,
  tags: readonly string[],
  version: string,
): Promise<boolean> {
  let moved = false;
  for (const tag of new Set(tags)) {
    const before = await taggedVersion(tx, packageId, tag);
    if (before === version) continue;
    moved = true;
    await tx
      .insertInto("codeartifact_dist_tags")
      .values({ package_id: packageId, tag, version })
      .onConflict((conflict) => conflict.columns(["package_id", "tag"]).doUpdateSet({ version }))
      .execute();
  }
  return moved;
}

/** Tags of versions that are gone go with them. */
export async function dropTagsOf(
  tx: Transaction,
  packageId: string,
  versions: readonly string[],
): Promise<void> {
  if (versions.length === 0) return;
  await tx
    .deleteFrom("codeartifact_dist_tags")
    .where("package_id", "=", packageId)
    .where("version", "in", versions)
    .execute();
}

export async function taggedVersion(db: Reader, packageId: string, tag: string): Promise<string | undefined> {
  const row = await db
    .selectFrom("codeartifact_dist_tags")
    .select("version")
    .where("package_id", "=", packageId)
    .where("tag", "=", tag)
    .executeTakeFirst();
  return row?.version;
}

/**
 * Throws ResourceNotFoundException when this repository has no such package or version: tags of versions that are only
 * above belong to the repository above.
 */
export function setTag(
  context: CodeArtifactContext,
  call: Call,
  repository: OpenRepository,
  format: FormatName,
  name: PackageName,
  tag: string,
  version: string | undefined,
): Promise<void> {
  const action = "codeartifact:PutPackageMetadata";
  return changePackage(context, call, { repository, format, name, action }, async (tx, change) => {
    const { row, key } = change;
    if (version === undefined) {
      await tx
        .deleteFrom("codeartifact_dist_tags")
        .where("package_id", "=", row.id)
        .where("tag", "=", tag)
        .execute();
      return;
    }
    const normalized = context.formats.get(format).normalizeVersion(version);
    const found = await change.version(normalized);
    if (!found || found.status === "Disposed" || found.status === "Archived")
      throw versionNotFound(key, normalized);
    await moveTags(tx, row.id, [tag], normalized);
  });
}
