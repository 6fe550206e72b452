/** Which versions keep which blobs alive. `s3/<version's id>` refers to its blob, or to those of its parts. */
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { S3Context } from "../context.ts";
import type { NewVersionPart } from "./version.ts";

export function referrerOf(versionRowId: string): string {
  return `s3/${versionRowId}`;
}

/** A statement takes 32,766 parameters, and a part six of them. */
const PARTS_A_STATEMENT = 1_000;

/** Throws BlobMissing when a blob was collected meanwhile. */
export async function keepContent(
  tx: Transaction,
  s3: S3Context,
  id: string,
  blobId: string | undefined,
  parts: readonly NewVersionPart[],
): Promise<void> {
  if (blobId !== undefined) await s3.blobs.reference(tx, blobId, referrerOf(id));
  if (parts.length === 0) return;
  await s3.blobs.referenceAll(
    tx,
    parts.map((part) => part.blobId),
    referrerOf(id),
  );
  let offset = 0;
  const rows = parts.map((part) => {
    const row = {
      version: id,
      part_number: part.partNumber,
      offset,
      size: part.size,
      blob_id: part.blobId,
      checksums: JSON.stringify(part.checksums),
    };
    offset += part.size;
    return row;
  });
  for (let from = 0; from < rows.length; from += PARTS_A_STATEMENT)
    await tx
      .insertInto("s3_version_parts")
      .values(rows.slice(from, from + PARTS_A_STATEMENT))
      .execute();
}

/** The version's row may be gone already. */
export async function releaseContent(
  tx: Transaction,
  s3: S3Context,
  version: { readonly id: string; readonly blob_id: string | null; readonly part_count: number },
): Promise<void> {
  const { id, blob_id: blobId, part_count: partCount } = version;
  if (blobId !== null) await s3.blobs.release(tx, blobId, referrerOf(id));
  if (partCount === 0) return;
  const blobs = await tx
    .selectFrom("s3_version_parts")
    .select("blob_id")
    .distinct()
    .where("version", "=", id)
    .execute();
  await s3.blobs.releaseAll(
    tx,
    blobs.map(({ blob_id: blob }) => blob),
    [referrerOf(id)],
  );
  await tx.deleteFrom("s3_version_parts").where("version", "=", id).execute();
}
