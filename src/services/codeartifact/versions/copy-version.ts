import { randomUUID } from "node:crypto";
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { assetReferrer } from "../asset-references.ts";
import type { CodeArtifactContext } from "../context.ts";
import { recordChange } from "./record-change.ts";
import { removeAssets } from "./remove-versions.ts";
import { currentRevision } from "./revision.ts";
import { assetsOf, type PackageKey, putReadme, readmeOf, type VersionRow } from "./stored-packages.ts";

/** Makes one version of a repository the same as `source`, in the place of `target` when there is one. */
export async function copyVersion(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  key: PackageKey,
  packageId: string,
  source: VersionRow,
  target: VersionRow | undefined,
): Promise<Pick<VersionRow, "revision" | "status">> {
  const before = new Set(target ? (await assetsOf(tx, target.id)).map(({ name }) => name) : []);
  const { id: _, package_id: __, ...copied } = source;
  const id = target?.id ?? randomUUID();
  if (target) {
    await removeAssets(context, tx, id);
    await tx.updateTable("codeartifact_versions").set(copied).where("id", "=", id).execute();
  } else {
    await tx
      .insertInto("codeartifact_versions")
      .values({ ...copied, id, package_id: packageId })
      .execute();
  }
  const assets = await assetsOf(tx, source.id);
  for (const asset of assets) {
    await context.blobs.reference(tx, asset.blob_id, assetReferrer(id, asset.name));
    await tx
      .insertInto("codeartifact_assets")
      .values({ ...asset, version_id: id, added_at: call.now.getTime() })
      .execute();
  }
  await putReadme(tx, id, await readmeOf(tx, source.id));
  const revision = await currentRevision(tx, id);
  await tx.updateTable("codeartifact_versions").set({ revision }).where("id", "=", id).execute();
  const names = new Set(assets.map(({ name }) => name));
  const { version, status } = source;
  await recordChange(context, tx, call, key, packageId, {
    version,
    status,
    revision,
    operation: target ? "Updated" : "Created",
    assetsAdded: [...names].filter((name) => !before.has(name)).length,
    assetsRemoved: [...before].filter((name) => !names.has(name)).length,
    assetsUpdated: [...names].filter((name) => before.has(name)).length,
    metadataUpdated: true,
    statusChanged: status !== target?.status,
  });
  return { revision, status };
}
