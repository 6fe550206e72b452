/** The operations on buckets: which one is which function. */
import type { S3Operations } from "../call.ts";
import type { S3Context } from "../context.ts";
import { getBucketAcl, getObjectAcl, putBucketAcl, putObjectAcl } from "./access-control-lists.ts";
import { getBucketLocation, headBucket } from "./bucket-location.ts";
import {
  deleteBucketPolicy,
  getBucketPolicy,
  getBucketPolicyStatus,
  putBucketPolicy,
} from "./bucket-policy.ts";
import { deleteBucketTagging, getBucketTagging, putBucketTagging } from "./bucket-tags.ts";
import { deleteBucketCors, getBucketCors, putBucketCors } from "./cors-configuration.ts";
import { createBucket } from "./create-bucket.ts";
import { deleteBucket } from "./delete-bucket.ts";
import {
  deleteBucketEncryption,
  getBucketEncryption,
  putBucketEncryption,
} from "./encryption-configuration.ts";
import { listBuckets } from "./list-buckets.ts";
import {
  getBucketNotificationConfiguration,
  putBucketNotificationConfiguration,
} from "./notification-configuration.ts";
import { getObjectLockConfiguration, putObjectLockConfiguration } from "./object-lock-configuration.ts";
import {
  deleteBucketOwnershipControls,
  getBucketOwnershipControls,
  putBucketOwnershipControls,
} from "./ownership-controls.ts";
import {
  deletePublicAccessBlock,
  getPublicAccessBlock,
  putPublicAccessBlock,
} from "./public-access-block.ts";
import { getBucketRequestPayment, putBucketRequestPayment } from "./request-payment.ts";
import { unsetConfigurations } from "./unset-configurations.ts";
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

    PutBucketPolicy: (call, input) => putBucketPolicy(s3, call, input),
    GetBucketPolicy: (call, input) => getBucketPolicy(s3, call, input),
    DeleteBucketPolicy: (call, input) => deleteBucketPolicy(s3, call, input),
    GetBucketPolicyStatus: (call, input) => getBucketPolicyStatus(s3, call, input),
    PutPublicAccessBlock: (call, input) => putPublicAccessBlock(s3, call, input),
    GetPublicAccessBlock: (call, input) => getPublicAccessBlock(s3, call, input),
    DeletePublicAccessBlock: (call, input) => deletePublicAccessBlock(s3, call, input),

    PutBucketOwnershipControls: (call, input) => putBucketOwnershipControls(s3, call, input),
    GetBucketOwnershipControls: (call, input) => getBucketOwnershipControls(s3, call, input),
    DeleteBucketOwnershipControls: (call, input) => deleteBucketOwnershipControls(s3, call, input),
    GetBucketAcl: (call, input) => getBucketAcl(s3, call, input),
    PutBucketAcl: (call, input) => putBucketAcl(s3, call, input),
    GetObjectAcl: (call, input) => getObjectAcl(s3, call, input),
    PutObjectAcl: (call, input) => putObjectAcl(s3, call, input),

    PutBucketCors: (call, input) => putBucketCors(s3, call, input),
    GetBucketCors: (call, input) => getBucketCors(s3, call, input),
    DeleteBucketCors: (call, input) => deleteBucketCors(s3, call, input),
    PutBucketEncryption: (call, input) => putBucketEncryption(s3, call, input),
    GetBucketEncryption: (call, input) => getBucketEncryption(s3, call, input),
    DeleteBucketEncryption: (call, input) => deleteBucketEncryption(s3, call, input),
    PutBucketTagging: (call, input) => putBucketTagging(s3, call, input),
    GetBucketTagging: (call, input) => getBucketTagging(s3, call, input),
    DeleteBucketTagging: (call, input) => deleteBucketTagging(s3, call, input),
    PutBucketNotificationConfiguration: (call, input) => putBucketNotificationConfiguration(s3, call, input),
    GetBucketNotificationConfiguration: (call, input) => getBucketNotificationConfiguration(s3, call, input),
    PutObjectLockConfiguration: (call, input) => putObjectLockConfiguration(s3, call, input),
    GetObjectLockConfiguration: (call, input) => getObjectLockConfiguration(s3, call, input),
    PutBucketRequestPayment: (call, input) => putBucketRequestPayment(s3, call, input),
    GetBucketRequestPayment: (call, input) => getBucketRequestPayment(s3, call, input),

    ...unsetConfigurations(s3),
  };
}
