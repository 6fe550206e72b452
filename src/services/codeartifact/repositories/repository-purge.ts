/** What a deleted repository held is removed here, in batches: deleting a repository of 100,000 versions answers at once. */
import type { JobHandler } from "../../../jobs/jobs.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { assetReferrer } from "../asset-references.ts";
import type { CodeArtifactContext } from "../context.ts";

export const PURGE_REPOSITORY = "codeartifact.purge-repository";

/** A publish that began before the delete may still be committing: it ends well within this. */
export const PURGE_DELAY_MILLISECONDS = 60_000;

/** Rows of each kind to one transaction. */
const PACKAGES = 50;
const VERSIONS = 100;
const ASSETS = 500;

type PurgeContext = Pick<CodeArtifactContext, "metadata" | "blobs">;

export function purgeRepositoryHandler(context: PurgeContext): JobHandler {
  return {
    kind: PURGE_REPOSITORY,
    async run(job) {
      const { repositoryId } = job.payload as { repositoryId: string };
      while (await context.metadata.write((tx) => purgeSome(context, tx, repositoryId)))
        job.signal.throwIfAborted();
    },
  };
}

/**
 * From the outside in: files of the first versions of the first packages, then those versions, then the packages that
 * have none left, so that no step looks past what it removes. False when there is nothing left.
 */
async function purgeSome(context: PurgeContext, tx: Transaction, repositoryId: string): Promise<boolean> {
  const packages = await ids(
    tx
      .selectFrom("codeartifact_packages")
      .select("id")
      .where("repository_id", "=", repositoryId)
      .limit(PACKAGES),
  );
  if (packages.length === 0) return false;
  const versions = await ids(
    tx.selectFrom("codeartifact_versions").select("id").where("package_id", "in", packages).limit(VERSIONS),
  );
  if (versions.length === 0) {
    await tx.deleteFrom("codeartifact_dist_tags").where("package_id", "in", packages).execute();
    await tx.deleteFrom("codeartifact_package_documents").where("package_id", "in", packages).execute();
    await tx.deleteFrom("codeartifact_packages").where("id", "in", packages).execute();
    return true;
  }
  if ((await purgeAssets(context, tx, versions)) < ASSETS) {
    await tx.deleteFrom("codeartifact_readmes").where("version_id", "in", versions).execute();
    await tx.deleteFrom("codeartifact_versions").where("id", "in", versions).execute();
  }
  return true;
}

async function purgeAssets(
  { blobs }: PurgeContext,
  tx: Transaction,
  versions: readonly string[],
): Promise<number> {
  const assets = await tx
    .selectFrom("codeartifact_assets")
    .select(["version_id", "name", "blob_id"])
    .where("version_id", "in", versions)
    .limit(ASSETS)
    .execute();
  for (const asset of assets) {
    await tx
      .deleteFrom("codeartifact_assets")
      .where("version_id", "=", asset.version_id)
      .where("name", "=", asset.name)
      .execute();
    await blobs.release(tx, asset.blob_id, assetReferrer(asset.version_id, asset.name));
  }
  return assets.length;
}

async function ids(query: {
  execute(): Promise<readonly { readonly id: string }[]>;
}): Promise<readonly string[]> {
  const rows = await query.execute();
  return rows.map(({ id }) => id);
}
