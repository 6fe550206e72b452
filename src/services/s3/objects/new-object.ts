/** What a request says of an object that it makes, whichever way its bytes come: in one piece, in parts, as a copy. */
import { type Bucket, objectArn } from "../buckets/bucket.ts";
import { invalidArgument, notImplemented } from "../buckets/errors.ts";
import { authorizeIn, bucketInRegion } from "../buckets/open-bucket.ts";
import { type AccessContext, requestTagConditions } from "../buckets/request-conditions.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { parseStorageClass, type StorageClass } from "../lifecycle/storage-classes.ts";
import { type AclInput, checkObjectAcl } from "./canned-acl.ts";
import { type Lock, type LockInput, lockFor } from "./object-lock.ts";
import { parseTaggingHeader, type TagSet } from "./tag-set.ts";
import type { WriteCause } from "./write-version.ts";

export interface NewObjectInput extends AclInput, LockInput {
  readonly Bucket?: string | undefined;
  readonly Key?: string | undefined;
  readonly StorageClass?: string | undefined;
  readonly Tagging?: string | undefined;
  readonly WriteOffsetBytes?: number | undefined;
  readonly ObjectLockEventHold?: string | undefined;
  readonly ObjectLockEventHoldDurationDays?: number | undefined;
  readonly ObjectLockEventHoldDurationYears?: number | undefined;
}

export interface NewObject {
  readonly bucket: Bucket;
  readonly key: string;
  readonly storageClass: StorageClass;
  readonly tags: TagSet;
  readonly lock: Lock;
}

/**
 * Throws NoSuchBucket, AccessDenied, AccessControlListNotSupported, InvalidStorageClass, InvalidTag, InvalidArgument, NotImplemented, ...
 * @param context what else policies may ask of this request
 */
export async function openForWriting(
  s3: S3Context,
  call: S3Call,
  input: NewObjectInput,
  context: AccessContext = {},
): Promise<NewObject> {
  const key = input.Key ?? "";
  checkOffered(input);
  const tags = parseTaggingHeader(input.Tagging);
  const bucket = await bucketInRegion(s3, call, input.Bucket);
  const asked = { ...requestTagConditions(tags), ...context };
  for (const action of actionsFor(input))
    authorizeIn(s3, call, bucket, action, objectArn(bucket.name, key), asked);
  checkObjectAcl(input);
  const storageClass = parseStorageClass(input.StorageClass);
  return { bucket, key, storageClass, tags, lock: lockFor(bucket, input, s3.clock) };
}

/** What AWS has and this server does not is refused: nothing is taken and then forgotten. */
function checkOffered(input: NewObjectInput): void {
  if (input.WriteOffsetBytes !== undefined) throw notImplemented("appending to objects");
  const hold =
    input.ObjectLockEventHold ??
    input.ObjectLockEventHoldDurationDays ??
    input.ObjectLockEventHoldDurationYears;
  if (hold !== undefined) throw notImplemented("event holds of Object Lock");
}

function actionsFor(input: NewObjectInput): string[] {
  const actions = ["s3:PutObject"];
  if (input.Tagging !== undefined) actions.push("s3:PutObjectTagging");
  if (input.ObjectLockMode !== undefined || input.ObjectLockRetainUntilDate !== undefined)
    actions.push("s3:PutObjectRetention");
  if (input.ObjectLockLegalHoldStatus !== undefined) actions.push("s3:PutObjectLegalHold");
  return actions;
}

/** Who did it, for events. @param reason the operation */
export function causeOf(call: S3Call, reason: string): WriteCause {
  return {
    reason,
    requestId: call.requestId,
    requester: call.principal.account,
    sourceIp: call.sourceIp,
  };
}

/** Throws InvalidArgument for a key that no object can have. */
export function checkKey(key: string): void {
  if (key === "") throw invalidArgument("The object key must not be empty.", "Key", key);
}
