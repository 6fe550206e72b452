/** Buckets with lifecycle's jobs, which run when a test says so. */
import type { LifecycleRule } from "@aws-sdk/client-s3";
import type { NewJob, RunningJob } from "../../../../jobs/jobs.ts";
import type { S3Context } from "../../context.ts";
import { BUCKET, bodyOf, type TestObjects, testObjects } from "../../objects/testing/test-objects.ts";
import { createOperations } from "../../operations.ts";
import { lifecycleJobHandlers, lifecycleRecurringJobs } from "../index.ts";

export const DAY = 86_400_000;

export interface TestLifecycle extends AsyncDisposable {
  readonly objects: TestObjects;
  readonly s3: S3Context;
  readonly api: TestObjects["api"];
  readonly waiting: NewJob[];
  /** Replaces all rules. */
  rules(...rules: Partial<LifecycleRule>[]): Promise<void>;
  put(key: string, content: string, input?: object): Promise<void>;
  /** `key class` of each version, `key marker` of markers; newest first within a key. */
  versions(): Promise<string[]>;
  /** Turns the clock, lets lifecycle come by, and runs every job that is due. */
  afterDays(days: number): Promise<void>;
  /** Runs what is due and what that brings about. */
  runJobs(): Promise<void>;
  runJob(job: NewJob, options?: { readonly signal?: AbortSignal; readonly attempt?: number }): Promise<void>;
}

export async function testLifecycle(url: string | undefined, versioned = true): Promise<TestLifecycle> {
  const objects = await testObjects(url);
  const waiting: NewJob[] = [];
  const jobs = {
    enqueue: async (_: unknown, job: NewJob) => {
      const same = ({ kind, key }: NewJob) => kind === job.kind && key === job.key;
      if (job.key === undefined || !waiting.some(same)) waiting.push(job);
      return "a job";
    },
  };
  const s3 = { ...objects.s3, jobs };
  const api = createOperations(s3) as TestObjects["api"];
  const handlers = lifecycleJobHandlers(s3);
  const test: TestLifecycle = {
    objects,
    s3,
    api,
    waiting,
    async rules(...rules) {
      const complete = rules.map((rule): LifecycleRule => ({ Status: "Enabled", Filter: {}, ...rule }));
      await api.PutBucketLifecycleConfiguration(objects.call(), {
        Bucket: BUCKET,
        LifecycleConfiguration: { Rules: complete },
      });
    },
    async put(key, content, input = {}) {
      await api.PutObject(objects.call({ body: bodyOf(content) }), { Bucket: BUCKET, Key: key, ...input });
    },
    async versions() {
      const rows = await s3.metadata.reader
        .selectFrom("s3_versions")
        .select(["key", "storage_class", "delete_marker"])
        .orderBy("key")
        .orderBy("rank")
        .execute();
      return rows.map((row) => `${row.key} ${row.delete_marker === 1 ? "marker" : row.storage_class}`);
    },
    async afterDays(days) {
      objects.now = new Date(objects.now.getTime() + days * DAY);
      waiting.push(...lifecycleRecurringJobs.map(({ kind, payload }) => ({ kind, payload })));
      await test.runJobs();
    },
    async runJobs() {
      for (;;) {
        const index = waiting.findIndex(({ runAt }) => runAt === undefined || runAt <= objects.now);
        const [job] = index < 0 ? [] : waiting.splice(index, 1);
        if (job === undefined) return;
        await test.runJob(job);
      }
    },
    async runJob({ kind, payload }, { signal = new AbortController().signal, attempt = 1 } = {}) {
      const job: RunningJob = {
        id: "a job",
        kind,
        payload: JSON.parse(JSON.stringify(payload)),
        attempt,
        signal,
      };
      await handlers.find((handler) => handler.kind === kind)?.run(job);
    },
    [Symbol.asyncDispose]: () => objects[Symbol.asyncDispose](),
  };
  if (versioned)
    await api.PutBucketVersioning(objects.call(), {
      Bucket: BUCKET,
      VersioningConfiguration: { Status: "Enabled" },
    });
  await api.PutBucketNotificationConfiguration(objects.call(), {
    Bucket: BUCKET,
    NotificationConfiguration: { EventBridgeConfiguration: {} },
  });
  return test;
}
