/** The version that a request is about, if there is one and the caller may do this with it. */
import type { AwsError } from "../../../aws/errors.ts";
import { type Bucket, objectArn } from "../buckets/bucket.ts";
import {
  authorizeIn,
  authorizeMissing,
  bucketInRegion,
  findBucket,
  isAllowed,
} from "../buckets/open-bucket.ts";
import {
  type AccessContext,
  existingTagConditions,
  versionCondition,
} from "../buckets/request-conditions.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { methodNotAllowed, noSuchKey, noSuchVersion } from "./errors.ts";
import type { Version } from "./version.ts";
import { NULL_VERSION } from "./version-id.ts";
import { findVersion } from "./version-rows.ts";

/** Two actions of IAM: on the newest version, and on one that is named. */
export interface VersionActions {
  readonly current: string;
  readonly named: string;
  /** What works on tags says of any delete marker that it is none to work on; a read of the newest is told NoSuchKey. */
  readonly onMarker?: "GET" | "PUT" | "DELETE";
}

export const READ: VersionActions = { current: "s3:GetObject", named: "s3:GetObjectVersion" };

export interface VersionInput {
  readonly Bucket?: string | undefined;
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
}

export interface OpenedVersion {
  readonly bucket: Bucket;
  readonly version: Version;
}

/**
 * Throws NoSuchBucket, AccessDenied, NoSuchKey, NoSuchVersion, InvalidArgument (a version id of no form), and
 * MethodNotAllowed for a delete marker that was named. Who may not list the bucket is not told what is missing.
 */
export async function openVersion(
  s3: S3Context,
  call: S3Call,
  input: VersionInput,
  actions: VersionActions = READ,
  context: AccessContext = {},
): Promise<OpenedVersion> {
  const found = await lookUp(s3, call, input, actions, context);
  const { bucket, version } = found;
  if (version.deleteMarker) throw markerRefusal(bucket, version, input.VersionId, actions.onMarker);
  return { bucket, version };
}

/** The same, but a delete marker is an answer like any other; the source of a copy may be in a bucket of any region. */
export async function lookUp(
  s3: S3Context,
  call: S3Call,
  input: VersionInput,
  actions: VersionActions,
  context: AccessContext = {},
  anyRegion = false,
): Promise<OpenedVersion> {
  const { Key: key = "", VersionId: versionId } = input;
  const bucket = await (anyRegion
    ? findBucket(s3.metadata.reader, input.Bucket)
    : bucketInRegion(s3, call, input.Bucket));
  const version = await findVersion(s3.metadata.reader, bucket, key, versionId);
  const action = versionId === undefined ? actions.current : actions.named;
  authorizeOn(s3, call, bucket, action, key, version, versionId, context);
  if (version !== undefined) return { bucket, version };
  authorizeMissing(s3, call, bucket, key);
  throw versionId === undefined ? noSuchKey(key) : noSuchVersion(key, versionId);
}

/** Throws AccessDenied. The tags that the object has are what policies ask for with s3:ExistingObjectTag. */
export function authorizeOn(
  s3: S3Context,
  call: S3Call,
  bucket: Bucket,
  action: string,
  key: string,
  version: Version | undefined,
  versionId: string | undefined,
  context: AccessContext = {},
): void {
  authorizeIn(s3, call, bucket, action, objectArn(bucket.name, key), {
    ...context,
    ...(version && existingTagConditions(version.tags)),
    ...versionCondition(versionId),
  });
}

/** Whether the caller may also do this; for parts of an answer that are left out otherwise. */
export function mayOn(
  s3: S3Context,
  call: S3Call,
  { bucket, version }: OpenedVersion,
  action: string,
): boolean {
  const context = existingTagConditions(version.tags);
  return isAllowed(s3, call, bucket, action, objectArn(bucket.name, version.key), context);
}

function markerRefusal(
  bucket: Bucket,
  marker: Version,
  versionId: string | undefined,
  method: VersionActions["onMarker"],
): AwsError {
  const headers = {
    "x-amz-delete-marker": "true",
    ...(bucket.versioning !== "" && { "x-amz-version-id": marker.versionId }),
  };
  if (versionId === undefined && method === undefined) return noSuchKey(marker.key, headers);
  return methodNotAllowed(method ?? "GET", { ...headers, "last-modified": marker.createdAt.toUTCString() });
}

/** What answers say of a version: nothing in a bucket that never had any. */
export function versionIdOutput(bucket: Bucket, version: Pick<Version, "versionId">): string | undefined {
  return bucket.versioning === "" && version.versionId === NULL_VERSION ? undefined : version.versionId;
}

/** What the answer to a write says of it: a null version, for which there is nothing to remember, is not mentioned. */
export function writtenVersionId({ versionId }: Pick<Version, "versionId">): string | undefined {
  return versionId === NULL_VERSION ? undefined : versionId;
}
