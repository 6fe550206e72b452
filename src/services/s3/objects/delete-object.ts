import type { DeleteObjectCommandInput, DeleteObjectCommandOutput } from "@aws-sdk/client-s3";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { bucketInRegion } from "../buckets/open-bucket.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { checkDelete, type DeleteConditions } from "./conditions.ts";
import { createWriteVersions } from "./create-write-versions.ts";
import { causeOf } from "./new-object.ts";
import { checkDeletable } from "./object-lock.ts";
import { authorizeOn, mayOn } from "./read-version.ts";
import { findVersion } from "./version-rows.ts";
import type { WriteCause } from "./write-version.ts";

export async function deleteObject(
  s3: S3Context,
  call: S3Call,
  input: DeleteObjectCommandInput,
): Promise<Omit<DeleteObjectCommandOutput, "$metadata">> {
  const bucket = await bucketInRegion(s3, call, input.Bucket);
  const wanted: Deletion = {
    key: input.Key ?? "",
    versionId: input.VersionId,
    conditions: {
      ifMatch: input.IfMatch,
      ifMatchLastModifiedTime: input.IfMatchLastModifiedTime,
      ifMatchSize: input.IfMatchSize,
    },
  };
  const bypass = input.BypassGovernanceRetention === true;
  const permitted = await permitDeletion(s3, call, bucket, wanted, bypass);
  const { deleteMarker, versionId } = await s3.metadata.write((tx) =>
    deleteOne(tx, s3, bucket, permitted, causeOf(call, "DeleteObject")),
  );
  return { ...(deleteMarker && { DeleteMarker: true }), VersionId: versionId };
}

export interface Deletion {
  readonly key: string;
  /** Undefined: the object; else this version for good. */
  readonly versionId: string | undefined;
  readonly conditions: DeleteConditions;
}

export interface PermittedDeletion extends Deletion {
  /** Governance retention does not hold: asked for, and permitted. */
  readonly bypass: boolean;
}

/** Throws AccessDenied, InvalidArgument (version id). */
export async function permitDeletion(
  s3: S3Context,
  call: S3Call,
  bucket: Bucket,
  wanted: Deletion,
  bypass: boolean,
): Promise<PermittedDeletion> {
  const { key, versionId, conditions } = wanted;
  // Read also where no tag or lock matters: a version id of no form is refused before anything is deleted.
  const version = await findVersion(s3.metadata.reader, bucket, key, versionId);
  const action = versionId === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion";
  authorizeOn(s3, call, bucket, action, key, version, versionId, {
    ...(conditions.ifMatch !== undefined && { "s3:if-match": conditions.ifMatch }),
  });
  const mayBypass =
    bypass && version !== undefined && mayOn(s3, call, { bucket, version }, "s3:BypassGovernanceRetention");
  return { ...wanted, bypass: mayBypass };
}

/** Throws PreconditionFailed, AccessDenied (Object Lock). What is not there is deleted already. */
export async function deleteOne(
  tx: Transaction,
  s3: S3Context,
  bucket: Bucket,
  { key, versionId, conditions, bypass }: PermittedDeletion,
  cause: WriteCause,
): Promise<{ readonly deleteMarker: boolean; readonly versionId: string | undefined }> {
  const versions = createWriteVersions(s3);
  if (versionId === undefined) return versions.deleteCurrent(tx, bucket, key, conditions, cause);
  const version = await findVersion(tx, bucket, key, versionId);
  if (version === undefined) return { deleteMarker: false, versionId };
  checkDelete(conditions, {
    etag: version.etag,
    size: version.size,
    created_at: version.createdAt.getTime(),
  });
  checkDeletable(version, s3.clock.now(), bypass);
  await versions.remove(tx, bucket, version, cause);
  return { deleteMarker: version.deleteMarker, versionId };
}
