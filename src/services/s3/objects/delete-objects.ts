import type {
  _Error,
  DeletedObject,
  DeleteObjectsCommandInput,
  DeleteObjectsCommandOutput,
} from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { malformedXml } from "../buckets/errors.ts";
import { bucketInRegion } from "../buckets/open-bucket.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { type Deletion, deleteOne, type PermittedDeletion, permitDeletion } from "./delete-object.ts";
import { keyTooLong, LONGEST_KEY, noSuchVersion } from "./errors.ts";
import { causeOf } from "./new-object.ts";
import { isVersionId } from "./version-id.ts";
import type { WriteCause } from "./write-version.ts";

const MOST_KEYS = 1_000;
/** Deleted in one transaction: few enough that other writers do not wait long. */
const BATCH = 100;

export async function deleteObjects(
  s3: S3Context,
  call: S3Call,
  input: DeleteObjectsCommandInput,
): Promise<Omit<DeleteObjectsCommandOutput, "$metadata">> {
  const objects = input.Delete?.Objects ?? [];
  if (objects.length === 0 || objects.length > MOST_KEYS) throw malformedXml();
  const wanted = objects.map(({ Key, VersionId, ETag, LastModifiedTime, Size }): Deletion => {
    if (Key === undefined || Key === "") throw malformedXml();
    return {
      key: Key,
      versionId: VersionId === "" ? undefined : VersionId,
      conditions: { ifMatch: ETag, ifMatchLastModifiedTime: LastModifiedTime, ifMatchSize: Size },
    };
  });
  const bucket = await bucketInRegion(s3, call, input.Bucket);
  const cause = causeOf(call, "DeleteObject");
  const bypass = input.BypassGovernanceRetention === true;
  const deleted: DeletedObject[] = [];
  const errors: _Error[] = [];
  const permit = async (one: Deletion): Promise<PermittedDeletion> => {
    // A marker would be made of it. Keys of addresses are the door's to check.
    const size = Buffer.byteLength(one.key);
    if (size > LONGEST_KEY) throw keyTooLong(size);
    // DeleteObject says InvalidArgument to an id of no form, this operation does not.
    if (one.versionId !== undefined && !isVersionId(one.versionId))
      throw noSuchVersion(one.key, one.versionId);
    return permitDeletion(s3, call, bucket, one, bypass);
  };
  for (let from = 0; from < wanted.length; from += BATCH) {
    const permitted: PermittedDeletion[] = [];
    for (const one of wanted.slice(from, from + BATCH)) {
      const result = await attempt(() => permit(one));
      if (result instanceof AwsError) errors.push(errorOf(one, result));
      else permitted.push(result);
    }
    for (const { one, result } of await deleteBatch(s3, bucket, permitted, cause)) {
      if (result instanceof AwsError) errors.push(errorOf(one, result));
      else deleted.push(deletedOf(one, result));
    }
  }
  return { ...(input.Delete?.Quiet !== true && { Deleted: deleted }), Errors: errors };
}

type Outcome = Awaited<ReturnType<typeof deleteOne>>;

/** What one key is refused for leaves the others be. */
async function deleteBatch(
  s3: S3Context,
  bucket: Bucket,
  batch: readonly PermittedDeletion[],
  cause: WriteCause,
): Promise<{ readonly one: Deletion; readonly result: Outcome | AwsError }[]> {
  if (batch.length === 0) return [];
  return s3.metadata.write(async (tx) => {
    const results: { one: Deletion; result: Outcome | AwsError }[] = [];
    for (const one of batch)
      results.push({ one, result: await attempt(() => deleteOne(tx, s3, bucket, one, cause)) });
    return results;
  });
}

/** A refusal as a value. Refusals come before anything of that key is written. */
async function attempt<Result>(work: () => Promise<Result>): Promise<Result | AwsError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AwsError && error.status < 500 && error.name !== "NoSuchBucket") return error;
    throw error;
  }
}

function deletedOf({ key, versionId }: Deletion, outcome: Outcome): DeletedObject {
  return {
    Key: key,
    ...(versionId !== undefined && { VersionId: versionId }),
    ...(outcome.deleteMarker && { DeleteMarker: true, DeleteMarkerVersionId: outcome.versionId }),
  };
}

function errorOf({ key, versionId }: Deletion, { name, message }: AwsError): _Error {
  return {
    Key: key,
    ...(versionId !== undefined && { VersionId: versionId }),
    Code: name,
    Message: message,
  };
}
