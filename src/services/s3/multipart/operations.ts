import type { S3Operations } from "../call.ts";
import type { S3Context } from "../context.ts";
import { abortMultipartUpload } from "./abort-upload.ts";
import { completeMultipartUpload } from "./complete-upload.ts";
import { createMultipartUpload } from "./create-upload.ts";
import { listParts } from "./list-parts.ts";
import { listMultipartUploads } from "./list-uploads.ts";
import { uploadPart } from "./upload-part.ts";
import { uploadPartCopy } from "./upload-part-copy.ts";

export function createMultipartOperations(s3: S3Context): S3Operations {
  return {
    CreateMultipartUpload: (call, input) => createMultipartUpload(s3, call, input),
    UploadPart: (call, input) => uploadPart(s3, call, input),
    UploadPartCopy: (call, input) => uploadPartCopy(s3, call, input),
    CompleteMultipartUpload: (call, input) => completeMultipartUpload(s3, call, input),
    AbortMultipartUpload: (call, input) => abortMultipartUpload(s3, call, input),
    ListParts: (call, input) => listParts(s3, call, input),
    ListMultipartUploads: (call, input) => listMultipartUploads(s3, call, input),
  };
}
