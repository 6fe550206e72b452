/** What is left of a domain when its repositories are gone: the revisions of the packages that it once had. */
import type { JobHandler } from "../../../jobs/jobs.ts";
import type { CodeArtifactContext } from "../context.ts";

export const PURGE_DOMAIN = "codeartifact.purge-domain";

const BATCH = 500;

export function purgeDomainHandler({ metadata }: Pick<CodeArtifactContext, "metadata">): JobHandler {
  return {
    kind: PURGE_DOMAIN,
    async run(job) {
      const { domainId } = job.payload as { domainId: string };
      for (let found = BATCH; found === BATCH; job.signal.throwIfAborted()) {
        found = await metadata.write(async (tx) => {
          const rows = await tx
            .selectFrom("codeartifact_package_revisions")
            .select(["format", "namespace", "name"])
            .where("domain_id", "=", domainId)
            .limit(BATCH)
            .execute();
          for (const { format, namespace, name } of rows)
            await tx
              .deleteFrom("codeartifact_package_revisions")
              .where("domain_id", "=", domainId)
              .where("format", "=", format)
              .where("namespace", "=", namespace)
              .where("name", "=", name)
              .execute();
          return rows.length;
        });
      }
    },
  };
}
