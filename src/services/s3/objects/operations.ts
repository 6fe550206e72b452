import type { S3Operations } from "../call.ts";
import type { S3Context } from "../context.ts";
import { copyObject } from "./copy-object.ts";
import { deleteObject } from "./delete-object.ts";
import { deleteObjects } from "./delete-objects.ts";
import { getObject, headObject } from "./get-object.ts";
import { getObjectAttributes } from "./object-attributes.ts";
import {
  getObjectLegalHold,
  getObjectRetention,
  putObjectLegalHold,
  putObjectRetention,
} from "./object-lock-operations.ts";
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from "./object-tagging.ts";
import { putObject } from "./put-object.ts";

/** What S3 can do with objects. */
export function createObjectOperations(s3: S3Context): S3Operations {
  return {
    PutObject: (call, input) => putObject(s3, call, input),
    GetObject: (call, input) => getObject(s3, call, input),
    HeadObject: (call, input) => headObject(s3, call, input),
    DeleteObject: (call, input) => deleteObject(s3, call, input),
    DeleteObjects: (call, input) => deleteObjects(s3, call, input),
    CopyObject: (call, input) => copyObject(s3, call, input),
    GetObjectAttributes: (call, input) => getObjectAttributes(s3, call, input),
    GetObjectTagging: (call, input) => getObjectTagging(s3, call, input),
    PutObjectTagging: (call, input) => putObjectTagging(s3, call, input),
    DeleteObjectTagging: (call, input) => deleteObjectTagging(s3, call, input),
    GetObjectRetention: (call, input) => getObjectRetention(s3, call, input),
    PutObjectRetention: (call, input) => putObjectRetention(s3, call, input),
    GetObjectLegalHold: (call, input) => getObjectLegalHold(s3, call, input),
    PutObjectLegalHold: (call, input) => putObjectLegalHold(s3, call, input),
  };
}
