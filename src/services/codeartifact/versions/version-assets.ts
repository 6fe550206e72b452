/** The files of one version of one repository: listed, and read as they lie there. */
import type {
  GetPackageVersionAssetCommandInput,
  GetPackageVersionAssetCommandOutput,
  ListPackageVersionAssetsCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { CodeArtifactContext } from "../context.ts";
import { assetNotFound, validation, versionNotDownloadable } from "../errors.ts";
import type { Hashes } from "../format.ts";
import { listPage } from "../paging.ts";
import { openVersion, versionNames } from "./describe-versions.ts";
import { DOWNLOADABLE } from "./statuses.ts";

export async function listPackageVersionAssets(
  context: CodeArtifactContext,
  call: Call,
  input: ListPackageVersionAssetsCommandInput,
) {
  const operation = "codeartifact:ListPackageVersionAssets";
  const { key, row } = await openVersion(context, call, input, operation);
  const { items, nextToken } = await listPage(
    context,
    call,
    { operation, purpose: [row.id] },
    input,
    ({ after: [last = ""], limit }) =>
      context.metadata.reader
        .selectFrom("codeartifact_assets")
        .selectAll()
        .where("version_id", "=", row.id)
        .where("name", ">", last)
        .orderBy("name")
        .limit(limit)
        .execute(),
    ({ name }) => [name],
  );
  const assets = items.map(({ name, size, ...hashes }) => ({ name, size, hashes: hashMap(hashes) }));
  return { ...versionNames(key, row), assets, nextToken };
}

/** Streams; looks only at the repository it is asked about. */
export async function getPackageVersionAsset(
  context: CodeArtifactContext,
  call: Call,
  input: GetPackageVersionAssetCommandInput,
): Promise<Omit<GetPackageVersionAssetCommandOutput, "$metadata">> {
  const { key, row } = await openVersion(context, call, input, "codeartifact:GetPackageVersionAsset");
  const { asset = "", packageVersionRevision } = input;
  if (packageVersionRevision !== undefined && packageVersionRevision !== row.revision)
    throw validation(`The current revision of version ${row.version} is ${row.revision}`);
  if (!DOWNLOADABLE.has(row.status)) throw versionNotDownloadable(key.name, row.version, row.status);
  const stored = await context.metadata.reader
    .selectFrom("codeartifact_assets")
    .select("blob_id")
    .where("version_id", "=", row.id)
    .where("name", "=", asset)
    .executeTakeFirst();
  if (!stored) throw assetNotFound(key, row.version, asset);
  // The door pipes the stream; the SDK's type is what its client makes of it.
  const bytes = (await context.blobs.open(stored.blob_id)) as unknown;
  return {
    asset: bytes as NonNullable<GetPackageVersionAssetCommandOutput["asset"]>,
    assetName: asset,
    packageVersion: row.version,
    packageVersionRevision: row.revision,
  };
}

export function hashMap({ md5, sha1, sha256, sha512 }: Hashes) {
  return { MD5: md5, "SHA-1": sha1, "SHA-256": sha256, "SHA-512": sha512 };
}
