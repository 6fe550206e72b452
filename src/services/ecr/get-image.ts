import { createHash } from "node:crypto";
import type { Call } from "../../identity/call.ts";
import { type Digest, digestOf } from "../../storage/blobs/digest.ts";
import type { EcrContext } from "./context.ts";
import type { Reference, StoredManifest } from "./engine.ts";
import { requestedImageNotFound } from "./errors.ts";
import { convertManifest } from "./manifest-conversion.ts";
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
  if (row.digest === null || row.media_type === null || row.manifest === null) throw requestedImageNotFound();
  if (countAsPull) ecr.pullTimes.record(row.id, row.digest, call.now);
  if (reference.tag !== undefined && accepted !== undefined) {
    const converted = convertManifest(row.manifest, row.media_type, accepted);
    if (converted) return { ...converted, digest: sha256Of(converted.bytes) };
  }
  return { digest: row.digest as Digest, mediaType: row.media_type, bytes: row.manifest };
}

function sha256Of(bytes: Uint8Array): Digest {
  return digestOf("sha256", createHash("sha256").update(bytes).digest("hex"));
}
