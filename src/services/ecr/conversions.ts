/**
 * Manifests that native clients get converted, by tag (manifest-conversion.ts). Many ask for the tag with HEAD and then
 * for the digest they heard, so the digest of what was handed out is kept, and leads back to the image.
 */
import { createHash } from "node:crypto";
import { type Digest, digestOf } from "../../storage/blobs/digest.ts";
import type { EcrContext } from "./context.ts";
import { openManifest } from "./encryption.ts";
import type { StoredManifest } from "./engine.ts";
import { convertManifest } from "./manifest-conversion.ts";
import type { Repository } from "./repository-access.ts";

/** Undefined when the image is accepted as it is or cannot be converted. */
export async function convertForClient(
  ecr: EcrContext,
  repositoryId: string,
  stored: StoredManifest,
  accepted: readonly string[],
): Promise<StoredManifest | undefined> {
  const converted = convertManifest(stored.bytes, stored.mediaType, accepted);
  if (converted === undefined) return undefined;
  const manifest = { ...converted, digest: sha256Of(converted.bytes) };
  const known = await ecr.metadata.reader
    .selectFrom("ecr_conversions")
    .select("image_digest")
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", manifest.digest)
    .executeTakeFirst();
  if (known === undefined) await noteConversion(ecr, repositoryId, stored.digest, manifest);
  return manifest;
}

export async function findConversion(
  ecr: EcrContext,
  repository: Repository,
  digest: Digest,
): Promise<{ imageDigest: string; manifest: StoredManifest } | undefined> {
  const row = await ecr.metadata.reader
    .selectFrom("ecr_conversions as conversion")
    .innerJoin("ecr_images as image", (join) =>
      join
        .onRef("image.repository_id", "=", "conversion.repository_id")
        .onRef("image.digest", "=", "conversion.image_digest"),
    )
    .select(["conversion.media_type as target", "image.digest", "image.media_type", "image.manifest"])
    .where("conversion.repository_id", "=", repository.id)
    .where("conversion.digest", "=", digest)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const bytes = await openManifest(ecr, repository, row.digest, row.manifest);
  const converted = convertManifest(bytes, row.media_type, [row.target]);
  // A later version of this server may write the same conversion in other bytes: those are another manifest.
  if (converted === undefined || sha256Of(converted.bytes) !== digest) return undefined;
  return { imageDigest: row.digest, manifest: { ...converted, digest } };
}

async function noteConversion(
  ecr: EcrContext,
  repositoryId: string,
  imageDigest: string,
  { digest, mediaType }: StoredManifest,
): Promise<void> {
  await ecr.metadata.write(async (tx) => {
    const image = await tx
      .selectFrom("ecr_images")
      .select("digest")
      .where("repository_id", "=", repositoryId)
      .where("digest", "=", imageDigest)
      .executeTakeFirst();
    // Deleted meanwhile: nobody would ever delete the row.
    if (image === undefined) return;
    await tx
      .insertInto("ecr_conversions")
      .values({ repository_id: repositoryId, digest, image_digest: imageDigest, media_type: mediaType })
      .onConflict((conflict) => conflict.columns(["repository_id", "digest"]).doNothing())
      .execute();
  });
}

function sha256Of(bytes: Uint8Array): Digest {
  return digestOf("sha256", createHash("sha256").update(bytes).digest("hex"));
}
