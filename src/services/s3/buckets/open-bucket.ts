import type { Selectable } from "kysely";
import { AwsError } from "../../../aws/errors.ts";
import { type AccountId, parseAccountId, parseRegion, type Region } from "../../../aws/names.ts";
import { BoundedCache } from "../../../bounded-cache.ts";
import { AccessDenied } from "../../../identity/authorize.ts";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import { prepareLater } from "../../../storage/metadata/prepared-query.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import type { S3BucketsTable } from "../tables.ts";
import { type Bucket, type BucketSettings, bucketArn, objectArn } from "./bucket.ts";
import { checkRegion } from "./bucket-region.ts";
import { accessDenied, noSuchBucket } from "./errors.ts";
import { publicPolicy } from "./public-policy.ts";
import { type AccessContext, requestConditions } from "./request-conditions.ts";

export type { AccessContext } from "./request-conditions.ts";

/**
 * Parsed settings by their text: asked with every request, changed hardly ever. Of long ones (a thousand lifecycle
 * rules) only a few are kept, so that nobody fills the memory with them.
 */
const parsed = new BoundedCache<string, BucketSettings>(1_000);
const parsedLong = new BoundedCache<string, BucketSettings>(16);
const LONG = 16_384;

/** Throws NoSuchBucket. */
export async function findBucket(reader: Reader, name: string | undefined): Promise<Bucket> {
  // PostgreSQL would refuse to look for it.
  if (name?.includes("\0")) throw noSuchBucket(name);
  const row = await bucketNamed(reader, { name: name ?? "" });
  if (row === undefined) throw noSuchBucket(name ?? "");
  return fromRow(row);
}

/** What every request asks. */
const bucketNamed = prepareLater((reader, { name }: { readonly name: string }) =>
  reader.selectFrom("s3_buckets").selectAll().where("name", "=", name),
);

/** For what runs in the background: the bucket that a row belongs to, unless it was deleted. */
export async function findBucketById(reader: Reader, id: string): Promise<Bucket | undefined> {
  const row = await reader.selectFrom("s3_buckets").selectAll().where("id", "=", id).executeTakeFirst();
  return row && fromRow(row);
}

function fromRow(row: Selectable<S3BucketsTable>): Bucket {
  const known = row.settings.length > LONG ? parsedLong : parsed;
  let settings = known.get(row.settings);
  if (settings === undefined) {
    // Written by this room only.
    settings = JSON.parse(row.settings) as BucketSettings;
    known.set(row.settings, settings);
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

/** The bucket that a call is about: in its own region, unlike a copy's source. Throws NoSuchBucket, AuthorizationHeaderMalformed. */
export async function bucketInRegion(s3: S3Context, call: S3Call, name: string | undefined): Promise<Bucket> {
  const bucket = await findBucket(s3.metadata.reader, name);
  checkRegion(call, bucket);
  return bucket;
}

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
  // Who looks for the region is answered everywhere.
  const bucket = await (action === "s3:GetBucketLocation"
    ? findBucket(s3.metadata.reader, name)
    : bucketInRegion(s3, call, name));
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
  const bucket = await bucketInRegion(s3, call, name);
  authorizeIn(s3, call, bucket, action, objectArn(bucket.name, key ?? ""), context);
  return bucket;
}

/** The root of a bucket's account gets at its policy whatever that says: nobody locks himself out. */
const NEVER_LOCKED: ReadonlySet<string> = new Set([
  "s3:GetBucketPolicy",
  "s3:PutBucketPolicy",
  "s3:DeleteBucketPolicy",
]);

/**
 * Throws AccessDenied unless identity, bucket policy and public access block let the call pass. Conditions that follow
 * from the request are added here; `context` has what only the operation knows: listing, version, tags.
 */
export function authorizeIn(
  s3: S3Context,
  call: S3Call,
  bucket: Bucket,
  action: string,
  resource: string,
  context: AccessContext = {},
): void {
  checkExpectedOwner(bucket, call.header("x-amz-expected-bucket-owner"));
  const { policy, publicAccessBlock } = bucket.settings;
  const atHome = call.principal.kind !== "anonymous" && call.principal.account === bucket.account;
  const ownRoot = atHome && call.principal.kind === "root";
  if (ownRoot && (policy === undefined || NEVER_LOCKED.has(action))) return;
  if (!atHome && policy !== undefined && publicAccessBlock?.RestrictPublicBuckets && publicPolicy(policy))
    throw accessDenied();
  if (!atHome && bucket.settings.requestPayment === "Requester" && !offersToPay(call)) throw accessDenied();
  try {
    s3.authorize(call, {
      action,
      resource,
      resourceAccount: bucket.account,
      resourcePolicy: policy,
      context: { "s3:ResourceAccount": bucket.account, ...requestConditions(call), ...context },
    });
  } catch (error) {
    if (!(error instanceof AccessDenied)) throw error;
    // S3 says why only to callers of the bucket's own account (User Guide, "Troubleshoot access denied errors").
    throw accessDenied(atHome ? deniedText(call, action, resource, error) : undefined);
  }
}

/** Throws AccessDenied where the caller takes the bucket for another account's. */
function checkExpectedOwner(bucket: Bucket, expected: string | undefined): void {
  if (expected === undefined || expected === bucket.account) return;
  if (parseAccountId(expected) !== undefined) throw accessDenied();
  throw new AwsError(
    "InvalidBucketOwnerAWSAccountID",
    `The value of the expected bucket owner parameter must be an AWS Account ID... [${expected.slice(0, 64)}]`,
  );
}

/** For what is about the caller's own account and no bucket that is there. Throws AccessDenied. */
export function authorizeAtHome(s3: S3Context, call: S3Call, action: string, resource: string): void {
  if (call.principal.kind === "anonymous") throw accessDenied();
  const context = requestConditions(call);
  s3.authorize(call, { action, resource, resourceAccount: call.account, context });
}

/** Amazon S3 User Guide, "Using Requester Pays buckets": who is not the owner says that he pays; nobody cannot. */
function offersToPay(call: S3Call): boolean {
  return call.principal.kind !== "anonymous" && call.header("x-amz-request-payer") === "requester";
}

/** Whether `authorizeIn` would let the call pass. */
export function isAllowed(
  s3: S3Context,
  call: S3Call,
  bucket: Bucket,
  action: string,
  resource: string,
  context: AccessContext = {},
): boolean {
  try {
    authorizeIn(s3, call, bucket, action, resource, context);
    return true;
  } catch (error) {
    if (error instanceof AwsError && error.name === "AccessDenied") return false;
    throw error;
  }
}

/**
 * To be called before a missing key is reported: who may not list the bucket is not told that it is missing
 * (GetObject, "Permissions"). Throws AccessDenied.
 */
export function authorizeMissing(s3: S3Context, call: S3Call, bucket: Bucket, key: string): void {
  authorizeIn(s3, call, bucket, "s3:ListBucket", bucketArn(bucket.name), { "s3:prefix": key });
}

function deniedText(call: S3Call, action: string, resource: string, { decision }: AccessDenied): string {
  const because =
    decision.reason === "explicit-deny"
      ? `with an explicit deny in ${decision.side === "identity" ? "an identity" : "a resource"}-based policy`
      : `because no ${decision.side}-based policy allows the ${action} action`;
  return `User: ${call.principal.arn} is not authorized to perform: ${action} on resource: "${resource}" ${because}`;
}
