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
  const damage = reason instanceof BlobMissing ? "missing" : "altered";
  if (!(await mark(context, row, damage))) return false;
  const blob = blobOf(row);
  context.log.error(
    { err: reason, blob: blob.id, sha256: blob.sha256, scope: blob.scope },
    "a blob is damaged",
  );
  context.onDamage({ kind: "damaged", blob, reason: reason.message });
  return true;
}

/** The opposite: the blob's bytes are what was written after all. */
export async function release(context: BlobsContext, row: BlobRow, reason: string): Promise<void> {
  if (await mark(context, row, "")) reportRepaired(context, blobOf(row), reason);
}

export function reportRepaired(context: BlobsContext, blob: Blob, reason: string): void {
  context.log.warn({ blob: blob.id, sha256: blob.sha256, reason }, "a damaged blob is whole again");
  context.onDamage({ kind: "repaired", blob, reason });
}

/** Unless it is marked so already, or has other bytes by now. */
async function mark(context: BlobsContext, row: BlobRow, damage: BlobRow["damage"]): Promise<boolean> {
  const damagedAt = damage === "" ? 0 : context.clock.now().getTime();
  const { numUpdatedRows } = await context.metadata.write((tx) =>
    tx
      .updateTable("blobs")
      .set({ damaged_at: damagedAt, damage })
      .where("id", "=", row.id)
      .where("location", "=", row.location)
      .where("stored_id", row.stored_id === null ? "is" : "=", row.stored_id)
      .where("damage", damage === "" ? "!=" : "=", "")
      .executeTakeFirst(),
  );
  return numUpdatedRows > 0n;
}
