import type { Transaction } from "../metadata/metadata.ts";
import { BlobMissing } from "./errors.ts";

/** Who keeps which blob alive. A blob nobody keeps is reviewed after the grace period (collect.ts). */

/** Throws BlobMissing when the blob was collected meanwhile. */
export async function addReference(tx: Transaction, blobId: string, referrer: string): Promise<void> {
  const blob = await tx.selectFrom("blobs").select("id").where("id", "=", blobId).executeTakeFirst();
  if (blob === undefined) throw new BlobMissing(`there is no blob ${blobId}`);
  await tx
    .insertInto("blob_references")
    .values({ blob_id: blobId, referrer })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function removeReference(
  tx: Transaction,
  blobId: string,
  referrer: string,
  reviewAfter: number,
): Promise<void> {
  const { numDeletedRows } = await tx
    .deleteFrom("blob_references")
    .where("blob_id", "=", blobId)
    .where("referrer", "=", referrer)
    .executeTakeFirst();
  if (numDeletedRows > 0n) await reviewIfUnreferenced(tx, blobId, reviewAfter);
}

export async function reviewIfUnreferenced(
  tx: Transaction,
  blobId: string,
  reviewAfter: number,
): Promise<void> {
  const kept = await tx
    .selectFrom("blob_references")
    .select("referrer")
    .where("blob_id", "=", blobId)
    .limit(1)
    .executeTakeFirst();
  if (kept !== undefined) return;
  await tx
    .insertInto("blob_reviews")
    .values({ blob_id: blobId, review_after: reviewAfter })
    .onConflict((conflict) => conflict.column("blob_id").doUpdateSet({ review_after: reviewAfter }))
    .execute();
}
