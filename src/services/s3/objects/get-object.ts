import { Readable } from "node:stream";
import type {
  GetObjectCommandInput,
  GetObjectCommandOutput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
} from "@aws-sdk/client-s3";
import type { ByteRange } from "../../../storage/blobs/blobs.ts";
import { invalidArgument, invalidRequest } from "../buckets/errors.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { expirationHeader } from "../lifecycle/headers.ts";
import { readableOrThrow, restoreHeader } from "../lifecycle/storage-classes.ts";
import { checksumOutput, partChecksumOutput } from "./checksum-members.ts";
import { checkRead, matches } from "./conditions.ts";
import { encryptionHeaders, readingKey } from "./object-encryption.ts";
import { checkHeaderText, headerOutput } from "./object-headers.ts";
import { openContent } from "./open-content.ts";
import { findPart, type VersionPart } from "./parts.ts";
import { checkPartNumber, contentRange, invalidPartNumber, parseRange } from "./range.ts";
import { mayOn, type OpenedVersion, openVersion, versionIdOutput } from "./read-version.ts";
import type { Version } from "./version.ts";

type ReadInput = GetObjectCommandInput | HeadObjectCommandInput;
type Output = Omit<HeadObjectCommandOutput, "$metadata">;

export async function getObject(
  s3: S3Context,
  call: S3Call,
  input: GetObjectCommandInput,
): Promise<Omit<GetObjectCommandOutput, "$metadata">> {
  const reading = await beginReading(s3, call, input);
  readableOrThrow(reading.opened.version, call.now);
  const output = describe(s3, call, input, reading);
  const bytes = isOfNothing(reading)
    ? Readable.from([])
    : await openContent(s3, reading.opened.version, reading.range, reading.customerKey);
  // The SDK types a body of a client; the door sends any Readable.
  return Object.assign(output, { Body: bytes as GetObjectCommandOutput["Body"] }) as Omit<
    GetObjectCommandOutput,
    "$metadata"
  >;
}

export async function headObject(
  s3: S3Context,
  call: S3Call,
  input: HeadObjectCommandInput,
): Promise<Output> {
  return describe(s3, call, input, await beginReading(s3, call, input));
}

interface Reading {
  readonly opened: OpenedVersion;
  readonly customerKey: Uint8Array | undefined;
  readonly range: ByteRange | undefined;
  /** The part that was asked for by its number. */
  readonly part: VersionPart | undefined;
}

/** No range says nothing, so an empty part has none. */
function isOfNothing({ part }: Reading): boolean {
  return part !== undefined && part.size === 0;
}

/** Everything that may refuse, in S3's order. */
async function beginReading(s3: S3Context, call: S3Call, input: ReadInput): Promise<Reading> {
  if (input.PartNumber !== undefined) checkPartNumber(input.PartNumber, input.Range);
  const encryption = call.header("x-amz-server-side-encryption");
  if (encryption !== undefined)
    throw invalidArgument(
      "x-amz-server-side-encryption header is not supported for this operation.",
      "x-amz-server-side-encryption",
      encryption,
    );
  checkOverrides(call, input);
  const opened = await openVersion(s3, call, input);
  const { bucket, version } = opened;
  const customerKey = await readingKey(s3, call, bucket, version, input);
  checkRead(
    {
      ifMatch: input.IfMatch,
      ifNoneMatch: input.IfNoneMatch,
      ifModifiedSince: input.IfModifiedSince,
      ifUnmodifiedSince: input.IfUnmodifiedSince,
    },
    version,
    call.now,
    () => notModifiedHeaders(opened),
  );
  if (input.PartNumber === undefined) {
    const range = rangeStillMeant(call, version) ? parseRange(input.Range, version.size) : undefined;
    return { opened, customerKey, range, part: undefined };
  }
  const part = await partOf(s3, version, input.PartNumber);
  const range = part.size === 0 ? undefined : { start: part.offset, end: part.offset + part.size - 1 };
  return { opened, customerKey, range, part };
}

/** If-Range (RFC 9110 section 13.1.5): a range of what is no more is the whole of what is. */
function rangeStillMeant(call: S3Call, version: Version): boolean {
  const condition = call.header("if-range");
  if (condition === undefined) return true;
  if (condition.startsWith('"')) return matches(condition, version.etag);
  return Date.parse(condition) === Math.floor(version.createdAt.getTime() / 1000) * 1000;
}

/** An object of one piece is its own part 1. */
async function partOf(s3: S3Context, version: Version, partNumber: number): Promise<VersionPart> {
  if (version.partCount === 0) {
    if (partNumber > 1) throw invalidPartNumber(partNumber, 1);
    const { size, blobId = "" } = version;
    return { partNumber, offset: 0, size, blobId, checksums: {} };
  }
  const part = await findPart(s3.metadata.reader, version.id, partNumber);
  if (part === undefined) throw invalidPartNumber(partNumber, version.partCount);
  return part;
}

const OVERRIDES = [
  "ResponseCacheControl",
  "ResponseContentDisposition",
  "ResponseContentEncoding",
  "ResponseContentLanguage",
  "ResponseContentType",
  "ResponseExpires",
] as const;

/** Throws InvalidRequest, InvalidArgument. */
function checkOverrides(call: S3Call, input: ReadInput): void {
  if (!isOverridden(input)) return;
  const given = OVERRIDES.filter((name) => input[name] !== undefined);
  if (given.length > 0 && call.principal.kind === "anonymous")
    throw invalidRequest("Request specific response headers cannot be used for anonymous GET requests.");
  for (const name of given) checkHeaderText(name.replace("Response", ""), String(input[name]));
}

function isOverridden(input: ReadInput): boolean {
  for (const name of OVERRIDES) if (input[name] !== undefined) return true;
  return false;
}

function overridden(input: ReadInput): Output | undefined {
  if (!isOverridden(input)) return undefined;
  const headers = {
    CacheControl: input.ResponseCacheControl,
    ContentDisposition: input.ResponseContentDisposition,
    ContentEncoding: input.ResponseContentEncoding,
    ContentLanguage: input.ResponseContentLanguage,
    ContentType: input.ResponseContentType,
    ExpiresString: input.ResponseExpires?.toUTCString(),
  };
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}

function describe(s3: S3Context, call: S3Call, input: ReadInput, reading: Reading): Output {
  const { opened, range, part } = reading;
  const { bucket, version } = opened;
  const { description, size } = version;
  return {
    AcceptRanges: "bytes",
    ...headerOutput(description),
    ...overridden(input),
    ContentLength: range === undefined ? (part?.size ?? size) : range.end - range.start + 1,
    ContentRange: range && contentRange(range, size),
    ETag: `"${version.etag}"`,
    LastModified: version.createdAt,
    VersionId: versionIdOutput(bucket, version),
    ...encryptionHeaders(description.encryption),
    ...checksums(input, reading),
    StorageClass:
      version.storageClass === "STANDARD" ? undefined : (version.storageClass as Output["StorageClass"]),
    Restore: restoreHeader(version, call.now),
    Expiration: input.VersionId === undefined ? expirationHeader(bucket, version, s3.clock) : undefined,
    PartsCount: part !== undefined && version.partCount > 0 ? version.partCount : undefined,
    ...lockOutput(s3, call, opened),
    TagCount: tagCount(s3, call, opened),
  };
}

/** Of a whole object, or of a whole part: no client could compare that of a range with anything. */
function checksums(input: ReadInput, { opened, range, part }: Reading): Output | undefined {
  if (input.ChecksumMode !== "ENABLED") return undefined;
  const { checksum } = opened.version.description;
  if (part !== undefined && opened.version.partCount > 0)
    return { ...partChecksumOutput(part.checksums), ChecksumType: checksum?.type };
  return range === undefined || part !== undefined ? checksumOutput(checksum) : {};
}

function lockOutput(s3: S3Context, call: S3Call, opened: OpenedVersion): Output | undefined {
  const { retention, legalHoldStatus } = opened.version;
  if (retention === undefined && legalHoldStatus === undefined) return undefined;
  return {
    ...(retention !== undefined &&
      mayOn(s3, call, opened, "s3:GetObjectRetention") && {
        ObjectLockMode: retention.mode,
        ObjectLockRetainUntilDate: retention.until,
      }),
    ...(legalHoldStatus !== undefined &&
      mayOn(s3, call, opened, "s3:GetObjectLegalHold") && { ObjectLockLegalHoldStatus: legalHoldStatus }),
  };
}

function tagCount(s3: S3Context, call: S3Call, opened: OpenedVersion): number | undefined {
  const count = Object.keys(opened.version.tags).length;
  return count > 0 && mayOn(s3, call, opened, "s3:GetObjectTagging") ? count : undefined;
}

/** RFC 9110 section 15.4.5: what a cache renews its copy by. */
function notModifiedHeaders({ bucket, version }: OpenedVersion): Record<string, string> {
  const { headers } = version.description;
  const versionId = versionIdOutput(bucket, version);
  return {
    etag: `"${version.etag}"`,
    "last-modified": version.createdAt.toUTCString(),
    ...(headers["Cache-Control"] !== undefined && { "cache-control": headers["Cache-Control"] }),
    ...(headers["Expires"] !== undefined && { expires: headers["Expires"] }),
    ...(versionId !== undefined && { "x-amz-version-id": versionId }),
  };
}
