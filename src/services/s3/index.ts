/** Artifact buckets: what the S3 door serves, and what runs in the background. */
import type { CORSRule } from "@aws-sdk/client-s3";
import { parseRegion, type Region } from "../../aws/names.ts";
import type { JobHandler, RecurringJob } from "../../jobs/jobs.ts";
import { findBucket } from "./buckets/open-bucket.ts";
import type { S3Operations } from "./call.ts";
import type { S3Dependencies } from "./context.ts";
import { lifecycleJobHandlers, lifecycleRecurringJobs } from "./lifecycle/index.ts";
import { createOperations } from "./operations.ts";

export type { Anonymous, ChecksumAlgorithm, S3Call, S3Operations, UploadBody } from "./call.ts";
export { XmlDocument } from "./call.ts";
export { CHECKSUM_ALGORITHMS, HASH_OF, isChecksum } from "./checksums/checksums.ts";
export type { S3Dependencies } from "./context.ts";
export { hasControl } from "./header-characters.ts";
export { migrations } from "./migrations.ts";
export { S3Error } from "./s3-error.ts";

export interface S3 {
  readonly operations: S3Operations;
  /** The rules by which browsers of other origins may read answers; undefined without any. Throws NoSuchBucket. */
  corsRules(bucket: string): Promise<readonly CORSRule[] | undefined>;
  /** Where a bucket is, for callers who do not say; undefined when there is none. */
  regionOf(bucket: string): Promise<Region | undefined>;
  readonly jobHandlers: readonly JobHandler[];
  readonly recurringJobs: readonly RecurringJob[];
}

export function createS3(s3: S3Dependencies): S3 {
  return {
    operations: createOperations(s3),
    corsRules: async (bucket) => (await findBucket(s3.metadata.reader, bucket)).settings.cors,
    regionOf: async (bucket) => {
      if (bucket.includes("\0")) return undefined;
      const row = await s3.metadata.reader
        .selectFrom("s3_buckets")
        .select("region")
        .where("name", "=", bucket)
        .executeTakeFirst();
      return row && parseRegion(row.region);
    },
    jobHandlers: lifecycleJobHandlers(s3),
    recurringJobs: lifecycleRecurringJobs,
  };
}
