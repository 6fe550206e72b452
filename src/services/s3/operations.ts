import { createBucketOperations } from "./buckets/operations.ts";
import type { S3Operations } from "./call.ts";
import type { S3Context } from "./context.ts";
import { createLifecycleOperations } from "./lifecycle/operations.ts";
import { createListingOperations } from "./listings/operations.ts";
import { createMultipartOperations } from "./multipart/operations.ts";
import { createObjectOperations } from "./objects/operations.ts";

/** Every operation of S3 that is offered: what the rooms contribute. */
export function createOperations(s3: S3Context): S3Operations {
  return {
    ...createBucketOperations(s3),
    ...createObjectOperations(s3),
    ...createListingOperations(s3),
    ...createMultipartOperations(s3),
    ...createLifecycleOperations(s3),
  };
}
