import type { S3Operations } from "../call.ts";
import type { S3Context } from "../context.ts";
import { listObjects, listObjectsV2 } from "./list-objects.ts";
import { listObjectVersions } from "./list-versions.ts";

export function createListingOperations(s3: S3Context): S3Operations {
  return {
    ListObjects: (call, input) => listObjects(s3, call, input),
    ListObjectsV2: (call, input) => listObjectsV2(s3, call, input),
    ListObjectVersions: (call, input) => listObjectVersions(s3, call, input),
  };
}
