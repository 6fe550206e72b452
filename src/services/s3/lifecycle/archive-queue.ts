import type { Jobs } from "../../../jobs/jobs.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";

export const ARCHIVE = "s3.archive";

export interface ArchivePayload {
  /** Ids of rows. */
  readonly versions: readonly string[];
}

/**
 * To be called by whoever gives versions an archived class: their bytes move to the cold tier after the commit. They
 * are unreadable at once, for that goes by the class.
 *
 * @param key one job of that key waits at most
 */
export async function enqueueArchive(
  tx: Transaction,
  s3: { readonly jobs: Jobs },
  versions: readonly string[],
  key?: string,
): Promise<void> {
  const payload: ArchivePayload = { versions };
  if (versions.length > 0)
    await s3.jobs.enqueue(tx, { kind: ARCHIVE, payload, ...(key !== undefined && { key }) });
}
