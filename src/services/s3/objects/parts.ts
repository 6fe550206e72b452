import type { ByteRange } from "../../../storage/blobs/blobs.ts";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import type { S3VersionPartsTable } from "../tables.ts";

/** A part of a version that was uploaded in parts. */
export interface VersionPart {
  readonly partNumber: number;
  /** Where it begins in the object. */
  readonly offset: number;
  readonly size: number;
  readonly blobId: string;
  readonly checksums: Readonly<Record<string, string>>;
}

/** Where bytes of an object lie. */
export type PlacedPart = Pick<VersionPart, "offset" | "size" | "blobId">;

/** In order: all parts of a version, or of those behind a number so many. */
export async function partsOf(
  reader: Reader,
  versionRowId: string,
  page?: { readonly after: number; readonly limit: number },
): Promise<VersionPart[]> {
  let query = reader.selectFrom("s3_version_parts").selectAll().where("version", "=", versionRowId);
  if (page !== undefined) query = query.where("part_number", ">", page.after).limit(page.limit);
  return (await query.orderBy("part_number").execute()).map(partOfRow);
}

export async function findPart(
  reader: Reader,
  versionRowId: string,
  partNumber: number,
): Promise<VersionPart | undefined> {
  const row = await reader
    .selectFrom("s3_version_parts")
    .selectAll()
    .where("version", "=", versionRowId)
    .where("part_number", "=", partNumber)
    .executeTakeFirst();
  return row && partOfRow(row);
}

/** Those that a range touches, in order; all without one. A range of a large object must not cost as much as the whole. */
export async function partsWithin(
  reader: Reader,
  versionRowId: string,
  range: ByteRange | undefined,
): Promise<PlacedPart[]> {
  let query = reader
    .selectFrom("s3_version_parts")
    .select(["offset", "size", "blob_id as blobId"])
    .where("version", "=", versionRowId);
  if (range !== undefined)
    query = query
      .where("offset", "<=", range.end)
      .where((part) => part(part("offset", "+", part.ref("size")), ">", range.start));
  return query.orderBy("part_number").execute();
}

function partOfRow(row: S3VersionPartsTable): VersionPart {
  return {
    partNumber: row.part_number,
    offset: row.offset,
    size: row.size,
    blobId: row.blob_id,
    checksums: JSON.parse(row.checksums) as Record<string, string>,
  };
}
