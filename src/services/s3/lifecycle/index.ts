/** What of lifecycle runs in the background. */
import type { JobHandler, RecurringJob } from "../../../jobs/jobs.ts";
import type { S3Context } from "../context.ts";
import { archiveHandler } from "./archive.ts";
import { lifecycleJob, lookForBucketsHandler, walkBucketHandler } from "./job.ts";
import { leftBehindHandler, leftBehindJob } from "./left-behind.ts";
import { expireRestoreHandler, restoreHandler } from "./restore.ts";

export function lifecycleJobHandlers(s3: S3Context): JobHandler[] {
  return [
    lookForBucketsHandler(s3),
    walkBucketHandler(s3),
    archiveHandler(s3),
    restoreHandler(s3),
    expireRestoreHandler(s3),
    leftBehindHandler(s3),
  ];
}

export const lifecycleRecurringJobs: readonly RecurringJob[] = [lifecycleJob, leftBehindJob];
