import type { Reader, Transaction } from "../metadata/metadata.ts";

/** How far the reading of all blobs is, and what it found. */
export interface ScrubPass {
  /** The id of the last blob that was read. */
  readonly cursor: string;
  readonly startedAt: number;
  /** 0 while it goes on. */
  readonly finishedAt: number;
  readonly blobs: number;
  /** As the stores count. */
  readonly bytes: number;
  readonly intact: number;
  /** Whose key is not to be had (a customer's, or a disabled one) and that were read for the first time; that could not be looked at. */
  readonly skipped: number;
  /** And not repaired. */
  readonly damaged: number;
  readonly repaired: number;
}

export function beginPass(startedAt: number): ScrubPass {
  const counts = { blobs: 0, bytes: 0, intact: 0, skipped: 0, damaged: 0, repaired: 0 };
  return { cursor: "", startedAt, finishedAt: 0, ...counts };
}

const ONE = "all";

export async function readPass(reader: Reader): Promise<ScrubPass | undefined> {
  const row = await reader.selectFrom("blob_scrubs").selectAll().where("name", "=", ONE).executeTakeFirst();
  if (row === undefined) return undefined;
  const { name: _, started_at: startedAt, finished_at: finishedAt, ...rest } = row;
  return { startedAt, finishedAt, ...rest };
}

export async function writePass(tx: Transaction, pass: ScrubPass): Promise<void> {
  const { startedAt: started_at, finishedAt: finished_at, ...rest } = pass;
  const row = { started_at, finished_at, ...rest };
  await tx
    .insertInto("blob_scrubs")
    .values({ name: ONE, ...row })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
    .execute();
}
