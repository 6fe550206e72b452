/** The operations on lifecycle and archives: which one is which function. */
import type { S3Operations } from "../call.ts";
import type { S3Context } from "../context.ts";
import { deleteBucketLifecycle, getBucketLifecycle, putBucketLifecycle } from "./configuration.ts";
import { restoreObject } from "./restore-object.ts";

export function createLifecycleOperations(s3: S3Context): S3Operations {
  return {
    GetBucketLifecycleConfiguration: (call, input) => getBucketLifecycle(s3, call, input),
    PutBucketLifecycleConfiguration: (call, input) => putBucketLifecycle(s3, call, input),
    DeleteBucketLifecycle: (call, input) => deleteBucketLifecycle(s3, call, input),
    RestoreObject: (call, input) => restoreObject(s3, call, input),
  };
}
