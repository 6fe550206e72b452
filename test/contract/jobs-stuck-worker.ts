/**
 * The program that `jobs.test.ts` kills: a server whose worker takes a job, says so, and never ends it.
 */
import { writeSync } from "node:fs";
import { pino } from "pino";
import { systemClock } from "../../src/clock.ts";
import { migrations } from "../../src/jobs/migrations.ts";
import { createJobs } from "../../src/jobs/queue.ts";
import { startWorker } from "../../src/jobs/worker.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";

const metadata = await openMetadata(process.argv[2] ?? "", migrations);
const clock = systemClock();
startWorker({
  metadata,
  clock,
  jobs: createJobs(metadata, clock),
  recurring: [],
  log: pino({ level: "silent" }),
  handlers: [
    {
      kind: "test.work",
      async run(job) {
        writeSync(1, `${job.attempt}\n`);
        await new Promise(() => undefined);
      },
    },
  ],
});
