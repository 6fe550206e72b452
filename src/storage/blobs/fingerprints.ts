/**
 * What can be told of sealed bytes without their key: whether they are what they were. When such a blob is read for the
 * first time, a hash of what the store has is kept; every later reading is compared with it.
 */
import type { BlobRow } from "./blob-rows.ts";
import { readableOf } from "./blob-rows.ts";
import type { BlobsContext } from "./context.ts";
import { BlobDamaged } from "./errors.ts";
import type { Pace } from "./pace.ts";
import { openBytes } from "./stored-bytes.ts";
import { UploadHash } from "./upload-hash.ts";

/** Undefined when they are, or reading stopped. Throws what reading says. */
export async function compareFingerprint(
  context: BlobsContext,
  row: BlobRow,
  pace: Pace,
): Promise<BlobDamaged | "first look" | undefined> {
  // Only its key tells whether it is whole again: what was read first may have been altered by then.
  if (row.damage === "altered") return new BlobDamaged(`blob ${row.id} is known to be damaged`);
  const { metadata, stores } = context;
  const bytes = await readableOf(metadata.reader, row);
  // Read as if they were plain and hot: as the store has them.
  const stored = { ...bytes, size: bytes.storedSize, storageClass: "hot" as const };
  const actual = await hashAtPace(
    await openBytes(stores[row.storage_class], stored, undefined, undefined),
    pace,
  );
  if (actual === undefined) return undefined;
  const before = await metadata.reader
    .selectFrom("blob_fingerprints")
    .select(["stored_id", "sha256"])
    .where("blob_id", "=", row.id)
    .executeTakeFirst();
  if (before?.stored_id !== bytes.uploadId) {
    const kept = { stored_id: bytes.uploadId, sha256: actual };
    await metadata.write((tx) =>
      tx
        .insertInto("blob_fingerprints")
        .values({ blob_id: row.id, ...kept })
        .onConflict((conflict) => conflict.column("blob_id").doUpdateSet(kept))
        .execute(),
    );
    return "first look";
  }
  return before.sha256 === actual
    ? undefined
    : new BlobDamaged(`what is stored has the digest ${actual}, not ${before.sha256} as before`);
}

/** Undefined when reading stopped, or the hashing thread has died. */
export async function hashAtPace(bytes: AsyncIterable<Uint8Array>, pace: Pace): Promise<string | undefined> {
  const hash = new UploadHash(["sha256"]);
  for await (const chunk of bytes) {
    await hash.update(chunk);
    await pace.spend(chunk.length);
    if (pace.stopped) return undefined;
  }
  await hash.settled();
  return hash.digest("sha256");
}
