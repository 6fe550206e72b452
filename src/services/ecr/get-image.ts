import type { Call } from "../../identity/call.ts";
import type { Digest } from "../../storage/blobs/digest.ts";
import type { EcrContext } from "./context.ts";
import { convertForClient, findConversion } from "./conversions.ts";
import { openManifest } from "./encryption.ts";
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
  accepted?: readonly string[],
): Promise<StoredManifest> {
  const key = repositoryKey(call, name);
  const { reader } = ecr.metadata;
  const found =
    reference.tag !== undefined
      ? await ecr.queries.imageByTag(reader, { ...key, tag: reference.tag })
      : await ecr.queries.imageByDigest(reader, { ...key, digest: reference.digest });
  const row = await checkAccess(ecr, call, key.name, found, "ecr:BatchGetImage");
  if (row.digest === null || row.media_type === null || row.manifest === null) {
    const converted = reference.digest && (await findConversion(ecr, row, reference.digest));
    if (converted === undefined) throw requestedImageNotFound();
    if (countAsPull) ecr.pullTimes.record(row.id, converted.imageDigest, call.now);
    return converted.manifest;
  }
  if (countAsPull) ecr.pullTimes.record(row.id, row.digest, call.now);
  const bytes = await openManifest(ecr, row, row.digest, row.manifest);
  const stored = { digest: row.digest as Digest, mediaType: row.media_type, bytes };
  if (reference.tag === undefined || accepted === undefined) return stored;
  return (await convertForClient(ecr, row.id, stored, accepted)) ?? stored;
}
