import type { Transaction } from "../metadata/metadata.ts";
import { prepareLater, prepareStatement } from "../metadata/prepared-query.ts";
import { BlobMissing } from "./errors.ts";

/** Who keeps which blob alive. A blob nobody keeps is reviewed after the grace period (collect.ts). */

/** Throws BlobMissing when the blob was collected meanwhile. */
export async function addReference(tx: Transaction, blobId: string, referrer: string): Promise<void> {
  const blob = await blobWithId(tx, { blobId });
  if (blob === undefined) throw new BlobMissing(`there is no blob ${blobId}`);
  await insertReference(tx, { blobId, referrer });
}

interface Reference {
  readonly blobId: string;
  readonly referrer: string;
}

const blobWithId = prepareLater((db, { blobId }: { readonly blobId: string }) =>
  db.selectFrom("blobs").select("id").where("id", "=", blobId),
);
const insertReference = prepareStatement((db, { blobId, referrer }: Reference) =>
  db
    .insertInto("blob_references")
    .values({ blob_id: blobId, referrer })
    .onConflict((conflict) => conflict.doNothing()),
);
const deleteReference = prepareStatement((db, { blobId, referrer }: Reference) =>
  db
    .deleteFrom("blob_references")
    .where("blob_id", "=", blobId)
    .where("referrer", "=", referrer)
    .returning("blob_id"),
);
const anyReference = prepareLater((db, { blobId }: { readonly blobId: string }) =>
  db.selectFrom("blob_references").select("referrer").where("blob_id", "=", blobId).limit(1),
);
const insertReview = prepareStatement(
  (db, { blobId, reviewAfter }: { readonly blobId: string; readonly reviewAfter: number }) =>
    db
      .insertInto("blob_reviews")
      .values({ blob_id: blobId, review_after: reviewAfter })
      .onConflict((conflict) => conflict.column("blob_id").doUpdateSet({ review_after: reviewAfter })),
);

export async function removeReference(
  tx: Transaction,
  blobId: string,
  referrer: string,
  reviewAfter: number,
): Promise<void> {
  const deleted = await deleteReference(tx, { blobId, referrer });
  if (deleted.length > 0) await reviewIfUnreferenced(tx, blobId, reviewAfter);
}

export async function reviewIfUnreferenced(
  tx: Transaction,
  blobId: string,
  reviewAfter: number,
): Promise<void> {
  const kept = await anyReference(tx, { blobId });
  if (kept !== undefined) return;
  await insertReview(tx, { blobId, reviewAfter });
}

/** Many at once: below the parameters that one statement may have. */
const A_STATEMENT = 1_000;

/** The same for many blobs of one referrer, in few statements. Throws BlobMissing. */
export async function addReferences(
  tx: Transaction,
  blobIds: readonly string[],
  referrer: string,
): Promise<void> {
  for (const ids of pieces([...new Set(blobIds)])) {
    const blobs = await tx.selectFrom("blobs").select("id").where("id", "in", ids).execute();
    if (blobs.length < ids.length) throw new BlobMissing(`${ids.length - blobs.length} blobs are not there`);
    await tx
      .insertInto("blob_references")
      .values(ids.map((id) => ({ blob_id: id, referrer })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Drops whatever any of the referrers refers to of these blobs. */
export async function removeReferences(
  tx: Transaction,
  blobIds: readonly string[],
  referrers: readonly string[],
  reviewAfter: number,
): Promise<void> {
  const lost = new Set<string>();
  for (const ids of pieces([...new Set(blobIds)])) {
    for (const names of pieces(referrers)) {
      const rows = await tx
        .deleteFrom("blob_references")
        .where("blob_id", "in", ids)
        .where("referrer", "in", names)
        .returning("blob_id")
        .execute();
      for (const { blob_id: id } of rows) lost.add(id);
    }
  }
  for (const ids of pieces([...lost])) {
    const rows = await tx
      .selectFrom("blob_references")
      .select("blob_id")
      .distinct()
      .where("blob_id", "in", ids)
      .execute();
    const kept = new Set(rows.map(({ blob_id: id }) => id));
    const reviews = ids
      .filter((id) => !kept.has(id))
      .map((id) => ({ blob_id: id, review_after: reviewAfter }));
    if (reviews.length === 0) continue;
    await tx
      .insertInto("blob_reviews")
      .values(reviews)
      .onConflict((conflict) => conflict.column("blob_id").doUpdateSet({ review_after: reviewAfter }))
      .execute();
  }
}

function pieces(list: readonly string[]): string[][] {
  const all: string[][] = [];
  for (let from = 0; from < list.length; from += A_STATEMENT) all.push(list.slice(from, from + A_STATEMENT));
  return all;
}
