/**
 * CopyObject. A copy is of one piece, whatever its source was: etag and checksum are those of the whole. Where the source
 * is of one piece too and lies under the same key, no byte moves; else the bytes are read and written anew.
 */
import type { CopyObjectCommandInput, CopyObjectCommandOutput } from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { invalidArgument, invalidRequest } from "../buckets/errors.ts";
import { requestTagConditions } from "../buckets/request-conditions.ts";
import type { ChecksumAlgorithm, S3Call } from "../call.ts";
import { checksumOf, HASH_OF } from "../checksums/checksums.ts";
import type { S3Context } from "../context.ts";
import { expirationHeader } from "../lifecycle/headers.ts";
import { checksumOutput } from "./checksum-members.ts";
import { conditionally } from "./conditions.ts";
import { asCallOfSource, type CopySource, openCopySource, parseCopySource } from "./copy-source.ts";
import { createWriteVersions } from "./create-write-versions.ts";
import { causeOf, checkKey, type NewObject, openForWriting } from "./new-object.ts";
import { type ChosenEncryption, encryptionFor, encryptionHeaders } from "./object-encryption.ts";
import { describeHeaders } from "./object-headers.ts";
import { openContent } from "./open-content.ts";
import { etagOf, LARGEST_PUT, receiving } from "./put-object.ts";
import { authorizeOn, versionIdOutput } from "./read-version.ts";
import { hashesFor, STANDARD_CHECKSUM } from "./verify-content.ts";
import type { NewVersion, ObjectDescription, Version } from "./version.ts";

type Directive = "COPY" | "REPLACE";

export async function copyObject(
  s3: S3Context,
  call: S3Call,
  input: CopyObjectCommandInput,
): Promise<Omit<CopyObjectCommandOutput, "$metadata">> {
  const metadata = directive("metadata", input.MetadataDirective);
  const tagging = directive("tagging", input.TaggingDirective);
  const algorithm = checksumAlgorithm(input.ChecksumAlgorithm);
  checkKey(input.Key ?? "");
  // Tags of the header are the copy's only where they replace those of the source.
  const target =
    tagging === "REPLACE"
      ? await openForWriting(s3, call, input)
      : await openForWriting(s3, withoutTags(call), { ...input, Tagging: undefined });
  const source = await openCopySource(s3, call, input);
  if (source.version.size > LARGEST_PUT)
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${LARGEST_PUT}`,
    );
  checkChangesSomething(input, metadata, source, target);
  const tags = tagging === "REPLACE" ? target.tags : copiedTags(s3, call, input, source, target);
  const chosen = await encryptionFor(s3, call, target.bucket, input);
  const { headers, metadata: userMetadata } = source.version.description;
  const asked = describeHeaders(
    call,
    metadata === "REPLACE" ? input : { WebsiteRedirectLocation: input.WebsiteRedirectLocation },
  );
  const copy: Copy = {
    ...target,
    tags,
    encryption: chosen,
    described: metadata === "REPLACE" ? asked : { ...asked, headers, metadata: userMetadata },
    algorithm: algorithm ?? source.version.description.checksum?.algorithm ?? STANDARD_CHECKSUM,
  };
  const conditions = { ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch };
  const write: Write = (tx, content) =>
    createWriteVersions(s3).put(
      tx,
      target.bucket,
      newVersion(copy, content),
      conditions,
      causeOf(call, "CopyObject"),
    );
  const written = await conditionally(conditions, input.Key, () =>
    mayShare(source.version, copy)
      ? share(s3, source.version, write)
      : rewrite(s3, call, source, copy, write),
  );
  return {
    CopyObjectResult: {
      ETag: `"${written.etag}"`,
      LastModified: written.createdAt,
      ...checksumOutput(written.description.checksum),
    },
    CopySourceVersionId: source.versionId,
    // Of a copy S3 says also that it is the null version, where versioning is suspended.
    VersionId: versionIdOutput(target.bucket, written),
    Expiration: expirationHeader(target.bucket, written, s3.clock),
    ...encryptionHeaders(written.description.encryption, "written"),
  };
}

interface Copy extends NewObject {
  readonly encryption: ChosenEncryption;
  readonly described: ReturnType<typeof describeHeaders>;
  readonly algorithm: ChecksumAlgorithm;
}

type Content = Pick<NewVersion, "size" | "etag" | "blobId" | "parts"> & {
  readonly checksum: ObjectDescription["checksum"];
};
type Write = (
  tx: Parameters<Parameters<S3Context["metadata"]["write"]>[0]>[0],
  content: Content,
) => Promise<Version>;

function newVersion(copy: Copy, { checksum, ...content }: Content): NewVersion {
  return {
    ...content,
    key: copy.key,
    storageClass: copy.storageClass,
    description: {
      ...copy.described,
      ...(checksum !== undefined && { checksum }),
      encryption: copy.encryption.description,
    },
    tags: copy.tags,
    ...copy.lock,
  };
}

/** Of a class no blob is: what can be read lies in the hot tier, and archives are moved after the commit. */
function mayShare(source: Version, { encryption, algorithm }: Copy): boolean {
  return (
    source.partCount === 0 &&
    source.description.encryption.scope === encryption.encryption.scope &&
    source.description.checksum?.algorithm === algorithm
  );
}

function share(s3: S3Context, source: Version, write: Write): Promise<Version> {
  const { size, etag, blobId, description } = source;
  return s3.metadata.write((tx) =>
    write(tx, { size, etag, blobId, parts: [], checksum: description.checksum }),
  );
}

async function rewrite(
  s3: S3Context,
  call: S3Call,
  source: CopySource,
  { encryption, algorithm }: Copy,
  write: Write,
): Promise<Version> {
  const bytes = await openContent(s3, source.version, undefined, source.customerKey);
  try {
    return await receiving(() =>
      s3.blobs.take(
        bytes,
        { signal: call.signal, encryption: encryption.encryption, hashes: hashesFor(algorithm) },
        async ({ size, hashes }) => {
          if (size !== source.version.size)
            throw new Error(`a copy of ${source.version.id} has ${size} bytes`);
          return {
            size,
            etag: await etagOf(s3, hashes.md5, encryption.description),
            checksum: {
              algorithm,
              value: checksumOf(algorithm, hashes[HASH_OF[algorithm]]),
              type: "FULL_OBJECT" as const,
            },
          };
        },
        (tx, blob, taken) => write(tx, { ...taken, blobId: blob.id, parts: [] }),
      ),
    );
  } finally {
    bytes.destroy();
  }
}

/** What the copy does not get is none of its policy's business: tags in the header could be made up to please it. */
function withoutTags(call: S3Call): S3Call {
  return { ...call, header: (name) => (name === "x-amz-tagging" ? undefined : call.header(name)) };
}

/** Tags are read from one object and written to another: both have to be permitted. */
function copiedTags(
  s3: S3Context,
  call: S3Call,
  { CopySource: named }: CopyObjectCommandInput,
  { bucket, version }: CopySource,
  target: NewObject,
): Version["tags"] {
  const { tags } = version;
  if (Object.keys(tags).length === 0) return {};
  const { versionId } = parseCopySource(named);
  const read = versionId === undefined ? "s3:GetObjectTagging" : "s3:GetObjectVersionTagging";
  authorizeOn(s3, asCallOfSource(call), bucket, read, version.key, version, versionId);
  const asked = requestTagConditions(tags);
  const write = "s3:PutObjectTagging";
  authorizeOn(s3, withoutTags(call), target.bucket, write, target.key, undefined, undefined, asked);
  return tags;
}

/** An object is not copied onto itself as it is. */
function checkChangesSomething(
  input: CopyObjectCommandInput,
  metadata: Directive,
  source: CopySource,
  target: NewObject,
): void {
  const { version, bucket } = source;
  const itself = bucket.id === target.bucket.id && version.key === target.key;
  if (!itself || version.noncurrentSince !== undefined) return;
  const changes =
    metadata === "REPLACE" ||
    input.StorageClass !== undefined ||
    input.WebsiteRedirectLocation !== undefined ||
    input.ServerSideEncryption !== undefined ||
    input.SSECustomerAlgorithm !== undefined ||
    input.CopySourceSSECustomerAlgorithm !== undefined ||
    input.ChecksumAlgorithm !== undefined ||
    version.description.encryption.kind !== "AES256" ||
    standardAlgorithm(target.bucket) === "aws:kms" ||
    version.restoredUntil !== null;
  if (changes) return;
  throw invalidRequest(
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  );
}

/** What the bucket's encryption configuration says; where that is AES256, it changes nothing. */
function standardAlgorithm({ settings }: Bucket): string | undefined {
  return settings.encryption?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm;
}

function directive(name: "metadata" | "tagging", value: string | undefined): Directive {
  if (value === undefined || value === "COPY") return "COPY";
  if (value === "REPLACE") return value;
  throw invalidArgument(`Unknown ${name} directive.`, `x-amz-${name}-directive`, value);
}

function checksumAlgorithm(name: string | undefined): ChecksumAlgorithm | undefined {
  if (name === undefined) return undefined;
  if (Object.hasOwn(HASH_OF, name)) return name as ChecksumAlgorithm;
  throw new AwsError(
    "InvalidRequest",
    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5, XXHASH64, XXHASH3, XXHASH128]",
  );
}
