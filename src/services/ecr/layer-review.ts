/**
 * Layers that no image uses go after a grace period. `review_at` says when: set when a layer arrives without an
 * image or loses its last one, cleared when an image takes it, moved on when a client is told that the layer
 * is there and so relies on it for its push. The review costs what there is to collect, nothing more.
 */
import type { Clock } from "../../clock.ts";
import type { JobHandler, RecurringJob } from "../../jobs/jobs.ts";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import type { EcrContext } from "./context.ts";
import { inBatches } from "./row-batches.ts";

const REVIEW_LAYERS = "ecr.review-layers";

/** A push takes its time however short a day is (SHOSOIN_DAY_SECONDS). */
const SHORTEST_GRACE_MILLISECONDS = 15_000;

/** Longer than any upload of 4,200 parts takes. */
const PART_UPLOAD_LIFETIME_DAYS = 60;

/** Rows of one transaction. */
const BATCH = 200;

export const reviewLayersJob: RecurringJob = {
  name: REVIEW_LAYERS,
  schedule: "rate(15 minutes)",
  kind: REVIEW_LAYERS,
  payload: {},
};

export function reviewLayersHandler(ecr: EcrContext): JobHandler {
  return {
    kind: REVIEW_LAYERS,
    async run(job) {
      while (!job.signal.aborted && (await reviewBatch(ecr)) === BATCH);
      await forgetPartUploads(ecr);
    },
  };
}

/** The referrer under which a repository keeps a layer's blob. */
export function layerReferrer(repositoryId: string, digest: string): string {
  return `ecr/${repositoryId}/${digest}`;
}

/** A push that was told "this layer is there" has a day to end with its manifest. */
function layerGraceMilliseconds(clock: Clock): number {
  return Math.max(clock.dayMilliseconds, SHORTEST_GRACE_MILLISECONDS);
}

export function graceEnd(clock: Clock, now: Date): number {
  return now.getTime() + layerGraceMilliseconds(clock);
}

/** Of these layers, those that no image uses any more are reviewed after the grace period. */
export async function reviewUnusedLayers(
  ecr: EcrContext,
  tx: Transaction,
  repositoryId: string,
  digests: readonly string[],
  now: Date,
): Promise<void> {
  for (const batch of inBatches(digests)) {
    await tx
      .updateTable("ecr_layers")
      .set({ review_at: graceEnd(ecr.clock, now) })
      .where("repository_id", "=", repositoryId)
      .where("digest", "in", batch)
      .where((where) => where.not(where.exists(imagesUsing(tx))))
      .execute();
  }
}

/** Called when a client hears that the layer exists; writes at most twice in a grace period. */
export async function renewGrace(
  ecr: EcrContext,
  layer: { repositoryId: string; digest: string; reviewAt: number | null },
  now: Date,
): Promise<void> {
  const half = layerGraceMilliseconds(ecr.clock) / 2;
  if (layer.reviewAt === null || layer.reviewAt > now.getTime() + half) return;
  await ecr.metadata.write((tx) =>
    tx
      .updateTable("ecr_layers")
      .set({ review_at: graceEnd(ecr.clock, now) })
      .where("repository_id", "=", layer.repositoryId)
      .where("digest", "=", layer.digest)
      .where("review_at", "is not", null)
      .execute(),
  );
}

/** The uploads themselves expire in the blob store, after seven days without a part. */
async function forgetPartUploads(ecr: EcrContext): Promise<void> {
  const before = ecr.clock.now().getTime() - PART_UPLOAD_LIFETIME_DAYS * ecr.clock.dayMilliseconds;
  await ecr.metadata.write((tx) =>
    tx.deleteFrom("ecr_part_uploads").where("started_at", "<", before).execute(),
  );
}

/** Returns how many rows were due. */
async function reviewBatch(ecr: EcrContext): Promise<number> {
  const now = ecr.clock.now().getTime();
  return ecr.metadata.write(async (tx) => {
    const due = await tx
      .selectFrom("ecr_layers")
      .select(["repository_id", "digest", "blob_id"])
      .where("review_at", "<=", now)
      .limit(BATCH)
      .execute();
    for (const layer of due) {
      const removed = await tx
        .deleteFrom("ecr_layers")
        .where("repository_id", "=", layer.repository_id)
        .where("digest", "=", layer.digest)
        .where((where) => where.not(where.exists(imagesUsing(tx))))
        .returning("blob_id")
        .executeTakeFirst();
      if (removed !== undefined) {
        await ecr.blobs.release(tx, removed.blob_id, layerReferrer(layer.repository_id, layer.digest));
      } else await clearReview(tx, layer.repository_id, layer.digest);
    }
    return due.length;
  });
}

async function clearReview(tx: Transaction, repositoryId: string, digest: string): Promise<void> {
  await tx
    .updateTable("ecr_layers")
    .set({ review_at: null })
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", digest)
    .execute();
}

function imagesUsing(tx: Transaction) {
  return tx
    .selectFrom("ecr_image_layers as link")
    .select("link.image_digest")
    .whereRef("link.repository_id", "=", "ecr_layers.repository_id" as never)
    .whereRef("link.layer_digest", "=", "ecr_layers.digest" as never);
}
