/**
 * The one transaction that makes a file part of a version: package, version, file, blob reference, readme, tags,
 * documents, revision, event. All rules are checked here, so two that publish at once cannot break one together.
 */
import { randomUUID } from "node:crypto";
import type { Call } from "../../../identity/call.ts";
import type { Blob } from "../../../storage/blobs/blobs.ts";
import { InspectAgain } from "../../../storage/blobs/errors.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { assetReferrer } from "../asset-references.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { Publication, PublishedVersion, VersionStatus } from "../engine.ts";
import { versionConflict, versionQuotaExceeded } from "../errors.ts";
import type { ReceivedContent, VersionDescription } from "../format.ts";
import type { DomainGraph } from "../graph.ts";
import { touchPackage } from "../revisions.ts";
import { type Admission, admit, type IncomingAsset, MOST_ASSETS, type PresentVersion } from "./admission.ts";
import { moveTags } from "./dist-tags.ts";
import { putDocuments } from "./package-documents.ts";
import { checkMayPublish, groupsInTransaction } from "./publish-controls.ts";
import { recordChange } from "./record-change.ts";
import { currentRevision } from "./revision.ts";
import {
  type AssetRow,
  assetsOf,
  descriptionText,
  findOrCreatePackage,
  findVersion,
  NO_DESCRIPTION,
  type PackageKey,
  PUBLISHED_FIRST,
  putReadme,
  repositoryInTransaction,
  type VersionRow,
} from "./stored-packages.ts";

/** What was found in the bytes before anything is committed. */
export interface Inspected {
  readonly content: ReceivedContent;
  /** Undefined when the file says nothing of its version. */
  readonly description: VersionDescription | undefined;
  /** The description in the version's row that it was made from. */
  readonly basedOn: string | undefined;
  /** JSON. */
  readonly assetMetadata: string;
}

export interface TakenFile {
  readonly key: PackageKey;
  /** Normalized. */
  readonly version: string;
  readonly publication: Publication;
  /** In which publishing was found to be allowed. */
  readonly graph: DomainGraph;
  readonly blob: Blob;
  readonly inspected: Inspected;
}

export async function storePublication(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  taken: TakenFile,
): Promise<PublishedVersion> {
  const { key, version, publication, inspected } = taken;
  await repositoryInTransaction(tx, key.repository);
  await checkMayPublish(tx, key, await groupsInTransaction(tx, taken.graph));
  const packageRow = await findOrCreatePackage(tx, key, PUBLISHED_FIRST, call.now);
  const before = await findVersion(tx, packageRow.id, version);
  const assets = before ? await assetsOf(tx, before.id) : [];
  const present = before && presentVersion(before, assets, publication.asset);
  const admission = admit(present, incoming(publication, inspected.content.hashes.sha256));
  refuse(admission, version, publication);
  const isNew = admission !== "same asset";
  if (before && isNew && inspected.description && before.description !== inspected.basedOn)
    throw new InspectAgain();

  const row = before ?? (await insertVersion(tx, call, packageRow.id, taken));
  const described = isNew && (await describe(tx, row, before !== undefined, inspected.description));
  if (isNew) await putAsset(context, tx, call, row, taken, assets);
  const status = row.status === "Unfinished" ? publication.status : row.status;
  const revision = isNew ? await currentRevision(tx, row.id) : row.revision;
  await tx.updateTable("codeartifact_versions").set({ status, revision }).where("id", "=", row.id).execute();

  const tagged = await moveTags(tx, packageRow.id, publication.tags ?? [], version);
  const documented = await putDocuments(tx, packageRow.id, publication.documents ?? new Map());
  const statusChanged = status !== before?.status;
  if (isNew || statusChanged)
    await recordChange(context, tx, call, key, packageRow.id, {
      version,
      status,
      revision,
      operation: before ? "Updated" : "Created",
      assetsAdded: admission === "new version" || admission === "new asset" ? 1 : 0,
      assetsUpdated: admission === "replaced asset" ? 1 : 0,
      metadataUpdated: described,
      statusChanged,
    });
  if (isNew || statusChanged || tagged || documented)
    await touchPackage(tx, key.repository.domainId, key.format, key.name);
  const kept = isNew ? undefined : assets.find((asset) => asset.name === publication.asset);
  return {
    version,
    status,
    revision,
    isNew,
    asset: {
      name: publication.asset,
      size: inspected.content.size,
      hashes: inspected.content.hashes,
      metadata: JSON.parse(kept?.metadata ?? inspected.assetMetadata) as Record<string, unknown>,
      stored: true,
    },
  };
}

export function presentVersion(row: VersionRow, assets: readonly AssetRow[], asset: string): PresentVersion {
  const same = assets.find(({ name }) => name === asset)?.sha256;
  return { status: row.status, assets: assets.length, same };
}

export function incoming(publication: Publication, sha256: string | undefined): IncomingAsset {
  return { format: publication.format, sha256, overwrite: publication.overwrite ?? false };
}

/** What is said to each file that may not join. */
const REFUSALS: Partial<Record<Admission, (version: string, asset: string) => Error>> = {
  "other content": (version, asset) =>
    versionConflict(
      version,
      `The asset ${asset} of version ${version} already exists with different content`,
    ),
  "version blocked": (version) =>
    versionConflict(version, `Version ${version} is archived or disposed of and cannot be published again`),
  "version complete": (version) =>
    versionConflict(version, `Version ${version} is already published and takes no further assets`),
  "too many assets": (version) =>
    versionQuotaExceeded(version, `Version ${version} already has ${MOST_ASSETS} assets`),
};

export function refuse(admission: Admission, version: string, publication: Publication): void {
  const refusal = REFUSALS[admission];
  if (refusal) throw refusal(version, publication.asset);
}

async function insertVersion(
  tx: Transaction,
  call: Call,
  packageId: string,
  { key, version, publication }: TakenFile,
): Promise<VersionRow> {
  const row = {
    id: randomUUID(),
    package_id: packageId,
    version,
    status: publication.status as VersionStatus,
    revision: "",
    published_at: call.now.getTime(),
    origin_type: "INTERNAL",
    origin_repository: key.repository.name,
    origin_connection: null,
    description: descriptionText(NO_DESCRIPTION),
  };
  await tx
    .insertInto("codeartifact_versions")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return row;
}

/** Returns whether anything of the version's metadata is other than before. */
async function describe(
  tx: Transaction,
  row: VersionRow,
  existed: boolean,
  description: VersionDescription | undefined,
): Promise<boolean> {
  if (!description) return !existed;
  const text = descriptionText(description);
  await tx.updateTable("codeartifact_versions").set({ description: text }).where("id", "=", row.id).execute();
  const read = await putReadme(tx, row.id, description.readme);
  return !existed || text !== row.description || read;
}

async function putAsset(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  row: VersionRow,
  { publication, blob, inspected }: TakenFile,
  assets: readonly AssetRow[],
): Promise<void> {
  const referrer = assetReferrer(row.id, publication.asset);
  const replaced = assets.find(({ name }) => name === publication.asset);
  if (replaced) await context.blobs.release(tx, replaced.blob_id, referrer);
  await context.blobs.reference(tx, blob.id, referrer);
  const { size, hashes } = inspected.content;
  const values = {
    blob_id: blob.id,
    size,
    ...hashes,
    metadata: inspected.assetMetadata,
    added_at: call.now.getTime(),
  };
  await tx
    .insertInto("codeartifact_assets")
    .values({ version_id: row.id, name: publication.asset, ...values })
    .onConflict((conflict) => conflict.columns(["version_id", "name"]).doUpdateSet(values))
    .execute();
}
