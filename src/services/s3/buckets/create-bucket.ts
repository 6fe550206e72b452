/** CreateBucket (Amazon S3 API Reference), with its rules of locations and of names that are taken. */
import { randomUUID } from "node:crypto";
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import { parseRegion, type Region } from "../../../aws/names.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { type BucketSettings, bucketArn } from "./bucket.ts";
import { checkBucketName } from "./bucket-name.ts";
import { invalidArgument, notImplemented } from "./errors.ts";
import { authorizeAtHome } from "./open-bucket.ts";
import { checkOwnership } from "./ownership-controls.ts";
import { checkTags } from "./tag-set.ts";

const CLOSED: BucketSettings = {
  publicAccessBlock: {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  },
};

const OPEN: BucketSettings = {
  encryption: {
    Rules: [
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
        BucketKeyEnabled: false,
        BlockedEncryptionTypes: { EncryptionType: ["NONE"] },
      },
    ],
  },
};

/** AWS's default quota of general purpose buckets in an account. */
const MOST_BUCKETS = 10_000;

const DEFAULT_REGION = "us-east-1" as Region;

export async function createBucket(
  s3: S3Context,
  call: S3Call,
  input: sdk.CreateBucketCommandInput,
): Promise<Omit<sdk.CreateBucketCommandOutput, "$metadata">> {
  const name = input.Bucket ?? "";
  authorizeAtHome(s3, call, "s3:CreateBucket", bucketArn(name));
  const region = locationOf(call.region, input.CreateBucketConfiguration);
  checkNamespace(call, input, name, region);
  const settings = firstSettings(input, s3.newBuckets);
  const now = call.now.getTime();
  await s3.metadata.write(async (tx) => {
    if (await alreadyOwned(tx, call, name, settings.tags !== undefined)) return;
    await checkQuota(tx, call.account);
    await tx
      .insertInto("s3_buckets")
      .values({
        id: randomUUID(),
        name,
        account: call.account,
        region,
        created_at: now,
        versioning: settings.objectLock === undefined ? "" : "Enabled",
        settings: JSON.stringify(settings),
        revision: 1,
      })
      // Another server may make it at this moment: PostgreSQL then has this transaction run again.
      .onConflict((conflict) => conflict.column("name").doNothing())
      .execute();
  });
  return { Location: `/${name}`, BucketArn: bucketArn(name) };
}

function checkNamespace(
  call: S3Call,
  { BucketNamespace: namespace = "global" }: sdk.CreateBucketCommandInput,
  name: string,
  region: Region,
): void {
  if (namespace !== "global" && namespace !== "account-regional")
    throw invalidArgument("Invalid bucket namespace", "x-amz-bucket-namespace", namespace);
  checkBucketName(name, namespace === "global" ? undefined : { account: call.account, region });
}

/** Throws IllegalLocationConstraintException, InvalidLocationConstraint. */
function locationOf(endpoint: Region, configuration: sdk.CreateBucketConfiguration | undefined): Region {
  if (configuration?.Location !== undefined || configuration?.Bucket !== undefined)
    throw notImplemented("directory buckets");
  const said: string | undefined = configuration?.LocationConstraint;
  if (said === undefined || said === "") {
    if (endpoint === DEFAULT_REGION) return endpoint;
    throw illegalLocation("unspecified");
  }
  const region = said === "EU" ? ("eu-west-1" as Region) : parseRegion(said);
  if (endpoint !== DEFAULT_REGION && region !== endpoint) throw illegalLocation(said);
  if (region === undefined || region === DEFAULT_REGION)
    throw new AwsError("InvalidLocationConstraint", "The specified location-constraint is not valid", {
      members: { LocationConstraint: said.slice(0, 255) },
    });
  return region;
}

function illegalLocation(said: string): AwsError {
  return new AwsError(
    "IllegalLocationConstraintException",
    `The ${said.slice(0, 255)} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  );
}

/**
 * What a new bucket has at AWS: since April 2023 neither ACLs nor public access, and since April 2026 no objects under
 * customers' keys, which is what it means to have no encryption configuration.
 */
function firstSettings(
  input: sdk.CreateBucketCommandInput,
  newBuckets: S3Context["newBuckets"],
): BucketSettings {
  const ownership = checkOwnership(input.ObjectOwnership ?? "BucketOwnerEnforced");
  const grants = [
    input.GrantFullControl,
    input.GrantRead,
    input.GrantReadACP,
    input.GrantWrite,
    input.GrantWriteACP,
  ];
  if ((input.ACL ?? "private") !== "private" || grants.some((grant) => grant !== undefined))
    throw new AwsError(
      "InvalidBucketAclWithObjectOwnership",
      "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    );
  const tags = input.CreateBucketConfiguration?.Tags;
  return {
    ownership,
    ...(newBuckets === "open" ? OPEN : CLOSED),
    ...(tags !== undefined && tags.length > 0 && { tags: checkTags(tags) }),
    ...(input.ObjectLockEnabledForBucket && { objectLock: { ObjectLockEnabled: "Enabled" } }),
  };
}

/**
 * Whether the bucket is there already and the answer is yes nevertheless: in us-east-1, as ever, but for a request with
 * tags, of which nothing would come. Throws BucketAlreadyOwnedByYou, BucketAlreadyExists.
 */
async function alreadyOwned(tx: Transaction, call: S3Call, name: string, tagged: boolean): Promise<boolean> {
  const existing = await tx
    .selectFrom("s3_buckets")
    .select(["account", "region"])
    .where("name", "=", name)
    .executeTakeFirst();
  if (existing === undefined) return false;
  const members = { BucketName: name };
  if (existing.account !== call.account)
    throw new AwsError(
      "BucketAlreadyExists",
      "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
      { status: 409, members },
    );
  if (existing.region === DEFAULT_REGION && call.region === DEFAULT_REGION && !tagged) return true;
  throw new AwsError(
    "BucketAlreadyOwnedByYou",
    "Your previous request to create the named bucket succeeded and you already own it.",
    { status: 409, members },
  );
}

async function checkQuota(tx: Transaction, account: string): Promise<void> {
  const { count } = await tx
    .selectFrom("s3_buckets")
    .select(({ fn }) => fn.countAll<number | string>().as("count"))
    .where("account", "=", account)
    .executeTakeFirstOrThrow();
  if (Number(count) >= MOST_BUCKETS)
    throw new AwsError("TooManyBuckets", "You have attempted to create more buckets than allowed");
}
