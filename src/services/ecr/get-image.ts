import type { Call } from "../../identity/call.ts";
import type { Digest } from "../../storage/blobs/digest.ts";
import type { EcrContext } from "./context.ts";
import type { Reference, StoredManifest } from "./engine.ts";
import { requestedImageNotFound } from "./errors.ts";
import { checkAccess, repositoryKey } from "./repository-access.ts";

/**
 * The hottest way through the registry: one query brings repository, policies, tag and manifest. Throws
 * ImageNotFoundException with the text native clients see.
 */
export async function getManifest(
  ecr: EcrContext,
  call: Call,
  name: string,
  reference: Reference,
  countAsPull: boolean,
): Promise<StoredManifest> {
  const key = repositoryKey(call, name);
  const { reader } = ecr.metadata;
  const found =
    reference.tag !== undefined
      ? await ecr.queries.imageByTag(reader, { ...key, tag: reference.tag })
      : await ecr.queries.imageByDigest(reader, { ...key, digest: reference.digest });
  const row = await checkAccess(ecr, call, key.name, found, "ecr:BatchGetImage");
  if (row.digest === null || row.media_type === null || row.manifest === null) throw requestedImageNotFound();
  if (countAsPull) ecr.pullTimes.record(row.id, row.digest, call.now);
  return { digest: row.digest as Digest, mediaType: row.media_type, bytes: row.manifest };
}
