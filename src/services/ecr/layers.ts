/** The layers (and configs) of a repository: links to blobs that may serve many repositories. */
import type { Readable } from "node:stream";
import type { BatchCheckLayerAvailabilityCommandInput, Layer, LayerFailure } from "@aws-sdk/client-ecr";
import type { Call } from "../../identity/call.ts";
import { type Digest, parseDigest } from "../../storage/blobs/digest.ts";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import type { EcrContext } from "./context.ts";
import { translateKmsError } from "./encryption.ts";
import { layerInUse, layerNotFound } from "./errors.ts";
import { graceEnd, layerReferrer, renewGrace } from "./layer-review.ts";
import {
  checkAccess,
  inRegistry,
  openRepository,
  type Repository,
  repositoryInTransaction,
  repositoryKey,
} from "./repository-access.ts";

interface StoredLayer {
  readonly repositoryId: string;
  readonly size: number;
  readonly blobId: string;
  readonly reviewAt: number | null;
}

/** A layer whose bytes are damaged is as good as none: the client sends them, and so heals it. */
export async function statLayer(
  ecr: EcrContext,
  call: Call,
  name: string,
  digest: Digest,
): Promise<{ size: number }> {
  const layer = await openLayer(ecr, call, name, digest, "ecr:BatchCheckLayerAvailability");
  if (!(await ecr.blobs.isThere(layer.blobId))) throw layerNotFound({ account: call.account, name }, digest);
  await renewGrace(ecr, { ...layer, digest }, call.now);
  return { size: layer.size };
}

export async function getLayer(ecr: EcrContext, call: Call, name: string, digest: Digest) {
  const { size, blobId } = await openLayer(ecr, call, name, digest, "ecr:GetDownloadUrlForLayer");
  return {
    size,
    open: (range?: { start: number; end: number }): Promise<Readable> =>
      translateKmsError(() => ecr.blobs.open(blobId, range)),
  };
}

/** A layer that an image uses stays (LayerInUse): the image would break. */
export async function deleteLayer(ecr: EcrContext, call: Call, name: string, digest: Digest): Promise<void> {
  const repository = await openRepository(ecr, call, name, "ecr:BatchDeleteImage");
  await ecr.metadata.write(async (tx) => {
    await repositoryInTransaction(tx, repository);
    if (await isUsed(tx, repository.id, digest)) throw layerInUse(digest);
    const removed = await tx
      .deleteFrom("ecr_layers")
      .where("repository_id", "=", repository.id)
      .where("digest", "=", digest)
      .returning("blob_id")
      .executeTakeFirst();
    if (removed === undefined) throw layerNotFound(repository, digest);
    await ecr.blobs.release(tx, removed.blob_id, layerReferrer(repository.id, digest));
  });
}

export async function batchCheckLayerAvailability(
  ecr: EcrContext,
  caller: Call,
  input: BatchCheckLayerAvailabilityCommandInput,
) {
  const call = inRegistry(caller, input.registryId);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:BatchCheckLayerAvailability");
  const layers: Layer[] = [];
  const failures: LayerFailure[] = [];
  for (const layerDigest of input.layerDigests ?? []) {
    if (layerDigest === "") {
      failures.push({
        layerDigest,
        failureCode: "MissingLayerDigest",
        failureReason: "Layer digest is missing",
      });
    } else if (!/^[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+$/.test(layerDigest)) {
      failures.push({
        layerDigest,
        failureCode: "InvalidLayerDigest",
        failureReason:
          "Invalid request parameters: layer digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
      });
    } else layers.push(await describeAvailability(ecr, call, repository, layerDigest));
  }
  return { layers, failures };
}

/** Makes `blob` the repository's layer of that name and keeps it alive; returns false when the layer was there already. */
export async function addLayer(
  ecr: EcrContext,
  tx: Transaction,
  repositoryId: string,
  digest: Digest,
  blob: { id: string; size: number },
  now: Date,
): Promise<boolean> {
  const inserted = await tx
    .insertInto("ecr_layers")
    .values({
      repository_id: repositoryId,
      digest,
      blob_id: blob.id,
      size: blob.size,
      media_type: null,
      review_at: graceEnd(ecr.clock, now),
    })
    .onConflict((conflict) => conflict.columns(["repository_id", "digest"]).doNothing())
    .returning("digest")
    .executeTakeFirst();
  if (inserted !== undefined) {
    await ecr.blobs.reference(tx, blob.id, layerReferrer(repositoryId, digest));
    return true;
  }
  await tx
    .updateTable("ecr_layers")
    .set({ review_at: graceEnd(ecr.clock, now) })
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", digest)
    .where("review_at", "is not", null)
    .execute();
  return false;
}

export async function isUsed(
  db: Transaction | EcrContext["metadata"]["reader"],
  repositoryId: string,
  digest: string,
) {
  const link = await db
    .selectFrom("ecr_image_layers")
    .select("image_digest")
    .where("repository_id", "=", repositoryId)
    .where("layer_digest", "=", digest)
    .limit(1)
    .executeTakeFirst();
  return link !== undefined;
}

async function openLayer(
  ecr: EcrContext,
  call: Call,
  name: string,
  digest: Digest,
  action: string,
): Promise<StoredLayer> {
  const key = repositoryKey(call, name);
  const found = await ecr.queries.layer(ecr.metadata.reader, { ...key, digest });
  const row = await checkAccess(ecr, call, key.name, found, action);
  if (row.layer_blob_id === null || row.layer_size === null) throw layerNotFound(row, digest);
  return {
    repositoryId: row.id,
    size: row.layer_size,
    blobId: row.layer_blob_id,
    reviewAt: row.layer_review_at,
  };
}

async function describeAvailability(
  ecr: EcrContext,
  call: Call,
  repository: Repository,
  layerDigest: string,
): Promise<Layer> {
  const digest = parseDigest(layerDigest);
  const layer =
    digest &&
    (await ecr.metadata.reader
      .selectFrom("ecr_layers")
      .select(["blob_id", "size", "media_type", "review_at"])
      .where("repository_id", "=", repository.id)
      .where("digest", "=", digest)
      .executeTakeFirst());
  if (!layer || !(await ecr.blobs.isThere(layer.blob_id)))
    return { layerDigest, layerAvailability: "UNAVAILABLE" };
  await renewGrace(
    ecr,
    { repositoryId: repository.id, digest: layerDigest, reviewAt: layer.review_at },
    call.now,
  );
  return {
    layerDigest,
    layerAvailability: "AVAILABLE",
    layerSize: layer.size,
    mediaType: layer.media_type ?? undefined,
  };
}
