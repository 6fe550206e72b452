import type { Reader } from "../../../storage/metadata/metadata.ts";

/** A part of a version that was uploaded in parts. */
export interface VersionPart {
  readonly partNumber: number;
  /** Where it begins in the object. */
  readonly offset: number;
  readonly size: number;
  readonly blobId: string;
  readonly checksums: Readonly<Record<string, string>>;
}

/** All parts of a version, in order. */
export async function partsOf(reader: Reader, versionRowId: string): Promise<VersionPart[]> {
  const rows = await reader
    .selectFrom("s3_version_parts")
    .select(["part_number", "offset", "size", "blob_id", "checksums"])
    .where("version", "=", versionRowId)
    .orderBy("part_number")
    .execute();
  return rows.map((row) => ({
    partNumber: row.part_number,
    offset: row.offset,
    size: row.size,
    blobId: row.blob_id,
    checksums: JSON.parse(row.checksums) as Record<string, string>,
  }));
}
