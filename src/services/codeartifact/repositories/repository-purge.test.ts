import { expect, test } from "bun:test";
import type { RunningJob } from "../../../jobs/jobs.ts";
import { testDomain } from "../testing/test-domain.ts";
import { deleteRepository } from "./repositories.ts";
import { purgeRepositoryHandler } from "./repository-purge.ts";

test("all that a deleted repository held goes, and what another keeps of the same bytes stays", async () => {
  await using domain = await testDomain();
  const { context, metadata } = domain;
  await domain.repository("app");
  await domain.repository("other");
  for (let index = 0; index < 120; index += 1)
    await domain.store("app", `package-${index % 60}`, `1.${index}`, {
      "a.tgz": `${index}`,
      "b.tgz": "same",
    });
  await domain.store("other", "kept", "1.0", { "b.tgz": "same" });

  const jobs: { kind: string; payload: unknown }[] = [];
  const enqueue = async (_: unknown, job: (typeof jobs)[number]) => String(jobs.push(job));
  await deleteRepository({ ...context, jobs: { enqueue } }, domain.call(), {
    domain: "things",
    repository: "app",
  });
  expect(jobs).toHaveLength(1);
  const { signal } = new AbortController();
  const job: RunningJob = { id: "1", attempt: 1, signal, kind: "", payload: undefined, ...jobs[0] };
  const handler = purgeRepositoryHandler(context);
  expect(handler.kind).toBe(job.kind);
  await handler.run(job);
  await handler.run(job);

  const counts = await Promise.all(
    (
      ["codeartifact_packages", "codeartifact_versions", "codeartifact_assets", "blob_references"] as const
    ).map(async (table) => {
      const rows = await metadata.reader.selectFrom(table).selectAll().execute();
      return rows.length;
    }),
  );
  expect(counts).toEqual([1, 1, 1, 1]);
  expect(await domain.download("other", "kept", "1.0", "b.tgz")).toBe("same");
});
