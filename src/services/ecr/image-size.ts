/**
 * imageSizeInBytes of an index: that of its largest child (ECR API reference, ImageDetail), kept true when a missing
 * child arrives.
 */
import type { Transaction } from "../../storage/metadata/metadata.ts";

/** 0 when no child is there yet. */
export async function sizeOfLargestChild(
  tx: Transaction,
  repositoryId: string,
  indexDigest: string,
): Promise<number> {
  const row = await tx
    .selectFrom("ecr_image_children as link")
    .innerJoin("ecr_images as child", (join) =>
      join
        .onRef("child.repository_id", "=", "link.repository_id")
        .onRef("child.digest", "=", "link.child_digest"),
    )
    .select((select) => select.fn.max("child.image_size").as("size"))
    .where("link.repository_id", "=", repositoryId)
    .where("link.image_digest", "=", indexDigest)
    .executeTakeFirst();
  return Number(row?.size ?? 0);
}

/** A new image may be the missing child of a sparse index, and that one of another: their sizes follow. */
export async function refreshParentSizes(
  tx: Transaction,
  repositoryId: string,
  digest: string,
): Promise<void> {
  const seen = new Set([digest]);
  for (const child of seen) {
    const parents = await tx
      .selectFrom("ecr_image_children")
      .select("image_digest")
      .where("repository_id", "=", repositoryId)
      .where("child_digest", "=", child)
      .execute();
    for (const { image_digest: parent } of parents) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      await tx
        .updateTable("ecr_images")
        .set({ image_size: await sizeOfLargestChild(tx, repositoryId, parent) })
        .where("repository_id", "=", repositoryId)
        .where("digest", "=", parent)
        .execute();
    }
  }
}
