import type * as sdk from "@aws-sdk/client-s3";
import { openPageToken, type PageScope, sealPageToken } from "../../../aws/page-token.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { bucketArn } from "./bucket.ts";
import { ownerOf } from "./canonical-id.ts";
import { invalidArgument } from "./errors.ts";
import { authorizeAtHome } from "./open-bucket.ts";

const MOST = 10_000;

/** The caller's buckets of all regions, by name. */
export async function listBuckets(
  s3: S3Context,
  call: S3Call,
  input: sdk.ListBucketsCommandInput,
): Promise<Omit<sdk.ListBucketsCommandOutput, "$metadata">> {
  authorizeAtHome(s3, call, "s3:ListAllMyBuckets", "*");
  const { Prefix: prefix = "", BucketRegion: region, MaxBuckets: most = MOST } = input;
  if (most < 1 || most > MOST)
    throw invalidArgument(
      `Argument max-buckets must be an integer between 1 and ${MOST}`,
      "max-buckets",
      String(most),
    );
  const scope = scopeOf(call, prefix, region);
  // No name and no region has a zero, and PostgreSQL would refuse to look for one.
  if (`${prefix}${region}`.includes("\0")) return { Owner: ownerOf(call.account), Buckets: [] };
  const rows = await s3.metadata.reader
    .selectFrom("s3_buckets")
    .select(["name", "region", "created_at"])
    .where("account", "=", call.account)
    .where("name", ">=", prefix)
    .where("name", "<", `${prefix}\u{10ffff}`)
    .where("name", ">", await positionOf(s3, scope, input.ContinuationToken))
    .$if(region !== undefined, (query) => query.where("region", "=", region ?? ""))
    .orderBy("name")
    .limit(most + 1)
    .execute();
  const page = rows.slice(0, most);
  const last = page.at(-1);
  return {
    Owner: ownerOf(call.account),
    Buckets: page.map((row) => ({
      Name: row.name,
      CreationDate: new Date(row.created_at),
      BucketRegion: row.region,
      BucketArn: bucketArn(row.name),
    })),
    ...(input.Prefix !== undefined && { Prefix: input.Prefix }),
    ...(rows.length > most &&
      last !== undefined && {
        ContinuationToken: sealPageToken(await s3.secrets.key("page-token"), scope, last.name),
      }),
  };
}

/** A token is good for the same listing only. */
function scopeOf(call: S3Call, prefix: string, region: string | undefined): PageScope {
  return {
    operation: "s3:ListBuckets",
    account: call.account,
    region: call.region,
    purpose: JSON.stringify([prefix, region ?? ""]),
  };
}

async function positionOf(s3: S3Context, scope: PageScope, token: string | undefined): Promise<string> {
  if (token === undefined || token === "") return "";
  const position = openPageToken(await s3.secrets.key("page-token"), scope, token);
  if (position === undefined)
    throw invalidArgument(
      "The continuation token provided is incorrect",
      "continuation-token",
      token.slice(0, 1024),
    );
  return position;
}
