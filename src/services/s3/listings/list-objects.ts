/** ListObjects and ListObjectsV2: one walk along the index of what is listed, however many old versions there are. */
import type * as sdk from "@aws-sdk/client-s3";
import { sql } from "kysely";
import { openPageToken, type PageScope, sealPageToken } from "../../../aws/page-token.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { ownerOf } from "../buckets/canonical-id.ts";
import { openBucket } from "../buckets/open-bucket.ts";
import type { S3Call, XmlDocument } from "../call.ts";
import type { S3Context } from "../context.ts";
import { storedKey } from "../object-key.ts";
import {
  commonPrefixElement,
  contentElements,
  LISTED_COLUMNS,
  type ListedVersion,
  ownerElement,
} from "./entries.ts";
import { afterPrefix, isAfter } from "./key-range.ts";
import { leapingKeys } from "./leap.ts";
import { checkEncodingType, invalidArgument, listContext, pageSize } from "./request.ts";
import { type Entry, type Scan, type WalkedPage, walk } from "./walk.ts";
import { type Encode, element, encoder, escapeText, listDocument } from "./xml.ts";

type Input = sdk.ListObjectsRequest | sdk.ListObjectsV2Request;

export async function listObjects(
  s3: S3Context,
  call: S3Call,
  input: sdk.ListObjectsRequest,
): Promise<XmlDocument> {
  const bucket = await openListed(s3, call, input);
  const max = pageSize("max-keys", input.MaxKeys);
  const marker = input.Marker ?? "";
  const page = await walkObjects(s3, bucket, input, marker, max);
  const encode = encoder(input.EncodingType);
  return listDocument(
    "ListBucketResult",
    element("Name", bucket.name),
    // As it came: botocore decodes the prefix of the second version only (ceph/s3-tests, list_prefix_unreadable).
    element("Prefix", input.Prefix ?? ""),
    element("Marker", encode(marker)),
    // Without a delimiter the last key is where to go on, and S3 leaves it out.
    page.truncated && input.Delimiter ? element("NextMarker", encode(nameOf(page.entries.at(-1)))) : "",
    ...commonElements(input, max, page, encode),
    entryElements(page, encode, ownerElement(ownerOf(bucket.account)), wantsRestoreStatus(input)),
  );
}

export async function listObjectsV2(
  s3: S3Context,
  call: S3Call,
  input: sdk.ListObjectsV2Request,
): Promise<XmlDocument> {
  const bucket = await openListed(s3, call, input);
  const max = pageSize("max-keys", input.MaxKeys);
  const key = await s3.secrets.key("page-token");
  const scope: PageScope = {
    operation: "s3:ListObjectsV2",
    account: bucket.account,
    region: bucket.region,
    purpose: bucket.id,
  };
  const token = input.ContinuationToken;
  const position = token ? openPageToken(key, scope, token) : undefined;
  if (token && position === undefined)
    throw invalidArgument("The continuation token provided is incorrect", "continuation-token", token);

  const page = await walkObjects(s3, bucket, input, position ?? input.StartAfter ?? "", max);
  const encode = encoder(input.EncodingType);
  return listDocument(
    "ListBucketResult",
    element("Name", bucket.name),
    element("Prefix", encode(input.Prefix ?? "")),
    element("StartAfter", input.StartAfter && encode(input.StartAfter)),
    element("ContinuationToken", token),
    page.truncated
      ? element("NextContinuationToken", sealPageToken(key, scope, nameOf(page.entries.at(-1))))
      : "",
    element("KeyCount", page.entries.length),
    ...commonElements(input, max, page, encode),
    entryElements(
      page,
      encode,
      input.FetchOwner === true ? ownerElement(ownerOf(bucket.account)) : "",
      wantsRestoreStatus(input),
    ),
  );
}

async function openListed(s3: S3Context, call: S3Call, input: Input): Promise<Bucket> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:ListBucket", listContext(input));
  checkEncodingType(input.EncodingType);
  return bucket;
}

async function walkObjects(
  s3: S3Context,
  bucket: Bucket,
  input: Input,
  marker: string,
  max: number,
): Promise<WalkedPage<ListedVersion>> {
  const prefix = input.Prefix ?? "";
  const from = storedKey(prefix);
  const end = prefix === "" ? undefined : afterPrefix(from);
  const after = storedKey(marker);
  const begin = marker !== "" && !isAfter(from, after) ? ({ after } as const) : ({ at: from } as const);

  const { reader, dialect } = s3.metadata;
  const delimiter = input.Delimiter ?? "";
  const leap = { bucketId: bucket.id, prefix: from, end, delimiter: storedKey(delimiter) };
  const scan: Scan<ListedVersion> = async (position, limit, mayLeap) => {
    let query = reader
      .selectFrom("s3_versions")
      .select(LISTED_COLUMNS)
      .where("bucket_id", "=", bucket.id)
      // As a literal: with a parameter neither database can know that the index of what is listed will do.
      .where("listed", "=", sql.lit(1))
      .orderBy("key")
      .limit(limit);
    const leaping =
      mayLeap && position !== undefined && "at" in position
        ? leapingKeys(dialect, leap, position.at, limit)
        : undefined;
    if (leaping !== undefined) {
      // Apart from the leaping: joined with it, PostgreSQL would rather read all that is listed.
      const keys = (await leaping.execute(reader)).rows.map(({ key }) => key);
      return keys.length === 0 ? [] : query.where("key", "in", keys).execute();
    }
    if (end !== undefined) query = query.where("key", "<", end);
    if (position === undefined)
      query = "after" in begin ? query.where("key", ">", begin.after) : query.where("key", ">=", begin.at);
    else if ("after" in position) query = query.where("key", ">", position.after.key);
    else query = query.where("key", ">=", position.at);
    return query.execute();
  };
  return walk(scan, { prefix, delimiter, marker, max });
}

function commonElements(
  input: Input,
  max: number,
  page: WalkedPage<ListedVersion>,
  encode: Encode,
): readonly string[] {
  return [
    element("MaxKeys", max),
    element("Delimiter", input.Delimiter ? encode(input.Delimiter) : undefined),
    element("EncodingType", input.EncodingType),
    element("IsTruncated", page.truncated),
  ];
}

function entryElements(
  page: WalkedPage<ListedVersion>,
  encode: Encode,
  owner: string,
  restoreStatus: boolean,
): string {
  let elements = "";
  for (const entry of page.entries)
    elements +=
      "commonPrefix" in entry
        ? commonPrefixElement(entry.commonPrefix, encode)
        : `<Contents><Key>${escapeText(encode(entry.key))}</Key>${contentElements(entry.row, owner, restoreStatus)}</Contents>`;
  return elements;
}

function nameOf(entry: Entry<ListedVersion> | undefined): string {
  if (entry === undefined) return "";
  return "commonPrefix" in entry ? entry.commonPrefix : entry.key;
}

function wantsRestoreStatus(input: Input): boolean {
  return input.OptionalObjectAttributes?.includes("RestoreStatus") === true;
}
