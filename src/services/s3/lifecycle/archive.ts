/** The job that moves the bytes of archived versions to the cold tier, where they are compressed. */
import type { JobHandler } from "../../../jobs/jobs.ts";
import type { S3Context } from "../context.ts";
import { referrerOf } from "../objects/content-references.ts";
import type { ObjectDescription } from "../objects/version.ts";
import type { VersionRow } from "../objects/version-rows.ts";
import { ARCHIVE, type ArchivePayload } from "./archive-queue.ts";
import { isArchived } from "./storage-classes.ts";
import { findRow, moveContent, replaceBlob } from "./version-content.ts";

export function archiveHandler(s3: S3Context): JobHandler {
  return {
    kind: ARCHIVE,
    async run(job) {
      const { versions } = job.payload as ArchivePayload;
      let failure: unknown;
      // One version that cannot be moved (its key is disabled, say) does not hold up the others.
      for (const id of versions) {
        job.signal.throwIfAborted();
        try {
          await archive(s3, id, job.signal);
        } catch (error) {
          job.signal.throwIfAborted();
          s3.log.warn({ err: error, version: id }, "the bytes of an archived version could not be moved");
          failure = error;
        }
      }
      if (failure !== undefined) throw failure;
    },
  };
}

/** A restored version keeps its readable copy; it is asked for again when that expires. */
function belongsInTheCold(row: VersionRow): boolean {
  return isArchived(row.storage_class) && row.restored_until === null;
}

async function archive(s3: S3Context, id: string, signal: AbortSignal): Promise<void> {
  const row = await findRow(s3.metadata.reader, id);
  if (row === undefined || !belongsInTheCold(row) || isUnderCustomerKey(row)) return;
  await moveContent(s3, row, "cold", signal, belongsInTheCold, async (tx, hot, cold) => {
    await s3.blobs.reference(tx, cold, referrerOf(id));
    await replaceBlob(tx, id, hot, cold);
    await s3.blobs.release(tx, hot, referrerOf(id));
  });
}

/** SSE-C: nobody but the client can read it, so it cannot be compressed and stays where it is. */
export function isUnderCustomerKey(row: Pick<VersionRow, "description">): boolean {
  return (JSON.parse(row.description) as ObjectDescription).encryption.kind === "customer";
}
