/** What CopyObject and UploadPartCopy read: the header that names it, who may read it, and its conditions. */
import type { AwsError } from "../../../aws/errors.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { invalidArgument, invalidRequest } from "../buckets/errors.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { readableOrThrow } from "../lifecycle/storage-classes.ts";
import { decideRead } from "./conditions.ts";
import { noSuchKey, preconditionFailed } from "./errors.ts";
import { readingKey } from "./object-encryption.ts";
import { lookUp, READ, versionIdOutput } from "./read-version.ts";
import type { Version } from "./version.ts";

export interface CopySourceInput {
  readonly CopySource?: string | undefined;
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: Date | undefined;
  readonly CopySourceIfUnmodifiedSince?: Date | undefined;
  readonly CopySourceSSECustomerAlgorithm?: string | undefined;
  readonly CopySourceSSECustomerKey?: string | undefined;
  readonly CopySourceSSECustomerKeyMD5?: string | undefined;
}

export interface NamedSource {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
}

/**
 * `/bucket/key?versionId=id`, URL-encoded but for the question mark before the version id; a plus sign is a space, as
 * forms write it. Throws InvalidArgument.
 */
export function parseCopySource(header: string | undefined): NamedSource {
  const text = header ?? "";
  const query = text.lastIndexOf(VERSION_ID);
  const path = decode(query < 0 ? text : text.slice(0, query), header).replace(/^\//, "");
  const versionId = query < 0 ? "" : decode(text.slice(query + VERSION_ID.length), header);
  const slash = path.indexOf("/");
  if (slash <= 0 || slash === path.length - 1) throw badSource("Invalid copy source object key", header);
  return {
    bucket: path.slice(0, slash),
    key: path.slice(slash + 1),
    versionId: versionId === "" ? undefined : versionId,
  };
}

const VERSION_ID = "?versionId=";

function decode(text: string, header: string | undefined): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw badSource("Invalid copy source encoding.", header);
  }
}

function badSource(message: string, header: string | undefined): AwsError {
  return invalidArgument(message, "x-amz-copy-source", header);
}

export interface CopySource {
  readonly bucket: Bucket;
  readonly version: Version;
  /** Of content under SSE-C. */
  readonly customerKey: Uint8Array | undefined;
  /** What the answer says of it. */
  readonly versionId: string | undefined;
}

/** Throws NoSuchBucket, NoSuchKey, NoSuchVersion, AccessDenied, PreconditionFailed, InvalidObjectState, InvalidRequest, KMS.*. */
export async function openCopySource(
  s3: S3Context,
  call: S3Call,
  input: CopySourceInput,
): Promise<CopySource> {
  const named = parseCopySource(input.CopySource);
  const { bucket, version } = await lookUp(
    s3,
    asCallOfSource(call),
    { Bucket: named.bucket, Key: named.key, VersionId: named.versionId },
    READ,
    {},
    true,
  );
  if (version.deleteMarker && named.versionId !== undefined)
    throw invalidRequest(
      "The source of a copy request may not specifically refer to a delete marker by version id.",
    );
  if (version.deleteMarker) throw noSuchKey(named.key);
  checkConditions(input, version, call.now);
  readableOrThrow(version, call.now, "copy");
  const customerKey = await readingKey(s3, call, bucket, version, {
    SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm,
    SSECustomerKey: input.CopySourceSSECustomerKey,
    SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5,
  });
  return { bucket, version, customerKey, versionId: versionIdOutput(bucket, version) };
}

/** The source's bucket has an expected owner of its own. */
export function asCallOfSource(call: S3Call): S3Call {
  return {
    ...call,
    header: (name) =>
      call.header(name === "x-amz-expected-bucket-owner" ? "x-amz-source-expected-bucket-owner" : name),
  };
}

/** Where a read would answer 304, a copy answers 412 (API Reference, "CopyObject"). */
function checkConditions(input: CopySourceInput, version: Version, now: Date): void {
  const decision = decideRead(
    {
      ifMatch: input.CopySourceIfMatch,
      ifNoneMatch: input.CopySourceIfNoneMatch,
      ifModifiedSince: input.CopySourceIfModifiedSince,
      ifUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
    },
    version,
    now,
  );
  if (decision === "proceed") return;
  if (decision !== "not modified") throw preconditionFailed(`x-amz-copy-source-${decision.failed}`);
  throw preconditionFailed(
    input.CopySourceIfNoneMatch === undefined
      ? "x-amz-copy-source-If-Modified-Since"
      : "x-amz-copy-source-If-None-Match",
  );
}
