/**
 * Taking one file of a version. The bytes come first and are hashed; what makes them a package is one transaction with
 * everything: package, version, file, blob reference, tags, documents, revision, event. So a server that dies leaves
 * the version as it was, and of two that publish the same file at once one finds the other's there.
 */
import type { Call } from "../../../identity/call.ts";
import { BlobTooLarge } from "../../../storage/blobs/errors.ts";
import type { CodeArtifactContext } from "../context.ts";
import { fileEncryption } from "../encryption.ts";
import type { OpenRepository, Publication, PublishedVersion } from "../engine.ts";
import { quotaExceeded, validation } from "../errors.ts";
import { type HashName, PackageInvalid, type ReceivedContent } from "../format.ts";
import { openedGraph } from "../reading/open-repository.ts";
import { admit, LARGEST_ASSET } from "./admission.ts";
import { authorizePackage, packageKey } from "./package-access.ts";
import { checkMayPublish, checkNotAbove } from "./publish-controls.ts";
import { type Inspected, incoming, presentVersion, refuse, storePublication } from "./store-publication.ts";
import {
  assetsOf,
  descriptionText,
  findPackage,
  findVersion,
  type PackageKey,
  wholeDescription,
} from "./stored-packages.ts";

const HASH_NAMES: readonly HashName[] = ["md5", "sha1", "sha256", "sha512"];

/** Rows are read again and again: what is kept of one version stays small. In bytes of JSON. */
const LARGEST_DESCRIPTION = 4 * 1024 * 1024;

export async function publish(
  context: CodeArtifactContext,
  call: Call,
  repository: OpenRepository,
  publication: Publication,
): Promise<PublishedVersion> {
  const key = packageKey(context, repository, publication.format, publication.name);
  const version = context.formats.get(publication.format).normalizeVersion(publication.version);
  await authorizePackage(context, call, key, "codeartifact:PublishPackageVersion");
  const { graph } = await openedGraph(context, repository);
  await checkMayPublish(context.metadata.reader, key, graph.groups);
  await refuseEarly(context, key, version, publication);
  await checkNotAbove(context, key, version);
  const maxSize = Math.min(publication.maxSize ?? LARGEST_ASSET, LARGEST_ASSET);
  try {
    return await context.blobs.take(
      publication.body,
      { maxSize, signal: call.signal, ...fileEncryption(repository.encryptionKey) },
      (content) => inspect(context, key, version, publication, content),
      (tx, blob, inspected) =>
        storePublication(context, tx, call, { key, version, publication, graph, blob, inspected }),
    );
  } catch (error) {
    if (error instanceof BlobTooLarge)
      throw quotaExceeded(
        `The asset ${publication.asset} is larger than ${maxSize} bytes`,
        "asset",
        publication.asset,
      );
    throw error;
  }
}

/** Spares the client an upload that would be refused at its end. */
async function refuseEarly(
  context: CodeArtifactContext,
  key: PackageKey,
  version: string,
  publication: Publication,
): Promise<void> {
  const db = context.metadata.reader;
  const found = await findPackage(db, key);
  const row = found && (await findVersion(db, found.id, version));
  const present = row && presentVersion(row, await assetsOf(db, row.id), publication.asset);
  refuse(
    admit(present, incoming(publication, publication.expected?.sha256?.toLowerCase())),
    version,
    publication,
  );
}

async function inspect(
  context: CodeArtifactContext,
  key: PackageKey,
  version: string,
  publication: Publication,
  content: ReceivedContent,
): Promise<Inspected> {
  checkHashes(publication, content);
  const db = context.metadata.reader;
  const found = await findPackage(db, key);
  const row = found && (await findVersion(db, found.id, version));
  const before = row && (await wholeDescription(db, row));
  const description = await publication.describe(content, before);
  if (description && Buffer.byteLength(descriptionText(description)) > LARGEST_DESCRIPTION)
    throw new PackageInvalid(
      `The metadata of ${key.name.name} ${version} is larger than ${LARGEST_DESCRIPTION} bytes`,
    );
  const assetMetadata = JSON.stringify((await publication.assetMetadata?.(content)) ?? {});
  return { content, description, basedOn: row?.description, assetMetadata };
}

function checkHashes(publication: Publication, content: ReceivedContent): void {
  for (const name of HASH_NAMES) {
    const expected = publication.expected?.[name];
    if (expected !== undefined && expected.toLowerCase() !== content.hashes[name])
      throw validation(
        `The ${name} hash of the asset ${publication.asset} is ${content.hashes[name]}, not ${expected}`,
      );
  }
}
