import type { BlobRow } from "./blob-rows.ts";
import { blobOf } from "./blob-rows.ts";
import type { Blob } from "./blobs.ts";
import type { BlobsContext } from "./context.ts";
import { BlobDamaged, BlobMissing } from "./errors.ts";

/** What the engine tells whoever wants to hear of damage. */
export interface DamageReport {
  readonly kind: "damaged" | "repaired";
  readonly blob: Blob;
  readonly reason: string;
}

export function isDamage(error: unknown): error is BlobDamaged | BlobMissing {
  return error instanceof BlobDamaged || error instanceof BlobMissing;
}

/**
 * Notes that a blob's bytes are not what was written: they are not given out any more, and an upload of the same bytes
 * takes their place. Nothing happens when that is known, or the blob has other bytes by now. Returns whether it was news.
 */
export async function quarantine(context: BlobsContext, row: BlobRow, reason: Error): Promise<boolean> {
  const { numUpdatedRows } = await context.metadata.write((tx) =>
    tx
      .updateTable("blobs")
      .set({ damaged_at: context.clock.now().getTime() })
      .where("id", "=", row.id)
      .where("location", "=", row.location)
      .where("stored_id", row.stored_id === null ? "is" : "=", row.stored_id)
      .where("damaged_at", "=", 0)
      .executeTakeFirst(),
  );
  if (numUpdatedRows === 0n) return false;
  const blob = blobOf(row);
  context.log.error(
    { err: reason, blob: blob.id, sha256: blob.sha256, scope: blob.scope },
    "a blob is damaged",
  );
  context.onDamage({ kind: "damaged", blob, reason: reason.message });
  return true;
}
