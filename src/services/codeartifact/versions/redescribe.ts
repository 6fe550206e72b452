/** What is kept of versions changes without new files: npm's deprecate, PyPI's yank. */
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { AssetView, OpenRepository, Redescription } from "../engine.ts";
import type { FormatName, PackageName, VersionDescription } from "../format.ts";
import { assetView } from "./arrange.ts";
import { changePackage, type OpenPackage } from "./change-package.ts";
import { recordChange } from "./record-change.ts";
import { currentRevision } from "./revision.ts";
import {
  assetsOf,
  asVersion,
  descriptionText,
  putReadme,
  type VersionRow,
  wholeDescription,
} from "./stored-packages.ts";

/** Versions to one page, so that a package of thousands is never in memory as a whole. */
const PAGE = 100;

type Change = (
  version: string,
  description: VersionDescription,
  assets: readonly AssetView[],
) => Redescription | undefined;

/**
 * Page by page, each in a transaction of its own: other writers need not wait for thousands of versions, and the same
 * again does what an interruption left undone. What was disposed of is left out.
 */
export async function redescribe(
  context: CodeArtifactContext,
  call: Call,
  repository: OpenRepository,
  format: FormatName,
  name: PackageName,
  change: Change,
): Promise<void> {
  const request = { repository, format, name, action: "codeartifact:PutPackageMetadata" };
  for (let after: string | undefined = ""; after !== undefined; ) {
    const start: string = after;
    after = await changePackage(context, call, request, async (tx, open) => {
      const rows = await tx
        .selectFrom("codeartifact_versions")
        .selectAll()
        .where("package_id", "=", open.row.id)
        .where("version", ">", start)
        .orderBy("version")
        .limit(PAGE)
        .execute();
      for (const row of rows) await redescribeVersion(context, tx, call, open, asVersion(row), change);
      return rows.length < PAGE ? undefined : rows.at(-1)?.version;
    });
  }
}

async function redescribeVersion(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  { key, row: { id } }: OpenPackage,
  row: VersionRow,
  change: Change,
): Promise<void> {
  if (row.status === "Disposed") return;
  const assets = await assetsOf(tx, row.id);
  const redescribed = change(row.version, await wholeDescription(tx, row), assets.map(assetView));
  if (!redescribed) return;
  const { description, assetMetadata, status = row.status } = redescribed;
  if (description) {
    await tx
      .updateTable("codeartifact_versions")
      .set({ description: descriptionText(description) })
      .where("id", "=", row.id)
      .execute();
    await putReadme(tx, row.id, description.readme);
  }
  for (const [asset, metadata] of assetMetadata ?? [])
    await tx
      .updateTable("codeartifact_assets")
      .set({ metadata: JSON.stringify(metadata) })
      .where("version_id", "=", row.id)
      .where("name", "=", asset)
      .execute();
  const revision = await currentRevision(tx, row.id);
  const metadataUpdated = revision !== row.revision;
  const statusChanged = status !== row.status;
  if (!metadataUpdated && !statusChanged) return;
  await tx.updateTable("codeartifact_versions").set({ revision, status }).where("id", "=", row.id).execute();
  const { version } = row;
  const changed = {
    version,
    status,
    revision,
    operation: "Updated",
    metadataUpdated,
    statusChanged,
  } as const;
  await recordChange(context, tx, call, key, id, changed);
}
