import { createHmac } from "node:crypto";
import type { PutObjectCommandInput, PutObjectCommandOutput } from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import { BlobTooLarge, BodyBrokenOff } from "../../../storage/blobs/errors.ts";
import type { S3Call, UploadBody } from "../call.ts";
import type { S3Context } from "../context.ts";
import { expirationHeader } from "../lifecycle/headers.ts";
import { storedKey } from "../object-key.ts";
import { checksumOutput } from "./checksum-members.ts";
import { checkWrite, conditionally, type WriteConditions } from "./conditions.ts";
import { createWriteVersions } from "./create-write-versions.ts";
import { askingKms } from "./kms-errors.ts";
import { causeOf, checkKey, openForWriting } from "./new-object.ts";
import { encryptionFor, encryptionHeaders } from "./object-encryption.ts";
import { describeHeaders } from "./object-headers.ts";
import { checkIntegrityOfLocked } from "./object-lock.ts";
import { writtenVersionId } from "./read-version.ts";
import { hashesFor, STANDARD_CHECKSUM, verifyContent } from "./verify-content.ts";
import type { ObjectEncryption } from "./version.ts";
import { findVersionRow } from "./version-rows.ts";

/** What one request may bring. */
export const LARGEST_PUT = 5 * 1024 ** 3;

export async function putObject(
  s3: S3Context,
  call: S3Call,
  input: PutObjectCommandInput,
): Promise<Omit<PutObjectCommandOutput, "$metadata">> {
  const body = bodyOf(call);
  const { bucket, key, storageClass, tags, lock } = await openForWriting(s3, call, input);
  checkKey(key);
  checkIntegrityOfLocked(call, lock, "Put Object");
  const described = describeHeaders(call, input);
  const chosen = await encryptionFor(s3, call, bucket, input);
  const conditions = { ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch };
  await refuseEarly(s3, bucket, key, conditions);
  if (body.length !== undefined && body.length > LARGEST_PUT) throw entityTooLarge(body.length);

  const algorithm = body.algorithm ?? STANDARD_CHECKSUM;
  const take = () =>
    s3.blobs.take(
      body.stream,
      {
        maxSize: LARGEST_PUT,
        signal: call.signal,
        encryption: chosen.encryption,
        hashes: hashesFor(algorithm),
      },
      async (content) => {
        if (body.length !== undefined && content.size !== body.length) throw incompleteBody();
        return {
          checksum: verifyContent(body, algorithm, content.hashes),
          etag: await etagOf(s3, content.hashes.md5, chosen.description),
        };
      },
      (tx, blob, { checksum, etag }) =>
        createWriteVersions(s3).put(
          tx,
          bucket,
          {
            key,
            size: blob.size,
            etag,
            blobId: blob.id,
            parts: [],
            storageClass,
            description: {
              ...described,
              checksum: { ...checksum, type: "FULL_OBJECT" },
              encryption: chosen.description,
            },
            tags,
            ...lock,
          },
          conditions,
          causeOf(call, call.signature?.type === "POST" ? "POST Object" : "PutObject"),
        ),
    );
  const written = await conditionally(conditions, key, () => receiving(take));
  return {
    ETag: `"${written.etag}"`,
    VersionId: writtenVersionId(written),
    Expiration: expirationHeader(bucket, written, s3.clock),
    ...checksumOutput(written.description.checksum),
    ...encryptionHeaders(written.description.encryption, "written"),
  };
}

/** The body of an operation that has one. */
export function bodyOf(call: S3Call): UploadBody {
  if (call.body === undefined) throw new TypeError("the door lends a body to uploads");
  return call.body;
}

/**
 * md5 where the content is not secret from those who may see the etag. Under KMS and customers' keys it is none (API
 * Reference, "ETag"), but the same content under the same key has the same: a part that is sent again is still that part.
 */
export async function etagOf(s3: S3Context, md5: string, { kind, scope }: ObjectEncryption): Promise<string> {
  if (kind === "AES256" || kind === "none") return md5;
  const secret = await s3.secrets.key("s3-etags");
  return createHmac("sha256", secret).update(`${scope} ${md5}`).digest("hex").slice(0, 32);
}

/** Spares a client the upload of what cannot be written; the transaction decides. */
async function refuseEarly(
  s3: S3Context,
  bucket: { readonly id: string },
  key: string,
  conditions: WriteConditions,
): Promise<void> {
  if (conditions.ifMatch === undefined && conditions.ifNoneMatch === undefined) return;
  checkWrite(conditions, key, await findVersionRow(s3.metadata.reader, bucket.id, storedKey(key)));
}

/** Errors of bytes on their way, in S3's words. What the door's stream failed with is the answer. */
export async function receiving<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await askingKms(work);
  } catch (error) {
    if (error instanceof BodyBrokenOff && error.cause instanceof AwsError) throw error.cause;
    if (error instanceof BlobTooLarge) throw entityTooLarge(undefined);
    throw error;
  }
}

export function incompleteBody(): AwsError {
  return new AwsError(
    "IncompleteBody",
    "You did not provide the number of bytes specified by the Content-Length HTTP header.",
  );
}

function entityTooLarge(size: number | undefined): AwsError {
  return new AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", {
    members: { ...(size !== undefined && { ProposedSize: size }), MaxSizeAllowed: LARGEST_PUT },
  });
}
