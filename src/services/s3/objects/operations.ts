import type { S3Operations } from "../call.ts";
import type { S3Context } from "../context.ts";
import { deleteObject } from "./delete-object.ts";
import { getObject, headObject } from "./get-object.ts";
import { putObject } from "./put-object.ts";

/** What S3 can do with objects. */
export function createObjectOperations(s3: S3Context): S3Operations {
  return {
    PutObject: (call, input) => putObject(s3, call, input),
    GetObject: (call, input) => getObject(s3, call, input),
    HeadObject: (call, input) => headObject(s3, call, input),
    DeleteObject: (call, input) => deleteObject(s3, call, input),
  };
}
