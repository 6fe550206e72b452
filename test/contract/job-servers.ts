/** Servers that share a queue of jobs, for tests. */
import { afterEach } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import type { systemClock } from "../../src/clock.ts";
import type { JobHandler, NewJob, RecurringJob } from "../../src/jobs/jobs.ts";
import { migrations } from "../../src/jobs/migrations.ts";
import { createJobs, type JobQueue } from "../../src/jobs/queue.ts";
import { type JobWorker, startWorker } from "../../src/jobs/worker.ts";
import type { Metadata } from "../../src/storage/metadata/metadata.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import type { TurnedClock } from "../turned-clock.ts";
import type { TestDatabases } from "./databases.ts";

export const KIND = "test.work";

/** One server: its queue, and workers that the test starts. */
export interface Server {
  readonly metadata: Metadata;
  readonly jobs: JobQueue;
  enqueue(job: Partial<NewJob>): Promise<string>;
  /** `run` is the handler of KIND. */
  work(run: JobHandler["run"], options?: WorkOptions): JobWorker;
  /** Resolves when this server's worker took everything that is due now. */
  looked(): Promise<void>;
}

interface WorkOptions {
  readonly maxAttempts?: number;
  readonly concurrency?: number;
  readonly handlers?: readonly JobHandler[];
  readonly recurring?: readonly RecurringJob[];
}

/** Servers that end with their test. */
export function jobServers(databases: TestDatabases) {
  const started: JobWorker[] = [];
  const opened: Metadata[] = [];

  afterEach(async () => {
    await Promise.all(started.splice(0).map((worker) => worker.stop()));
    await Promise.all(opened.splice(0).map((metadata) => metadata.close()));
  });

  async function serve(clock: TurnedClock | ReturnType<typeof systemClock>, url?: string): Promise<Server> {
    const metadata = await openMetadata(url ?? (await databases.fresh()), migrations);
    opened.push(metadata);
    const jobs = createJobs(metadata, clock);
    const marker = `test.marker.${opened.length}`;
    let markers = 0;
    const countMarkers = async () => {
      markers += 1;
    };
    return {
      metadata,
      jobs,
      enqueue: (job) => metadata.write((tx) => jobs.enqueue(tx, { kind: KIND, payload: null, ...job })),
      work(run, options = {}) {
        const { maxAttempts, handlers = [], recurring = [], ...rest } = options;
        const handler: JobHandler = {
          kind: KIND,
          run,
          ...(maxAttempts === undefined ? {} : { maxAttempts }),
        };
        const log = pino({ level: "silent" });
        const worker = startWorker({
          metadata,
          clock,
          jobs,
          log,
          random: () => 1,
          handlers: [handler, ...handlers, { kind: marker, run: countMarkers }],
          recurring,
          ...rest,
        });
        started.push(worker);
        return worker;
      },
      async looked() {
        const before = markers;
        await metadata.write((tx) => jobs.enqueue(tx, { kind: marker, payload: null }));
        await until(() => markers > before);
      },
    };
  }

  return serve;
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > giveUp) throw new Error("it did not happen");
    await sleep(2);
  }
}
