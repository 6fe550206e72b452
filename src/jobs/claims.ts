/** The life of a job in the database: claimed with a lease, kept by heartbeats, finished, tried again, failed. */
import { randomUUID } from "node:crypto";
import type { Metadata, Transaction } from "../storage/metadata/metadata.ts";
import { findWaiting } from "./queue.ts";

/** How long a claim lasts without a heartbeat, in milliseconds; after a crash the job waits no longer than this. */
export const LEASE_MILLISECONDS = 60_000;

/** A job in the hands of this process. `lease` proves it. */
export interface Claim {
  readonly id: string;
  readonly lease: string;
  readonly kind: string;
  readonly payload: string;
  readonly attempt: number;
  readonly key: string | null;
}

/** So many of the jobs that are due: new, due again, or left behind by a worker whose lease ran out. */
export type Wanted = ReadonlyMap<string, number>;

/**
 * Claims due jobs, at most `wanted` of each kind and `limit` in all, taking turns between the kinds in the
 * order given, so that no kind's backlog holds up another kind.
 */
export async function claimDue(
  metadata: Metadata,
  now: number,
  wanted: Wanted,
  limit: number,
): Promise<Claim[]> {
  const due = await Promise.all([...wanted].map(([kind, count]) => findDue(metadata, now, kind, count)));
  const chosen = takeTurns(due).slice(0, limit);
  // Most looks find nothing: those cost no write.
  if (chosen.length === 0) return [];
  return metadata.write(async (tx) => {
    const ids = await lockDue(metadata, tx, now, chosen);
    if (ids.length === 0) return [];
    const rows = await tx
      .updateTable("jobs")
      .set((eb) => ({
        state: "running",
        lease: randomUUID(),
        attempts: eb("attempts", "+", 1),
        due_at: now + LEASE_MILLISECONDS,
        updated_at: now,
      }))
      .where("id", "in", ids)
      .returning(["id", "lease", "kind", "payload", "attempts", "dedupe_key"])
      .execute();
    return rows.map((row) => ({
      id: row.id,
      lease: row.lease ?? "",
      kind: row.kind,
      payload: row.payload,
      attempt: row.attempts,
      key: row.dedupe_key,
    }));
  });
}

async function findDue(metadata: Metadata, now: number, kind: string, count: number): Promise<string[]> {
  const rows = await metadata.reader
    .selectFrom("jobs")
    .select("id")
    .where("kind", "=", kind)
    .where("due_at", "<=", now)
    .orderBy("due_at")
    .limit(count)
    .execute();
  return rows.map((row) => row.id);
}

/** Those that nobody claimed since they were found; on PostgreSQL without waiting for one who is just doing so. */
async function lockDue(
  metadata: Metadata,
  tx: Transaction,
  now: number,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await tx
    .selectFrom("jobs")
    .select("id")
    .where("id", "in", ids)
    .where("due_at", "<=", now)
    .$if(metadata.dialect === "postgres", (query) => query.forUpdate().skipLocked())
    .execute();
  return rows.map((row) => row.id);
}

function takeTurns<Item>(lists: readonly (readonly Item[])[]): Item[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, turn) =>
    lists.flatMap((list) => list.slice(turn, turn + 1)),
  ).flat();
}

/** Prolongs the leases; returns the ids of the jobs that are still held. */
export async function heartbeat(
  metadata: Metadata,
  now: number,
  claims: readonly Claim[],
): Promise<Set<string>> {
  const rows = await metadata.write((tx) =>
    tx
      .updateTable("jobs")
      .set({ due_at: now + LEASE_MILLISECONDS, updated_at: now })
      .where("state", "=", "running")
      .where((eb) => eb.or(claims.map(({ id, lease }) => eb.and({ id, lease }))))
      .returning("id")
      .execute(),
  );
  return new Set(rows.map((row) => row.id));
}

/** The job is done and gone. Nothing happens when the lease was lost: its new holder decides. */
export async function finish(tx: Transaction, claim: Claim): Promise<void> {
  await tx.deleteFrom("jobs").where("id", "=", claim.id).where("lease", "=", claim.lease).execute();
}

/** Back to the queue, due at `dueAt`. `attempts` is what counts as tried. */
export async function putBack(
  tx: Transaction,
  claim: Claim,
  change: {
    readonly now: number;
    readonly dueAt: number;
    readonly attempts: number;
    readonly error: string | null;
  },
): Promise<void> {
  // The same job was enqueued again meanwhile: that one will do what is left to do.
  if (claim.key !== null && (await findWaiting(tx, claim.kind, claim.key)) !== undefined) {
    await finish(tx, claim);
    return;
  }
  await tx
    .updateTable("jobs")
    .set({
      state: "waiting",
      lease: null,
      due_at: change.dueAt,
      attempts: change.attempts,
      error: change.error,
      updated_at: change.now,
    })
    .where("id", "=", claim.id)
    .where("lease", "=", claim.lease)
    .execute();
}

/** Kept for people to look at; never claimed again. */
export async function fail(tx: Transaction, claim: Claim, now: number, error: string): Promise<void> {
  await tx
    .updateTable("jobs")
    .set({ state: "failed", lease: null, due_at: null, error, updated_at: now })
    .where("id", "=", claim.id)
    .where("lease", "=", claim.lease)
    .execute();
}
