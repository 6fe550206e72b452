import type { ObjectDescription } from "../objects/version.ts";
import type { S3VersionsTable } from "../tables.ts";
import { type Encode, element, parent, timestamp } from "./xml.ts";

/** What a list says of a version. */
export type ListedVersion = Pick<
  S3VersionsTable,
  "key" | "size" | "etag" | "storage_class" | "description" | "created_at" | "restored_until"
>;

export const LISTED_COLUMNS = [
  "key",
  "size",
  "etag",
  "storage_class",
  "description",
  "created_at",
  "restored_until",
] as const satisfies readonly (keyof ListedVersion)[];

/** The elements from LastModified on, which objects and versions share. */
export function contentElements(row: ListedVersion, owner: string, restoreStatus: boolean): string {
  const restore = restoreStatus ? restoreElement(row.restored_until) : "";
  return `<LastModified>${timestamp(row.created_at)}</LastModified><ETag>&quot;${row.etag}&quot;</ETag>${checksumElements(row.description)}<Size>${row.size}</Size>${owner}<StorageClass>${row.storage_class}</StorageClass>${restore}`;
}

function checksumElements(description: string): string {
  const [, algorithm, type] = CHECKSUM.exec(description) ?? [];
  if (algorithm !== undefined && type !== undefined)
    return `<ChecksumAlgorithm>${algorithm}</ChecksumAlgorithm><ChecksumType>${type}</ChecksumType>`;
  // Written by this service only.
  const { checksum } = JSON.parse(description) as ObjectDescription;
  if (checksum === undefined) return "";
  return element("ChecksumAlgorithm", checksum.algorithm) + element("ChecksumType", checksum.type);
}

/**
 * A description's checksum as JSON.stringify writes it, found without parsing a thousand descriptions a page. In a
 * text, whatever client wrote it, each quote would have a backslash before it.
 */
const CHECKSUM = /"checksum":\{"algorithm":"([A-Z0-9]+)"(?:,"value":"[^"\\]*")?,"type":"([A-Z_]+)"\}/;

function restoreElement(until: number | null): string {
  if (until === null) return "";
  return parent(
    "RestoreStatus",
    element("IsRestoreInProgress", until === 0),
    element("RestoreExpiryDate", until === 0 ? undefined : timestamp(until)),
  );
}

export function ownerElement(owner: { ID?: string | undefined; DisplayName?: string | undefined }): string {
  return parent("Owner", element("ID", owner.ID), element("DisplayName", owner.DisplayName));
}

export function commonPrefixElement(prefix: string, encode: Encode): string {
  return parent("CommonPrefixes", element("Prefix", encode(prefix)));
}
