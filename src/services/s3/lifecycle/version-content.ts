/** The blobs that a version's content lies in, and their exchange for others of the same bytes. */
import type { Blob } from "../../../storage/blobs/blobs.ts";
import { BlobMissing } from "../../../storage/blobs/errors.ts";
import type { Reader, Transaction } from "../../../storage/metadata/metadata.ts";
import type { S3Context } from "../context.ts";
import type { VersionRow } from "../objects/version-rows.ts";

/** The version was deleted or has changed since it was read: there is nothing left to do. */
export class Superseded extends Error {
  override readonly name = "Superseded";
}

export async function findRow(reader: Reader, id: string): Promise<VersionRow | undefined> {
  return reader.selectFrom("s3_versions").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Without repetition: parts of equal bytes share one. */
export async function blobsOf(reader: Reader, row: VersionRow): Promise<string[]> {
  if (row.blob_id !== null) return [row.blob_id];
  const parts = await reader
    .selectFrom("s3_version_parts")
    .select("blob_id")
    .distinct()
    .where("version", "=", row.id)
    .execute();
  return parts.map(({ blob_id }) => blob_id);
}

/**
 * Copies each blob of the version to the other tier and has `exchange` put the copy in its place, blob by blob, so that
 * a job which is run again goes on where it was. What has no other tier stays: content under a customer's key, which
 * this server does not have. Ends quietly where the version has changed meanwhile.
 *
 * @param holds asked again inside each transaction
 */
export async function moveContent(
  s3: S3Context,
  row: VersionRow,
  storageClass: Blob["storageClass"],
  signal: AbortSignal,
  holds: (current: VersionRow) => boolean,
  exchange: (tx: Transaction, from: string, to: string) => Promise<void>,
): Promise<void> {
  for (const blobId of await blobsOf(s3.metadata.reader, row)) {
    signal.throwIfAborted();
    try {
      await s3.blobs.copy({ blobId }, { storageClass }, { signal }, async (tx, copy) => {
        if (copy.id === blobId) return;
        const current = await findRow(tx, row.id);
        if (current === undefined || !holds(current)) throw new Superseded("the version has changed");
        if (!(await blobsOf(tx, current)).includes(blobId)) throw new Superseded("its content has changed");
        await exchange(tx, blobId, copy.id);
      });
    } catch (error) {
      if (error instanceof Superseded) return;
      if (error instanceof BlobMissing && (await findRow(s3.metadata.reader, row.id)) === undefined) return;
      throw error;
    }
  }
}

/** Puts another blob of the same bytes in the place of one; references are the caller's. */
export async function replaceBlob(tx: Transaction, version: string, from: string, to: string): Promise<void> {
  await tx
    .updateTable("s3_versions")
    .set({ blob_id: to })
    .where("id", "=", version)
    .where("blob_id", "=", from)
    .execute();
  await tx
    .updateTable("s3_version_parts")
    .set({ blob_id: to })
    .where("version", "=", version)
    .where("blob_id", "=", from)
    .execute();
}
