import type { BlobRow } from "./blob-rows.ts";
import { blobOf, readableOf } from "./blob-rows.ts";
import type { Blob } from "./blobs.ts";
import type { BlobsContext } from "./context.ts";
import { BlobDamaged, BlobMissing } from "./errors.ts";
import { errorCode } from "./files.ts";
import { checkPresent } from "./stored-bytes.ts";

/** What the engine tells whoever wants to hear of damage. */
export interface DamageReport {
  readonly kind: "damaged" | "repaired";
  readonly blob: Blob;
  readonly reason: string;
}

/** What a system says of bytes that lie on a bad sector, or where its own checksums say that they are not what was written. */
const BAD_SECTOR: ReadonlySet<string | undefined> = new Set(["EIO", "ENODATA", "EBADMSG", "EUCLEAN"]);

/** Which damage of a blob an error is that came while its bytes were read; undefined for none. */
export function damageOf(error: unknown): Exclude<BlobRow["damage"], ""> | undefined {
  if (error instanceof BlobMissing) return "missing";
  if (error instanceof BlobDamaged) return "altered";
  return BAD_SECTOR.has(errorCode(error)) ? "unreadable" : undefined;
}

/**
 * Notes that a blob's bytes are not what was written: they are not given out any more (but what is unreadable today may be
 * read tomorrow, and in part at once; what is missing is looked for each time), and an upload of the same bytes takes their place. Nothing happens when the error is
 * no damage, when that is known, or the blob has other bytes by now. Returns whether it was news.
 */
export async function quarantine(context: BlobsContext, row: BlobRow, reason: unknown): Promise<boolean> {
  const damage = damageOf(reason);
  if (damage === undefined || !(await mark(context, row, damage))) return false;
  const blob = blobOf(row);
  context.log.error(
    { err: reason, blob: blob.id, sha256: blob.sha256, scope: blob.scope },
    "a blob is damaged",
  );
  context.onDamage({ kind: "damaged", blob, reason: messageOf(reason) });
  return true;
}

/**
 * Whether a blob's bytes can be relied on as far as that is seen without reading them: no damage is known, and they are
 * all there. To be asked before somebody is told that he need not send them again.
 */
export async function bytesAreThere(context: BlobsContext, row: BlobRow): Promise<boolean> {
  if (row.damage === "altered" || row.damage === "unreadable") return false;
  try {
    await checkPresent(context.stores[row.storage_class], await readableOf(context.metadata.reader, row));
    if (row.damage === "missing") await release(context, row, "its bytes are there again");
    return true;
  } catch (error) {
    if (damageOf(error) === undefined) throw error;
    await quarantine(context, row, error);
    return false;
  }
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

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
