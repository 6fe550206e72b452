/** One file, opened for a client: from the repository's own rows, from an upstream's, or from outside. */
import { Readable } from "node:stream";
import type { Call } from "../../../identity/call.ts";
import type { Blob } from "../../../storage/blobs/blobs.ts";
import { StorageFull } from "../../../storage/blobs/errors.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import { fileEncryption } from "../encryption.ts";
import type { OpenAsset, OpenRepository, VersionStatus } from "../engine.ts";
import { versionNotDownloadable } from "../errors.ts";
import type { Hashes, ReceivedContent, VersionDescription } from "../format.ts";
import {
  assetsOf,
  descriptionText,
  NO_DESCRIPTION,
  type PackageKey,
  readmeOf,
} from "../versions/stored-packages.ts";
import { type FoundAsset, findAsset, type StoredAssetRow } from "./find-asset.ts";
import { asOpen } from "./open-repository.ts";
import { type PackageWalk, walkPackage } from "./package-walk.ts";
import { retain } from "./retain.ts";
import type { SmallAssets } from "./small-assets.ts";

export interface OpeningContext extends CodeArtifactContext {
  readonly smallAssets: SmallAssets;
}

/** Throws ResourceNotFoundException for what is archived, UpstreamUnavailable and UpstreamRefused for what only the outside has. */
export async function openAsset(
  context: OpeningContext,
  call: Call,
  key: PackageKey,
  version: string | undefined,
  asset: string,
): Promise<OpenAsset | undefined> {
  const own = await ownAsset(context, key, version, asset);
  if (own && !(own.origin_type === "EXTERNAL" && own.claimed))
    return storedAsset(context, key.repository, asset, own);
  const walk = await walkPackage(context, key);
  const wanted = { format: context.formats.get(key.format), name: key.name, version, asset };
  for await (const found of findAsset(context, walk, wanted)) {
    const opened = await openFound(context, call, key, asset, walk, found);
    if (opened) return opened;
  }
  return undefined;
}

async function ownAsset(
  { queries, metadata }: CodeArtifactContext,
  { repository, format, name }: PackageKey,
  version: string | undefined,
  asset: string,
) {
  const key = { repositoryId: repository.id, format, namespace: name.namespace, name: name.name, asset };
  if (version === undefined) return queries.ownAssetOfAnyVersion(metadata.reader, key);
  const row = await queries.ownAsset(metadata.reader, { ...key, version });
  if (row?.status === "Archived") throw versionNotDownloadable(name, version, "Archived");
  return row;
}

type Opened = Hashes & Pick<StoredAssetRow, "version" | "revision" | "blob_id" | "size">;

function storedAsset(
  { kms, smallAssets }: OpeningContext,
  { encryptionKey }: OpenRepository,
  name: string,
  row: Opened,
): OpenAsset {
  const { version, revision, size, md5, sha1, sha256, sha512 } = row;
  return {
    name,
    version,
    revision,
    size,
    hashes: { md5, sha1, sha256, sha512 },
    async open(range) {
      // What memory holds was opened when the key could be used.
      if (encryptionKey !== undefined) await kms.requireUsable(encryptionKey);
      return smallAssets.open(row.blob_id, size, range);
    },
  };
}

/** Undefined when the outside no longer has it. */
async function openFound(
  context: OpeningContext,
  call: Call,
  key: PackageKey,
  asset: string,
  walk: PackageWalk,
  found: FoundAsset,
): Promise<OpenAsset | undefined> {
  if (found.kind === "outside") return openOutside(context, call, key, walk, found);
  const { repository, row } = found;
  if (repository.id !== walk.repository.id)
    await context.metadata.write((tx) => retainCopy(context, tx, call, key, row)).catch(unlessFull);
  const { md5, sha1, sha256, sha512 } = row;
  if (md5 === null || sha1 === null || sha256 === null || sha512 === null) return undefined;
  return storedAsset(context, key.repository, asset, { ...row, md5, sha1, sha256, sha512 });
}

/** Without room nothing is retained, but what is kept elsewhere can be read. */
function unlessFull(error: unknown): void {
  if (!(error instanceof StorageFull)) throw error;
}

/** All files of the version, as they are in the transaction: a version that was published inside is one as a whole. */
async function retainCopy(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  key: PackageKey,
  { id, status, ...row }: StoredAssetRow,
): Promise<void> {
  const { version, published_at, origin_type, origin_repository, origin_connection, description } = row;
  const assets = await assetsOf(tx, id);
  await retain(
    context,
    tx,
    call,
    key,
    {
      version,
      status,
      published_at,
      origin_type,
      origin_repository,
      origin_connection,
      description,
      readme: await readmeOf(tx, id),
      describes: false,
    },
    assets.map(({ version_id: _, added_at: __, ...asset }) => asset),
  );
}

async function openOutside(
  context: CodeArtifactContext,
  call: Call,
  key: PackageKey,
  { graph, repository }: PackageWalk,
  { connection, owner, version, listed, asset }: Extract<FoundAsset, { kind: "outside" }>,
): Promise<OpenAsset | undefined> {
  const format = context.formats.get(key.format);
  const keepers = new Set([repository, owner]);
  const commit = async (
    tx: Transaction,
    blob: Blob,
    { size, hashes }: ReceivedContent,
    described: VersionDescription | undefined,
  ): Promise<void> => {
    const description = described ?? listed?.description ?? NO_DESCRIPTION;
    const status: VersionStatus = listed?.unlisted ? "Unlisted" : "Published";
    const retained = {
      version,
      status,
      published_at: listed?.publishedAt ?? call.now.getTime(),
      origin_type: "EXTERNAL",
      origin_repository: null,
      origin_connection: connection,
      description: descriptionText(description),
      readme: description.readme,
      describes: described !== undefined,
    };
    const file = {
      name: asset.name,
      blob_id: blob.id,
      size,
      ...hashes,
      metadata: JSON.stringify(asset.metadata),
    };
    for (const keeper of keepers)
      await retain(context, tx, call, { ...key, repository: asOpen(graph, keeper) }, retained, [file]);
  };
  const wanted = {
    connection,
    format,
    name: key.name,
    version: listed,
    asset,
    place: repository.id,
    ...fileEncryption(key.repository.encryptionKey),
  };
  const { encryptionKey } = key.repository;
  if (encryptionKey !== undefined) await context.kms.requireUsable(encryptionKey);
  const fetched = await context.upstreams.fetchAsset(wanted, commit);
  return (
    fetched && {
      name: asset.name,
      version,
      revision: "",
      size: fetched.size,
      hashes: undefined,
      open: async () =>
        Readable.from(untilStored(await fetched.stream(), fetched.stored), { objectMode: false }),
    }
  );
}

/**
 * The last of it comes when it is retained: who has all finds it, here and on every other server. Waiting with the end
 * of the stream alone would not do, since a client that knows the length does not wait for that.
 */
async function* untilStored(stream: Readable, stored: Promise<void>): AsyncGenerator<Uint8Array> {
  let last: Uint8Array | undefined;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    if (last) yield last;
    last = chunk;
  }
  await stored;
  if (last) yield last;
}
