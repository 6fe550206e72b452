/** ListObjectVersions: versions and delete markers as they lie in their index, newest first within a key. */
import type * as sdk from "@aws-sdk/client-s3";
import { sql } from "kysely";
import { ownerOf } from "../buckets/canonical-id.ts";
import { openBucket } from "../buckets/open-bucket.ts";
import type { S3Call, XmlDocument } from "../call.ts";
import type { S3Context } from "../context.ts";
import { storedKey } from "../object-key.ts";
import { NULL_VERSION, rankOfVersionId } from "../objects/version-id.ts";
import { findVersionRow } from "../objects/version-rows.ts";
import type { S3VersionsTable } from "../tables.ts";
import {
  commonPrefixElement,
  contentElements,
  LISTED_COLUMNS,
  type ListedVersion,
  ownerElement,
} from "./entries.ts";
import { afterPrefix, isAfter } from "./key-range.ts";
import { checkEncodingType, invalidArgument, listContext, pageSize } from "./request.ts";
import { type Entry, type Scan, walk } from "./walk.ts";
import { type Encode, element, encoder, listDocument, parent, timestamp } from "./xml.ts";

type VersionEntry = ListedVersion &
  Pick<S3VersionsTable, "rank" | "version_id" | "delete_marker" | "noncurrent_since">;

export async function listObjectVersions(
  s3: S3Context,
  call: S3Call,
  input: sdk.ListObjectVersionsRequest,
): Promise<XmlDocument> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:ListBucketVersions", listContext(input));
  checkEncodingType(input.EncodingType);
  const max = pageSize("max-keys", input.MaxKeys);
  const prefix = input.Prefix ?? "";
  const marker = input.KeyMarker ?? "";
  const begin = await beginning(s3, bucket.id, input);
  const end = prefix === "" ? undefined : afterPrefix(storedKey(prefix));

  const scan: Scan<VersionEntry> = (position, limit) => {
    let query = s3.metadata.reader
      .selectFrom("s3_versions")
      .select([...LISTED_COLUMNS, "rank", "version_id", "delete_marker", "noncurrent_since"])
      .where("bucket_id", "=", bucket.id)
      .orderBy("key")
      .orderBy("rank")
      .limit(limit);
    if (end !== undefined) query = query.where("key", "<", end);
    const from = position ?? begin;
    if ("at" in from) return query.where("key", ">=", from.at).execute();
    const { key, rank } = from.after;
    return query.where(sql<boolean>`(${sql.ref("key")}, ${sql.ref("rank")}) > (${key}, ${rank})`).execute();
  };
  const page = await walk(scan, { prefix, delimiter: input.Delimiter ?? "", marker, max });

  const encode = encoder(input.EncodingType);
  const owner = ownerElement(ownerOf(bucket.account));
  const restoreStatus = input.OptionalObjectAttributes?.includes("RestoreStatus") === true;
  return listDocument(
    "ListVersionsResult",
    element("Name", bucket.name),
    element("Prefix", encode(prefix)),
    element("KeyMarker", encode(marker)),
    element("VersionIdMarker", input.VersionIdMarker ?? ""),
    page.truncated ? nextMarkers(page.entries.at(-1), encode) : "",
    element("MaxKeys", max),
    element("Delimiter", input.Delimiter ? encode(input.Delimiter) : undefined),
    element("EncodingType", input.EncodingType),
    element("IsTruncated", page.truncated),
    ...page.entries.map((entry) =>
      "commonPrefix" in entry
        ? commonPrefixElement(entry.commonPrefix, encode)
        : versionElement(entry.key, entry.row, encode, owner, restoreStatus),
    ),
  );
}

type Beginning =
  | { readonly at: string }
  | { readonly after: { readonly key: string; readonly rank: number } };

/** Behind all versions of the key marker, or behind the one of them that the version marker names. */
async function beginning(
  s3: S3Context,
  bucketId: string,
  input: sdk.ListObjectVersionsRequest,
): Promise<Beginning> {
  const prefix = storedKey(input.Prefix ?? "");
  const { KeyMarker: marker, VersionIdMarker: versionId } = input;
  if (versionId && !marker)
    throw invalidArgument(
      "A version-id marker cannot be specified without a key marker.",
      "version-id-marker",
      versionId,
    );
  const rank = versionId ? await rankOf(s3, bucketId, marker ?? "", versionId) : BEHIND_ALL;
  const key = storedKey(marker ?? "");
  return !marker || isAfter(prefix, key) ? { at: prefix } : { after: { key, rank } };
}

const BEHIND_ALL = Number.MAX_SAFE_INTEGER;
const BEFORE_ALL = -1;

/** A version id tells its rank also when the version is gone; where a null version is gone, its key is begun anew. */
async function rankOf(s3: S3Context, bucketId: string, key: string, versionId: string): Promise<number> {
  if (versionId === NULL_VERSION) {
    const row = await findVersionRow(s3.metadata.reader, bucketId, storedKey(key), NULL_VERSION);
    return row?.rank ?? BEFORE_ALL;
  }
  const rank = rankOfVersionId(versionId);
  if (rank === undefined)
    throw invalidArgument("Invalid version id specified", "version-id-marker", versionId);
  return rank;
}

function nextMarkers(last: Entry<VersionEntry> | undefined, encode: Encode): string {
  if (last === undefined) return "";
  if ("commonPrefix" in last) return element("NextKeyMarker", encode(last.commonPrefix));
  return element("NextKeyMarker", encode(last.key)) + element("NextVersionIdMarker", last.row.version_id);
}

function versionElement(
  key: string,
  row: VersionEntry,
  encode: Encode,
  owner: string,
  restoreStatus: boolean,
): string {
  const name =
    element("Key", encode(key)) +
    element("VersionId", row.version_id) +
    element("IsLatest", row.noncurrent_since === null);
  return row.delete_marker === 1
    ? parent("DeleteMarker", name, element("LastModified", timestamp(row.created_at)), owner)
    : parent("Version", name, contentElements(row, owner, restoreStatus));
}
