/** The operations on buckets: which one is which function. */
import type { S3Operations } from "../call.ts";
import type { S3Context } from "../context.ts";
import { getBucketLocation, headBucket } from "./bucket-location.ts";
import { createBucket } from "./create-bucket.ts";
import { deleteBucket } from "./delete-bucket.ts";
import { listBuckets } from "./list-buckets.ts";
import { getBucketVersioning, putBucketVersioning } from "./versioning.ts";

export function createBucketOperations(s3: S3Context): S3Operations {
  return {
    CreateBucket: (call, input) => createBucket(s3, call, input),
    HeadBucket: (call, input) => headBucket(s3, call, input),
    ListBuckets: (call, input) => listBuckets(s3, call, input),
    DeleteBucket: (call, input) => deleteBucket(s3, call, input),
    GetBucketLocation: (call, input) => getBucketLocation(s3, call, input),
    GetBucketVersioning: (call, input) => getBucketVersioning(s3, call, input),
    PutBucketVersioning: (call, input) => putBucketVersioning(s3, call, input),
  };
}
