/**
 * What upstreams said is kept for as long as somebody asks for it, also while an upstream is away, and removed when
 * nobody has for long: the names in the world outside have no end. Files are the repositories' own and stay.
 */
import type { JobHandler, RecurringJob } from "../../../jobs/jobs.ts";
import type { CodeArtifactContext } from "../context.ts";

/** A quarter: a machine that is cut off from the outside finds what it used last season. */
export const UNUSED_DAYS = 90;

const REMOVE_UNUSED = "codeartifact.remove-unused-upstream-documents";

/** Documents to one transaction: some have megabytes. */
const BATCH = 20;

export const removeUnusedDocumentsJob: RecurringJob = {
  name: REMOVE_UNUSED,
  schedule: "rate(1 day)",
  kind: REMOVE_UNUSED,
  payload: null,
};

export function removeUnusedDocumentsHandler({
  metadata,
  clock,
}: Pick<CodeArtifactContext, "metadata" | "clock">): JobHandler {
  return {
    kind: REMOVE_UNUSED,
    async run(job) {
      const before = clock.now().getTime() - UNUSED_DAYS * clock.dayMilliseconds;
      for (let found = BATCH; found === BATCH; job.signal.throwIfAborted()) {
        found = await metadata.write(async (tx) => {
          const unused = await tx
            .selectFrom("codeartifact_upstream_documents")
            .select(["connection", "url", "accept"])
            .where("used_at", "<", before)
            .orderBy("used_at")
            .limit(BATCH)
            .execute();
          for (const key of unused)
            await tx
              .deleteFrom("codeartifact_upstream_documents")
              .where("connection", "=", key.connection)
              .where("url", "=", key.url)
              .where("accept", "=", key.accept)
              .execute();
          return unused.length;
        });
      }
    },
  };
}
