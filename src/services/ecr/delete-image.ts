/**
 * Deleting images (ECR API reference, BatchDeleteImage): by tag the tag goes, and the image with its last one; by digest the image goes
 * with all its tags. An image that a stored index lists stays, since the index would break.
 */
import type {
  BatchDeleteImageCommandInput,
  ImageFailure,
  ImageFailureCode,
  ImageIdentifier,
} from "@aws-sdk/client-ecr";
import { AwsError } from "../../aws/errors.ts";
import type { Call } from "../../identity/call.ts";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import type { EcrContext } from "./context.ts";
import type { Reference } from "./engine.ts";
import { imageReferencedByManifestList, requestedImageNotFound } from "./errors.ts";
import { type ImageDescription, imageDeleted } from "./image-events.ts";
import { type IdentifiedImage, identifyImage } from "./image-identifier.ts";
import { markTagged, tagsOf } from "./image-tags.ts";
import { reviewUnusedLayers } from "./layer-review.ts";
import { inRegistry, openRepository, type Repository, repositoryInTransaction } from "./repository-access.ts";

export async function batchDeleteImage(ecr: EcrContext, caller: Call, input: BatchDeleteImageCommandInput) {
  const call = inRegistry(caller, input.registryId);
  const opened = await openRepository(ecr, call, input.repositoryName, "ecr:BatchDeleteImage");
  return ecr.metadata.write(async (tx) => {
    const repository = await repositoryInTransaction(tx, opened);
    const imageIds: ImageIdentifier[] = [];
    const failures: ImageFailure[] = [];
    // What an id means is decided before anything goes: an image named twice is no failure the second time.
    const asked = [];
    for (const imageId of input.imageIds ?? []) {
      asked.push({ imageId, image: await identifyImage(tx, repository.id, imageId) });
    }
    for (const { imageId, image } of asked) {
      const outcome = "failureCode" in image ? image : await deleteOne(ecr, tx, call, repository, image);
      if (Array.isArray(outcome)) imageIds.push(...outcome);
      else failures.push({ imageId, ...outcome });
    }
    return { imageIds, failures };
  });
}

/**
 * For native clients; throws ImageNotFoundException or ImageReferencedByManifestList. Unlike the API, deleting the
 * last tag of an image that an index lists succeeds and leaves the image untagged: the distribution-spec
 * ("Deleting tags") knows no tag that cannot be deleted.
 */
export async function deleteManifest(
  ecr: EcrContext,
  call: Call,
  name: string,
  reference: Reference,
): Promise<void> {
  const opened = await openRepository(ecr, call, name, "ecr:BatchDeleteImage");
  await ecr.metadata.write(async (tx) => {
    const repository = await repositoryInTransaction(tx, opened);
    if (reference.tag === undefined) await deleteByDigest(ecr, tx, call, repository, reference.digest);
    else await deleteByTag(ecr, tx, call, repository, reference.tag, "keep-child");
  });
}

async function deleteOne(
  ecr: EcrContext,
  tx: Transaction,
  call: Call,
  repository: Repository,
  { digest, tag }: IdentifiedImage,
): Promise<ImageIdentifier[] | Omit<ImageFailure, "imageId">> {
  try {
    return tag === undefined
      ? await deleteByDigest(ecr, tx, call, repository, digest)
      : await deleteByTag(ecr, tx, call, repository, tag);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    // It was there when the ids were read: an id before this one took it.
    if (error.name === "ImageNotFoundException") return [];
    if (error.name !== "ImageReferencedByManifestList") throw error;
    return { failureCode: error.name satisfies ImageFailureCode, failureReason: error.message };
  }
}

async function deleteByTag(
  ecr: EcrContext,
  tx: Transaction,
  call: Call,
  repository: Repository,
  tag: string,
  lastTagOfChild: "refuse" | "keep-child" = "refuse",
): Promise<ImageIdentifier[]> {
  const row = await tx
    .selectFrom("ecr_tags")
    .select("digest")
    .where("repository_id", "=", repository.id)
    .where("tag", "=", tag)
    .executeTakeFirst();
  if (row === undefined) throw requestedImageNotFound();
  const others = await tagsOf(tx, repository.id, row.digest, 2);
  const keep = lastTagOfChild === "keep-child" && (await parentsOf(tx, repository.id, row.digest)).length > 0;
  if (others.length === 1 && !keep) return deleteByDigest(ecr, tx, call, repository, row.digest);
  const image = await describeImage(tx, repository.id, row.digest);
  await tx.deleteFrom("ecr_tags").where("repository_id", "=", repository.id).where("tag", "=", tag).execute();
  await markTagged(tx, repository.id, row.digest);
  await ecr.events.record(tx, imageDeleted(call, repository, tag, image));
  return [{ imageDigest: row.digest, imageTag: tag }];
}

async function deleteByDigest(
  ecr: EcrContext,
  tx: Transaction,
  call: Call,
  repository: Repository,
  digest: string,
): Promise<ImageIdentifier[]> {
  const image = await describeImage(tx, repository.id, digest);
  const parents = await parentsOf(tx, repository.id, digest);
  if (parents.length > 0) throw imageReferencedByManifestList(parents);
  const tags = await tagsOf(tx, repository.id, digest);
  await removeImage(ecr, tx, call, repository.id, digest);
  for (const tag of tags.length > 0 ? tags : [undefined]) {
    await ecr.events.record(tx, imageDeleted(call, repository, tag, image));
  }
  return tags.length === 0
    ? [{ imageDigest: digest }]
    : tags.map((tag) => ({ imageDigest: digest, imageTag: tag }));
}

async function removeImage(
  ecr: EcrContext,
  tx: Transaction,
  call: Call,
  repositoryId: string,
  digest: string,
): Promise<void> {
  const layers = await tx
    .deleteFrom("ecr_image_layers")
    .where("repository_id", "=", repositoryId)
    .where("image_digest", "=", digest)
    .returning("layer_digest")
    .execute();
  for (const table of ["ecr_image_children", "ecr_conversions"] as const) {
    await tx
      .deleteFrom(table)
      .where("repository_id", "=", repositoryId)
      .where("image_digest", "=", digest)
      .execute();
  }
  for (const table of ["ecr_tags", "ecr_images"] as const) {
    await tx
      .deleteFrom(table)
      .where("repository_id", "=", repositoryId)
      .where("digest", "=", digest)
      .execute();
  }
  await reviewUnusedLayers(
    ecr,
    tx,
    repositoryId,
    layers.map((layer) => layer.layer_digest),
    call.now,
  );
}

/** Throws ImageNotFoundException. */
async function describeImage(
  tx: Transaction,
  repositoryId: string,
  digest: string,
): Promise<ImageDescription> {
  const row = await tx
    .selectFrom("ecr_images")
    .select(["digest", "media_type", "artifact_type", "subject_digest"])
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", digest)
    .executeTakeFirst();
  if (row === undefined) throw requestedImageNotFound();
  return {
    digest: row.digest,
    mediaType: row.media_type,
    artifactType: row.artifact_type,
    subjectDigest: row.subject_digest,
  };
}

/** The indexes that list the image. */
async function parentsOf(tx: Transaction, repositoryId: string, digest: string): Promise<string[]> {
  const rows = await tx
    .selectFrom("ecr_image_children")
    .select("image_digest")
    .where("repository_id", "=", repositoryId)
    .where("child_digest", "=", digest)
    .orderBy("image_digest")
    .execute();
  return rows.map((row) => row.image_digest);
}
