import { AwsError } from "../../../aws/errors.ts";
import { type AccountId, parseAccountId, parseRegion, type Region } from "../../../aws/names.ts";
import { BoundedCache } from "../../../bounded-cache.ts";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { type Bucket, type BucketSettings, bucketArn, objectArn } from "./bucket.ts";

/** Parsed settings by their text: asked with every request, changed hardly ever. */
const parsed = new BoundedCache<string, BucketSettings>(1_000);

/** Throws NoSuchBucket. */
export async function findBucket(reader: Reader, name: string | undefined): Promise<Bucket> {
  const row = await reader
    .selectFrom("s3_buckets")
    .selectAll()
    .where("name", "=", name ?? "")
    .executeTakeFirst();
  if (row === undefined)
    throw new AwsError("NoSuchBucket", "The specified bucket does not exist", {
      status: 404,
      members: { BucketName: name ?? "" },
    });
  let settings = parsed.get(row.settings);
  if (settings === undefined) {
    // Written by this room only.
    settings = JSON.parse(row.settings) as BucketSettings;
    parsed.set(row.settings, settings);
  }
  return {
    id: row.id,
    name: row.name,
    account: parseAccountId(row.account) as AccountId,
    region: parseRegion(row.region) as Region,
    createdAt: new Date(row.created_at),
    versioning: row.versioning,
    settings,
    revision: row.revision,
  };
}

/** What S3 adds to a request of IAM: `s3:prefix`, `s3:ExistingObjectTag/team`, ... */
export type AccessContext = Readonly<Record<string, string | readonly string[]>>;

/**
 * The bucket, if the caller may do `action` (`s3:ListBucket`) on it. Throws NoSuchBucket, AccessDenied; also where
 * `x-amz-expected-bucket-owner` names another account.
 */
export async function openBucket(
  s3: S3Context,
  call: S3Call,
  name: string | undefined,
  action: string,
  context: AccessContext = {},
): Promise<Bucket> {
  const bucket = await findBucket(s3.metadata.reader, name);
  authorizeIn(s3, call, bucket, action, bucketArn(bucket.name), context);
  return bucket;
}

/** The same for an object's key. */
export async function openBucketFor(
  s3: S3Context,
  call: S3Call,
  name: string | undefined,
  key: string | undefined,
  action: string,
  context: AccessContext = {},
): Promise<Bucket> {
  const bucket = await findBucket(s3.metadata.reader, name);
  authorizeIn(s3, call, bucket, action, objectArn(bucket.name, key ?? ""), context);
  return bucket;
}

/** Throws AccessDenied unless identity, bucket policy and public access block let the call pass. */
export function authorizeIn(
  s3: S3Context,
  call: S3Call,
  bucket: Bucket,
  action: string,
  resource: string,
  context: AccessContext = {},
): void {
  const expected = call.header("x-amz-expected-bucket-owner");
  if (expected !== undefined && expected !== bucket.account)
    throw new AwsError("AccessDenied", "Access Denied", { status: 403 });
  s3.authorize(call, {
    action,
    resource,
    resourceAccount: bucket.account,
    resourcePolicy: bucket.settings.policy,
    context,
  });
}
