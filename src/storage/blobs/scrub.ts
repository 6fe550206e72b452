/**
 * Silent damage is found by reading: in every period each blob is read again and hashed, at a pace that leaves the disk to
 * others. What is damaged is put into quarantine, and repaired from a blob of the same bytes under another key or in the
 * other tier when there is one. What was in quarantine and is whole again (a disk that was not mounted) comes out of it.
 * What was missing is looked for in every round, as that costs no reading, and repairs are tried in every round too: a
 * second copy may have come, and readers find damage between two passes.
 *
 * Without its key (a customer's, one that is disabled) nobody can tell what lies under it, but whether it changes: what
 * the store has is compared with what it was when it was read first (fingerprints.ts).
 *
 * One round is one job; where it stands is a row, so a restart goes on and any server of a cluster can.
 */
import { MetadataUnavailable } from "../metadata/errors.ts";
import { type BlobRow, blobOf, readableOf } from "./blob-rows.ts";
import type { BlobsContext } from "./context.ts";
import { damageOf, quarantine, release } from "./damage.ts";
import { isCustomerScope } from "./data-keys.ts";
import { BlobDamaged, StorageUnavailable } from "./errors.ts";
import { compareFingerprint, hashAtPace } from "./fingerprints.ts";
import type { OneRequestUploads } from "./one-request.ts";
import { Pace } from "./pace.ts";
import { openBlob } from "./read-blob.ts";
import { beginPass, readPass, type ScrubPass, writePass } from "./scrub-pass.ts";
import { checkPresent, openBytes } from "./stored-bytes.ts";

/** A pass begins so many days after the one before began, or when that one ends. */
const PERIOD_DAYS = 7;
const BATCH = 100;
/** After so many bytes it is noted how far the pass is. */
const NOTE_BYTES = 256 * 1024 * 1024;
/** What looking at a blob costs besides its bytes. */
const BLOB_COST_BYTES = 4096;
/** A round that took so long leaves the rest to the next. */
const ROUND_MILLISECONDS = 9 * 60_000;

/** One round, to the end of the pass unless that takes too long or `signal` fires. Resolves to where the pass stands. */
export async function scrub(
  context: BlobsContext,
  uploads: OneRequestUploads,
  signal: AbortSignal,
): Promise<ScrubPass | undefined> {
  if (context.scrubBytesPerSecond === 0) return undefined;
  const now = () => context.clock.now().getTime();
  const pace = new Pace(context.scrubBytesPerSecond, signal);
  await lookAtDamaged(context, uploads, pace);
  let pass = await readPass(context.metadata.reader);
  if (pass === undefined || pass.finishedAt > 0) {
    const due = (pass?.startedAt ?? 0) + PERIOD_DAYS * context.clock.dayMilliseconds;
    if (pass !== undefined && now() < due) return pass;
    pass = beginPass(now());
  }
  const until = performance.now() + ROUND_MILLISECONDS;
  let noted = pass.bytes;
  const note = async (next: ScrubPass) => {
    noted = next.bytes;
    await context.metadata.write((tx) => writePass(tx, next));
  };
  for (;;) {
    const rows = await blobsAfter(context, pass.cursor);
    for (const row of rows) {
      const outcome = await lookedAt<Outcome>(context, row, "skipped", () =>
        scrubOne(context, uploads, row, pace),
      );
      if (signal.aborted) {
        await note(pass);
        return pass;
      }
      pass = {
        ...pass,
        cursor: row.id,
        blobs: pass.blobs + 1,
        bytes: pass.bytes + row.stored_size,
        [outcome]: pass[outcome] + 1,
      };
      if (pass.bytes - noted >= NOTE_BYTES) await note(pass);
      if (performance.now() > until) {
        await note(pass);
        return pass;
      }
    }
    const finished = rows.length < BATCH;
    if (finished) pass = { ...pass, finishedAt: now() };
    await note(pass);
    if (finished) {
      context.log.info(pass, "all blobs were read again");
      return pass;
    }
  }
}

/** So many of a kind a round: of more the next round finds the rest, or the next pass. */
const DAMAGED_A_ROUND = 1000;

async function lookAtDamaged(context: BlobsContext, uploads: OneRequestUploads, pace: Pace): Promise<void> {
  for (const damage of ["missing", "unreadable", "altered"] as const) {
    const rows = await context.metadata.reader
      .selectFrom("blobs")
      .selectAll()
      .where("damaged_at", ">", 0)
      .where("damage", "=", damage)
      .limit(DAMAGED_A_ROUND)
      .execute();
    for (const row of rows) {
      await pace.spend(BLOB_COST_BYTES);
      if (pace.stopped) return;
      await lookedAt(context, row, undefined, async () => {
        if (damage === "missing" && (await isBack(context, row)))
          await release(context, row, "its bytes are there again");
        else await repair(context, uploads, row);
      });
    }
  }
}

/**
 * What cannot be looked at, for whatever reason, is left for the next time: it must not keep those that come after it from
 * being looked at. Throws when store or database are not to be had at all.
 */
async function lookedAt<Result>(
  context: BlobsContext,
  row: BlobRow,
  otherwise: Result,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StorageUnavailable || error instanceof MetadataUnavailable) throw error;
    context.log.error({ err: error, blob: row.id, location: row.location }, "a blob could not be looked at");
    return otherwise;
  }
}

async function isBack(context: BlobsContext, row: BlobRow): Promise<boolean> {
  try {
    const bytes = await readableOf(context.metadata.reader, row);
    await checkPresent(context.stores[row.storage_class], bytes);
    return true;
  } catch (error) {
    if (damageOf(error) === undefined) throw error;
    return false;
  }
}

async function blobsAfter(context: BlobsContext, cursor: string): Promise<readonly BlobRow[]> {
  return context.metadata.reader
    .selectFrom("blobs")
    .selectAll()
    .where("id", ">", cursor)
    .orderBy("id")
    .limit(BATCH)
    .execute();
}

/** Which count of the pass grows. */
type Outcome = "intact" | "skipped" | "damaged" | "repaired";

async function scrubOne(
  context: BlobsContext,
  uploads: OneRequestUploads,
  row: BlobRow,
  pace: Pace,
): Promise<Outcome> {
  await pace.spend(BLOB_COST_BYTES);
  const damage = await look(context, row, pace);
  if (damage === "first look") return "skipped";
  if (damage === undefined) {
    if (row.damaged_at > 0 && !pace.stopped) await release(context, row, "its bytes are whole");
    return "intact";
  }
  if (!(await quarantine(context, row, damage)) && row.damaged_at === 0) return "intact";
  return (await repair(context, uploads, row)) ? "repaired" : "damaged";
}

/** What is wrong with the bytes; undefined when they are what was written, or reading stopped. */
async function look(
  context: BlobsContext,
  row: BlobRow,
  pace: Pace,
): Promise<Error | "first look" | undefined> {
  const dataKey = await keyOf(context, row);
  try {
    return dataKey === "not to be had"
      ? await compareFingerprint(context, row, pace)
      : await findDamage(context, row, dataKey, pace);
  } catch (error) {
    // Also a bad sector: it must not end the pass for all that comes after it.
    if (error instanceof Error && damageOf(error) !== undefined) return error;
    throw error;
  }
}

async function keyOf(context: BlobsContext, row: BlobRow): Promise<Uint8Array | "not to be had" | undefined> {
  if (isCustomerScope(row.scope)) return "not to be had";
  try {
    return await context.dataKeys.unseal({ scope: row.scope, sealedKey: row.sealed_key }, undefined);
  } catch {
    // Disabled or deleted.
    return "not to be had";
  }
}

/** Undefined when the bytes are what was written, or reading stopped. Throws what reading says. */
async function findDamage(
  context: BlobsContext,
  row: BlobRow,
  dataKey: Uint8Array | undefined,
  pace: Pace,
): Promise<Error | undefined> {
  const bytes = await readableOf(context.metadata.reader, row);
  const plain = await openBytes(context.stores[row.storage_class], bytes, dataKey, undefined);
  const actual = await hashAtPace(plain, pace);
  if (actual === undefined || actual === row.sha256) return undefined;
  return new BlobDamaged(`the digest is ${actual}, not ${row.sha256}`);
}

/** Whether the blob has intact bytes again: of another blob with the same digest. */
async function repair(context: BlobsContext, uploads: OneRequestUploads, row: BlobRow): Promise<boolean> {
  // The key is not here to encrypt them anew.
  if (isCustomerScope(row.scope)) return false;
  const others = await context.metadata.reader
    .selectFrom("blobs")
    .select(["id", "scope"])
    .where("sha256", "=", row.sha256)
    .where("id", "!=", row.id)
    .where("damaged_at", "=", 0)
    .execute();
  const target = { encryption: { scope: row.scope }, storageClass: row.storage_class };
  for (const other of others.filter(({ scope }) => !isCustomerScope(scope))) {
    try {
      const bytes = await openBlob(context, other.id);
      await uploads
        .upload(bytes, blobOf(row).sha256, target, async (_, blob) => blob)
        .finally(() => bytes.destroy());
      return true;
    } catch (error) {
      context.log.warn({ err: error, blob: row.id, from: other.id }, "a damaged blob was not repaired");
    }
  }
  return false;
}
