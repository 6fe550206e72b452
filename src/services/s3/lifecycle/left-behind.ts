/**
 * What archives wait for after a job that failed for good (its key was disabled for a day, the cold tier was full): once a day
 * all archived versions are gone through, and whatever is not where it belongs is tried again.
 */
import { sql } from "kysely";
import type { JobHandler, RecurringJob } from "../../../jobs/jobs.ts";
import type { Reader, Transaction } from "../../../storage/metadata/metadata.ts";
import type { S3Context } from "../context.ts";
import type { VersionRow } from "../objects/version-rows.ts";
import { isUnderCustomerKey } from "./archive.ts";
import { enqueueArchive } from "./archive-queue.ts";
import { requestId } from "./restore.ts";
import { enqueueExpiry, enqueueRestore } from "./restore-queue.ts";
import { ARCHIVES } from "./storage-classes.ts";

const LEFT_BEHIND = "s3.archives-left-behind";

export const leftBehindJob: RecurringJob = {
  name: LEFT_BEHIND,
  schedule: "rate(1 day)",
  kind: LEFT_BEHIND,
  payload: {},
};

const ROWS_A_PAGE = 200;

/** The readable copy of a restore whose own request is forgotten stays for so long. */
const DAYS = 1;

type Archive = Pick<VersionRow, "id" | "blob_id" | "description" | "restored_until">;

export function leftBehindHandler(s3: S3Context): JobHandler {
  return {
    kind: LEFT_BEHIND,
    async run(job) {
      let page: readonly Archive[] = [];
      do {
        job.signal.throwIfAborted();
        page = await archivesAfter(s3.metadata.reader, page.at(-1)?.id ?? "");
        const hot = await lyingHot(s3.metadata.reader, page);
        const again = page.filter((row) => hot.has(row.id) || row.restored_until !== null);
        if (again.length > 0) await s3.metadata.write((tx) => tryAgain(tx, s3, again));
      } while (page.length === ROWS_A_PAGE);
    },
  };
}

/** By the index of archives alone (migrations.ts), so that it costs as much as there are of them. */
async function archivesAfter(reader: Reader, after: string): Promise<Archive[]> {
  return reader
    .selectFrom("s3_versions")
    .select(["id", "blob_id", "description", "restored_until"])
    .where(
      "storage_class",
      "in",
      ARCHIVES.map((name) => sql.lit(name)),
    )
    .where("id", ">", after)
    .orderBy("id")
    .limit(ROWS_A_PAGE)
    .execute();
}

/** Those of them that have no readable copy and whose bytes, or some of them, are not in the cold tier. */
async function lyingHot(reader: Reader, page: readonly Archive[]): Promise<ReadonlySet<string>> {
  const cold = page.filter((row) => row.restored_until === null && !isUnderCustomerKey(row));
  if (cold.length === 0) return new Set();
  const ids = cold.map(({ id }) => id);
  const whole = reader
    .selectFrom("s3_versions as version")
    .innerJoin("blobs", "blobs.id", "version.blob_id")
    .select("version.id")
    .where("version.id", "in", ids)
    .where("blobs.storage_class", "=", "hot");
  const inParts = reader
    .selectFrom("s3_version_parts as part")
    .innerJoin("blobs", "blobs.id", "part.blob_id")
    .select("part.version as id")
    .where("part.version", "in", ids)
    .where("blobs.storage_class", "=", "hot");
  return new Set((await whole.union(inParts).execute()).map(({ id }) => id));
}

/** Jobs that still wait are not doubled; each looks for itself whether there is something to do. */
async function tryAgain(tx: Transaction, s3: S3Context, rows: readonly Archive[]): Promise<void> {
  const now = s3.clock.now();
  for (const { id, restored_until: until } of rows)
    if (until === null) await enqueueArchive(tx, s3, [id], `again/${id}`);
    else if (until === 0)
      await enqueueRestore(tx, s3, { version: id, days: DAYS, requestId: requestId() }, { alone: true });
    else if (until <= now.getTime()) await enqueueExpiry(tx, s3, id, now);
}
