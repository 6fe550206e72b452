import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { Bucket, BucketSettings } from "./bucket.ts";
import { noSuchBucket } from "./errors.ts";
import { findBucket } from "./open-bucket.ts";

/** What a change may touch: a configuration, or the bucket's versioning. */
export type BucketChange = Partial<Pick<Bucket, "versioning">> & { readonly settings?: BucketSettings };

/**
 * Reads the bucket again, lets `change` decide on what is there now, and writes it back. `bucket` says which one is
 * meant: one that was deleted and made anew under the same name is another. Throws NoSuchBucket and what `change` throws.
 */
export async function changeBucket(
  tx: Transaction,
  bucket: Pick<Bucket, "id" | "name">,
  change: (current: Bucket) => BucketChange,
): Promise<Bucket> {
  const current = await findBucket(tx, bucket.name);
  if (current.id !== bucket.id) throw noSuchBucket(bucket.name);
  const changed: Bucket = { ...current, ...change(current), revision: current.revision + 1 };
  await tx
    .updateTable("s3_buckets")
    .set({
      versioning: changed.versioning,
      settings: JSON.stringify(changed.settings),
      revision: changed.revision,
    })
    .where("id", "=", current.id)
    .execute();
  return changed;
}

/** The same for what changes configurations only; a member that becomes undefined is unset. */
export async function changeSettings(
  tx: Transaction,
  bucket: Pick<Bucket, "id" | "name">,
  change: (
    settings: BucketSettings,
    current: Bucket,
  ) => { readonly [Name in keyof BucketSettings]: BucketSettings[Name] | undefined },
): Promise<Bucket> {
  return changeBucket(tx, bucket, (current) => ({
    settings: { ...current.settings, ...change(current.settings, current) } as BucketSettings,
  }));
}
