import type { ListMultipartUploadsCommandInput } from "@aws-sdk/client-s3";
import { sql } from "kysely";
import { ownerOf } from "../buckets/canonical-id.ts";
import { openBucket } from "../buckets/open-bucket.ts";
import type { S3Call, XmlDocument } from "../call.ts";
import type { S3Context } from "../context.ts";
import { commonPrefixElement, ownerElement } from "../listings/entries.ts";
import { afterPrefix, isAfter } from "../listings/key-range.ts";
import { checkEncodingType, invalidArgument, listContext, pageSize } from "../listings/request.ts";
import { type Entry, type Scan, walk } from "../listings/walk.ts";
import { type Encode, element, encoder, listDocument, parent, timestamp } from "../listings/xml.ts";
import { storedKey } from "../object-key.ts";
import type { ObjectDescription } from "../objects/version.ts";
import type { S3UploadsTable } from "../tables.ts";
import { timeOfUploadId } from "./upload-id.ts";

type Row = Pick<S3UploadsTable, "id" | "key" | "initiated_at" | "storage_class" | "description">;
type Position = Pick<Row, "key" | "initiated_at" | "id">;

/** In the order of keys, and of their beginning within a key. */
export async function listMultipartUploads(
  s3: S3Context,
  call: S3Call,
  input: ListMultipartUploadsCommandInput,
): Promise<XmlDocument> {
  const bucket = await openBucket(
    s3,
    call,
    input.Bucket,
    "s3:ListBucketMultipartUploads",
    listContext(input),
  );
  checkEncodingType(input.EncodingType);
  const max = pageSize("max-uploads", input.MaxUploads);
  const { Prefix: prefix = "", Delimiter: delimiter = "", KeyMarker: marker = "" } = input;
  const begin = beginning(input);
  const end = prefix === "" ? undefined : afterPrefix(storedKey(prefix));

  const scan: Scan<Row> = (position, limit) => {
    let query = s3.metadata.reader
      .selectFrom("s3_uploads")
      .select(["id", "key", "initiated_at", "storage_class", "description"])
      .where("bucket_id", "=", bucket.id)
      .orderBy("key")
      .orderBy("initiated_at")
      .orderBy("id")
      .limit(limit);
    if (end !== undefined) query = query.where("key", "<", end);
    const from = position ?? begin;
    if ("at" in from) return query.where("key", ">=", from.at).execute();
    const { key, initiated_at: time, id } = from.after;
    const columns = sql`(${sql.ref("key")}, ${sql.ref("initiated_at")}, ${sql.ref("id")})`;
    return query.where(sql<boolean>`${columns} > (${key}, ${time}, ${id})`).execute();
  };
  const page = await walk(scan, { prefix, delimiter, marker, max });

  const encode = encoder(input.EncodingType);
  const owner = ownerOf(bucket.account);
  const owners =
    parent("Initiator", element("ID", owner.ID), element("DisplayName", owner.DisplayName)) +
    ownerElement(owner);
  return listDocument(
    "ListMultipartUploadsResult",
    element("Bucket", bucket.name),
    element("KeyMarker", encode(marker)),
    element("UploadIdMarker", input.UploadIdMarker ?? ""),
    page.truncated ? nextMarkers(page.entries.at(-1), encode) : "",
    element("Prefix", encode(prefix)),
    element("Delimiter", delimiter === "" ? undefined : encode(delimiter)),
    element("EncodingType", input.EncodingType),
    element("MaxUploads", max),
    element("IsTruncated", page.truncated),
    ...page.entries.map((entry) =>
      "commonPrefix" in entry
        ? commonPrefixElement(entry.commonPrefix, encode)
        : uploadElement(entry.key, entry.row, encode, owners),
    ),
  );
}

type Beginning = { readonly at: string } | { readonly after: Position };

/** Behind all uploads of the key marker, or behind the one that the id marker names; alone, that one says nothing. */
function beginning(input: ListMultipartUploadsCommandInput): Beginning {
  const prefix = storedKey(input.Prefix ?? "");
  const { KeyMarker: marker, UploadIdMarker: id } = input;
  if (!marker) return { at: prefix };
  const time = id ? timeOfUploadId(id) : Number.MAX_SAFE_INTEGER;
  if (time === undefined) throw invalidArgument("Invalid uploadId marker", "upload-id-marker", id ?? "");
  const key = storedKey(marker);
  return isAfter(prefix, key) ? { at: prefix } : { after: { key, initiated_at: time, id: id ?? "" } };
}

function nextMarkers(last: Entry<Row> | undefined, encode: Encode): string {
  if (last === undefined) return "";
  if ("commonPrefix" in last) return element("NextKeyMarker", encode(last.commonPrefix));
  return element("NextKeyMarker", encode(last.key)) + element("NextUploadIdMarker", last.row.id);
}

function uploadElement(key: string, row: Row, encode: Encode, owners: string): string {
  // Written by this room only.
  const { checksum } = JSON.parse(row.description) as ObjectDescription;
  return parent(
    "Upload",
    element("Key", encode(key)),
    element("UploadId", row.id),
    owners,
    element("StorageClass", row.storage_class),
    element("Initiated", timestamp(row.initiated_at)),
    element("ChecksumAlgorithm", checksum?.algorithm),
    element("ChecksumType", checksum?.type),
  );
}
