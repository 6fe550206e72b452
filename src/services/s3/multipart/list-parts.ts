import type { ListPartsCommandInput } from "@aws-sdk/client-s3";
import { ownerOf } from "../buckets/canonical-id.ts";
import { openBucketFor } from "../buckets/open-bucket.ts";
import { type S3Call, XmlDocument } from "../call.ts";
import { CHECKSUM_ALGORITHMS, checksumMember } from "../checksums/checksums.ts";
import type { S3Context } from "../context.ts";
import { abortRule } from "../lifecycle/headers.ts";
import { ownerElement } from "../listings/entries.ts";
import { invalidArgument, pageSize } from "../listings/request.ts";
import { element, listDocument, parent, timestamp } from "../listings/xml.ts";
import { findUpload, type StoredPart, storedPartOf } from "./uploads.ts";

export async function listParts(
  s3: S3Context,
  call: S3Call,
  input: ListPartsCommandInput,
): Promise<XmlDocument> {
  const bucket = await openBucketFor(s3, call, input.Bucket, input.Key, "s3:ListMultipartUploadParts");
  const max = pageSize("max-parts", input.MaxParts);
  const marker = markerOf(input.PartNumberMarker);
  const upload = await findUpload(s3.metadata.reader, bucket, input.Key, input.UploadId);
  const rows = await s3.metadata.reader
    .selectFrom("s3_upload_parts")
    .selectAll()
    .where("upload_id", "=", upload.id)
    .where("part_number", ">", marker)
    .orderBy("part_number")
    .limit(max + 1)
    .execute();
  const parts = rows.slice(0, max).map(storedPartOf);
  const truncated = max > 0 && rows.length > max;
  const { checksum } = upload.description;
  const { ID, DisplayName } = ownerOf(bucket.account);
  const document = listDocument(
    "ListPartsResult",
    element("Bucket", bucket.name),
    element("Key", upload.key),
    element("UploadId", upload.id),
    parent("Initiator", element("ID", ID), element("DisplayName", DisplayName)),
    ownerElement({ ID, DisplayName }),
    element("StorageClass", upload.storageClass),
    element("PartNumberMarker", marker),
    element("NextPartNumberMarker", parts.at(-1)?.partNumber ?? (truncated ? marker : 0)),
    element("MaxParts", max),
    element("IsTruncated", truncated),
    element("ChecksumAlgorithm", checksum?.algorithm),
    element("ChecksumType", checksum?.type),
    ...parts.map((part) => partElement(part, checksum?.algorithm)),
  );
  const rule = abortRule(bucket, upload, s3.clock);
  if (rule === undefined) return document;
  return new XmlDocument(document.xml, {
    "x-amz-abort-date": rule.abortDate.toUTCString(),
    "x-amz-abort-rule-id": rule.abortRuleId,
  });
}

function partElement(part: StoredPart, algorithm: string | undefined): string {
  return parent(
    "Part",
    element("PartNumber", part.partNumber),
    element("LastModified", timestamp(part.updatedAt)),
    element("ETag", `"${part.etag}"`),
    element("Size", part.size),
    ...CHECKSUM_ALGORITHMS.filter((one) => one === algorithm).map((one) =>
      element(checksumMember(one), part.checksums[one]),
    ),
  );
}

/** Throws InvalidArgument. */
function markerOf(text: string | undefined): number {
  if (text === undefined || text === "") return 0;
  const marker = Number(text);
  if (!/^\d{1,10}$/.test(text) || marker > 2 ** 31 - 1)
    throw invalidArgument(
      "Argument part-number-marker must be an integer between 0 and 2147483647",
      "part-number-marker",
      text,
    );
  return marker;
}
