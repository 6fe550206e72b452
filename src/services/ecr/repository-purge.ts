/** What a deleted repository held is removed here, in batches: deleting a repository of 100,000 images answers at once. */
import { sql } from "kysely";
import type { JobHandler, RunningJob } from "../../jobs/jobs.ts";
import type { EcrContext } from "./context.ts";
import { layerReferrer } from "./layer-review.ts";

export const PURGE_REPOSITORY = "ecr.purge-repository";

/** A push that began before the delete may still be committing: it ends well within this. */
export const PURGE_DELAY_MILLISECONDS = 60_000;

const BATCH = 500;

/** Tables and the column by which a batch of their rows is named. */
const TABLES = [
  ["ecr_tags", "tag"],
  ["ecr_image_children", "image_digest"],
  ["ecr_image_layers", "image_digest"],
  ["ecr_images", "digest"],
  ["ecr_conversions", "digest"],
  ["ecr_part_uploads", "upload_id"],
] as const;

export function purgeRepositoryHandler(ecr: EcrContext): JobHandler {
  return {
    kind: PURGE_REPOSITORY,
    async run(job) {
      const { repositoryId } = job.payload as { repositoryId: string };
      for (const [table, column] of TABLES) {
        await repeat(job, () => purgeRows(ecr, table, column, repositoryId));
      }
      await repeat(job, () => purgeLayers(ecr, repositoryId));
    },
  };
}

async function repeat(job: RunningJob, step: () => Promise<number>): Promise<void> {
  while ((await step()) > 0) job.signal.throwIfAborted();
}

async function purgeRows(
  ecr: EcrContext,
  table: (typeof TABLES)[number][0],
  column: (typeof TABLES)[number][1],
  repositoryId: string,
): Promise<number> {
  return ecr.metadata.write(async (tx) => {
    const key = sql.ref<string>(column);
    const batch = tx
      .selectFrom(table)
      .select(key.as("key"))
      .where("repository_id", "=", repositoryId)
      .limit(BATCH);
    const { numDeletedRows } = await tx
      .deleteFrom(table)
      .where("repository_id", "=", repositoryId)
      .where(key, "in", batch)
      .executeTakeFirst();
    return Number(numDeletedRows);
  });
}

async function purgeLayers(ecr: EcrContext, repositoryId: string): Promise<number> {
  return ecr.metadata.write(async (tx) => {
    const layers = await tx
      .selectFrom("ecr_layers")
      .select(["digest", "blob_id"])
      .where("repository_id", "=", repositoryId)
      .limit(BATCH)
      .execute();
    for (const { digest, blob_id: blobId } of layers) {
      await tx
        .deleteFrom("ecr_layers")
        .where("repository_id", "=", repositoryId)
        .where("digest", "=", digest)
        .execute();
      await ecr.blobs.release(tx, blobId, layerReferrer(repositoryId, digest));
    }
    return layers.length;
  });
}
