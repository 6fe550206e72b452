/**
 * Storing an image: what `docker push` ends with and what ecr:PutImage does. Everything that must hold is
 * checked in the transaction that stores it, so two pushes at once cannot break a rule together.
 */
import { createHash } from "node:crypto";
import type { Call } from "../../identity/call.ts";
import { type Digest, digestAlgorithm, digestOf } from "../../storage/blobs/digest.ts";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import type { EcrContext } from "./context.ts";
import { sealManifest } from "./encryption.ts";
import {
  imageAlreadyExists,
  imageDigestDoesNotMatch,
  imageTagAlreadyExists,
  layersNotFound,
  referencedImagesNotFound,
} from "./errors.ts";
import { imagePushed } from "./image-events.ts";
import { refreshParentSizes, sizeOfLargestChild } from "./image-size.ts";
import { currentTags, moveTags } from "./image-tags.ts";
import { type Descriptor, imageSize, linkedLayers, type Manifest, parseManifest } from "./manifest.ts";
import { isImmutable } from "./mutability.ts";
import type { ImageTag } from "./names.ts";
import {
  openRepository,
  type Repository,
  repositoryInTransaction,
  tagMutabilityOf,
} from "./repository-access.ts";
import { inBatches } from "./row-batches.ts";

export interface PutImage {
  readonly repository: string | undefined;
  readonly bytes: Uint8Array;
  readonly mediaType: string | undefined;
  /** What the client says the digest is; its algorithm is the one the image is stored under. */
  readonly digest: Digest | undefined;
  readonly tags: readonly ImageTag[];
  /**
   * The two doors' differences. The API refuses an index whose children are missing (ReferencedImagesNotFoundException)
   * and an image that is there already (ImageAlreadyExistsException). OCI 1.1 lets a sparse index in, and a push that
   * was repeated, because its answer was lost, must succeed.
   */
  readonly rules: "api" | "oci";
}

export interface StoredImage {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly manifest: Manifest;
}

/** An image on its way into its repository, and how it was asked for. */
interface IncomingImage extends StoredImage {
  readonly request: PutImage;
  /** The manifest as its row has it. */
  readonly content: Uint8Array;
}

export async function putImage(ecr: EcrContext, call: Call, request: PutImage): Promise<StoredImage> {
  const repository = await openRepository(ecr, call, request.repository, "ecr:PutImage");
  const manifest = parseManifest(request.bytes, request.mediaType);
  const digest = manifestDigest(request.bytes, request.digest);
  // A manifest is a row of up to 4 MiB: the last room is for what makes room.
  await ecr.blobs.checkRoom();
  const content = await sealManifest(ecr, repository, digest, request.bytes);
  await ecr.metadata.write(async (tx) => {
    const current = await repositoryInTransaction(tx, repository);
    await storeImage(ecr, tx, call, { repository: current, digest, manifest, request, content });
  });
  return { repository, digest, manifest };
}

async function storeImage(ecr: EcrContext, tx: Transaction, call: Call, image: IncomingImage): Promise<void> {
  const { repository, digest, manifest, request } = image;
  const exists = await imageExists(tx, repository.id, digest);
  const present = await currentTags(tx, repository.id, request.tags);
  const moving = request.tags.filter((tag) => present.get(tag) !== digest);
  if (request.rules === "api" && exists && moving.length === 0) {
    throw imageAlreadyExists(repository, { imageDigest: digest, imageTag: request.tags[0] });
  }
  const mutability = tagMutabilityOf(repository);
  const refused = moving.find((tag) => present.has(tag) && isImmutable(mutability, tag));
  if (refused !== undefined) throw imageTagAlreadyExists(repository, refused);

  if (!exists) await insertImage(ecr, tx, call, image);
  await moveTags(tx, repository.id, digest, moving, present, exists ? "stored" : "new");

  const pushed = moving.length > 0 ? moving : exists ? [] : [undefined];
  for (const tag of pushed) {
    await ecr.events.record(tx, imagePushed(call, repository, { digest, tag, manifest }));
  }
}

async function insertImage(
  ecr: EcrContext,
  tx: Transaction,
  call: Call,
  image: IncomingImage,
): Promise<void> {
  const { repository, digest, manifest, request, content } = image;
  const missing = await linkLayers(tx, image);
  const mayBeMissing = request.rules === "oci" && ecr.missingLayers === "accept";
  if (missing.length > 0 && manifest.kind === "image" && !mayBeMissing)
    throw layersNotFound(repository, missing);
  await linkChildren(tx, image);
  await tx
    .insertInto("ecr_images")
    .values({
      repository_id: repository.id,
      digest,
      media_type: manifest.mediaType,
      manifest: content,
      manifest_size: request.bytes.length,
      // A new image has no tag yet: all that are asked for move to it.
      tagged: request.tags.length > 0 ? 1 : 0,
      artifact_type: manifest.artifactType ?? null,
      subject_digest: manifest.subject?.digest ?? null,
      annotations: manifest.subject && manifest.annotations ? JSON.stringify(manifest.annotations) : null,
      image_size:
        manifest.kind === "image" ? imageSize(manifest) : await sizeOfLargestChild(tx, repository.id, digest),
      pushed_at: call.now.getTime(),
      last_pulled_at: null,
    })
    .execute();
  await refreshParentSizes(tx, repository.id, digest);
}

/**
 * Layers that an image uses stay: they are not reviewed for collection any more. Returns those that are not there;
 * when they come later, the image has them.
 */
async function linkLayers(tx: Transaction, image: IncomingImage): Promise<readonly string[]> {
  const { repository, digest, manifest } = image;
  const layers = linkedLayers(manifest);
  const missing = new Map<string, Descriptor>(layers.map((layer) => [layer.digest, layer]));
  for (const batch of inBatches([...missing.values()])) {
    const found = await tx
      .selectFrom("ecr_layers")
      .select(["digest", "review_at", "media_type"])
      .where("repository_id", "=", repository.id)
      .where(
        "digest",
        "in",
        batch.map((layer) => layer.digest),
      )
      .execute();
    for (const layer of found) {
      const mediaType = missing.get(layer.digest)?.mediaType;
      missing.delete(layer.digest);
      if (layer.review_at === null && layer.media_type !== null) continue;
      await tx
        .updateTable("ecr_layers")
        .set({ review_at: null, media_type: layer.media_type ?? mediaType ?? null })
        .where("repository_id", "=", repository.id)
        .where("digest", "=", layer.digest)
        .execute();
    }
  }
  for (const batch of inBatches(layers)) {
    await tx
      .insertInto("ecr_image_layers")
      .values(
        batch.map((layer) => ({
          repository_id: repository.id,
          image_digest: digest,
          layer_digest: layer.digest,
        })),
      )
      .execute();
  }
  return [...missing.keys()];
}

async function linkChildren(tx: Transaction, image: IncomingImage): Promise<void> {
  const { repository, digest, manifest } = image;
  const { rules } = image.request;
  const missing = new Set<string>(manifest.children.map((child) => child.digest));
  for (const batch of inBatches([...missing])) {
    await tx
      .insertInto("ecr_image_children")
      .values(
        batch.map((child) => ({ repository_id: repository.id, image_digest: digest, child_digest: child })),
      )
      .execute();
    if (rules === "oci") continue;
    const found = await tx
      .selectFrom("ecr_images")
      .select("digest")
      .where("repository_id", "=", repository.id)
      .where("digest", "in", batch)
      .execute();
    for (const child of found) missing.delete(child.digest);
  }
  if (rules === "api" && missing.size > 0) throw referencedImagesNotFound(repository, [...missing]);
}

async function imageExists(tx: Transaction, repositoryId: string, digest: Digest): Promise<boolean> {
  const image = await tx
    .selectFrom("ecr_images")
    .select("digest")
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", digest)
    .executeTakeFirst();
  return image !== undefined;
}

function manifestDigest(bytes: Uint8Array, claimed: Digest | undefined): Digest {
  const algorithm = claimed === undefined ? "sha256" : digestAlgorithm(claimed);
  const computed = digestOf(algorithm, createHash(algorithm).update(bytes).digest("hex"));
  if (claimed !== undefined && claimed !== computed) throw imageDigestDoesNotMatch(claimed, computed);
  return computed;
}
