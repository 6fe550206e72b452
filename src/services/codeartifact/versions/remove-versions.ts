/**
 * Versions that lose their files: disposed of (the number stays taken) or deleted (it may be published again). The
 * bytes are collected once no other version has them.
 */
import type {
  DeletePackageVersionsCommandInput,
  DisposePackageVersionsCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { assetReferrer } from "../asset-references.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { OpenRepository } from "../engine.ts";
import type { FormatName, PackageName } from "../format.ts";
import type { OpenPackage } from "./change-package.ts";
import { changeVersions, conditionsOf } from "./change-versions.ts";
import { dropTagsOf } from "./dist-tags.ts";
import { openPackage } from "./package-access.ts";
import { recordChange } from "./record-change.ts";
import type { VersionRow } from "./stored-packages.ts";
import { throwFailure, type VersionResults } from "./version-results.ts";

export async function disposePackageVersions(
  context: CodeArtifactContext,
  call: Call,
  input: DisposePackageVersionsCommandInput,
): Promise<VersionResults> {
  const action = "codeartifact:DisposePackageVersions";
  const key = await openPackage(context, call, input, action);
  const versions = input.versions ?? [];
  const conditions = conditionsOf(versions, input.expectedStatus, input.versionRevisions);
  const request = { ...key, action, versions, target: "Disposed", conditions } as const;
  return changeVersions(context, call, request, async (tx, open, row) => {
    if (row.status === "Disposed") return;
    const assetsRemoved = await removeAssets(context, tx, row.id);
    await tx
      .updateTable("codeartifact_versions")
      .set({ status: "Disposed" })
      .where("id", "=", row.id)
      .execute();
    const { version, revision } = row;
    const change = { version, revision, status: "Disposed", operation: "Updated", assetsRemoved } as const;
    await recordChange(context, tx, call, key, open.row.id, { ...change, statusChanged: true });
  });
}

export async function deletePackageVersions(
  context: CodeArtifactContext,
  call: Call,
  input: DeletePackageVersionsCommandInput,
): Promise<VersionResults> {
  const action = "codeartifact:DeletePackageVersions";
  const key = await openPackage(context, call, input, action);
  const versions = input.versions ?? [];
  const conditions = conditionsOf(versions, input.expectedStatus, undefined);
  return changeVersions(
    context,
    call,
    { ...key, action, versions, target: "Deleted", conditions },
    (tx, open, row) => removeVersion(context, tx, call, open, row),
  );
}

/** Versions to one transaction: other writers wait behind it. */
const BATCH = 50;

/**
 * For native clients (npm unpublish, which may name thousands): batch by batch. Throws ResourceNotFoundException for a
 * version that is not there.
 */
export async function deleteVersions(
  context: CodeArtifactContext,
  call: Call,
  repository: OpenRepository,
  format: FormatName,
  name: PackageName,
  versions: readonly string[],
): Promise<void> {
  const action = "codeartifact:DeletePackageVersions";
  for (let start = 0; start < versions.length; start += BATCH) {
    const batch = versions.slice(start, start + BATCH);
    const request = { repository, format, name, action, versions: batch, target: "Deleted" } as const;
    const results = await changeVersions(context, call, request, (tx, open, row) =>
      removeVersion(context, tx, call, open, row),
    );
    throwFailure(results, { format, name });
  }
}

export async function removeVersion(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  { key, row: { id } }: Pick<OpenPackage, "key" | "row">,
  row: VersionRow,
): Promise<void> {
  const assetsRemoved = await removeAssets(context, tx, row.id);
  await tx.deleteFrom("codeartifact_readmes").where("version_id", "=", row.id).execute();
  await tx.deleteFrom("codeartifact_versions").where("id", "=", row.id).execute();
  await dropTagsOf(tx, id, [row.version]);
  const { version, revision } = row;
  const change = { version, revision, status: "Deleted", operation: "Deleted", assetsRemoved } as const;
  await recordChange(context, tx, call, key, id, { ...change, statusChanged: true });
}

/** Returns how many there were. */
export async function removeAssets(
  { blobs }: Pick<CodeArtifactContext, "blobs">,
  tx: Transaction,
  versionId: string,
): Promise<number> {
  const removed = await tx
    .deleteFrom("codeartifact_assets")
    .where("version_id", "=", versionId)
    .returning(["name", "blob_id"])
    .execute();
  for (const asset of removed) await blobs.release(tx, asset.blob_id, assetReferrer(versionId, asset.name));
  return removed.length;
}
