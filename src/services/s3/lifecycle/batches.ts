/**
 * Lifecycle's writes beside everybody else's: many versions in one transaction while nobody is in the way, fewer where other
 * writers change the same keys, and one by one around the one that cannot be acted upon.
 */
import { StorageFull } from "../../../storage/blobs/errors.ts";
import { MetadataUnavailable } from "../../../storage/metadata/errors.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { S3Context } from "../context.ts";

/** Versions that one transaction acts upon, at most. */
const MOST = 100;
/** By so many more the next transaction tries itself after one that went through. */
const GROWTH = 5;
/** What loses to others so often is taken in smaller pieces; a single one is tried for as long as any write. */
const ATTEMPTS = 2;

/** Others wrote to the same keys meanwhile, again and again. */
class Contended extends Error {
  override readonly name = "Contended";
}

/** How many are taken together; kept from page to page, for whoever was in the way will be there again. */
export interface Pace {
  size: number;
}

export function freshPace(): Pace {
  return { size: MOST };
}

/**
 * Calls `work` for all `ids`, in transactions of their own. What cannot be done is told in the log and does not hold up the rest.
 * Throws what none of them is guilty of: an aborted signal, MetadataUnavailable, StorageFull.
 *
 * @param done what a transaction that went through has done
 */
export async function inBatches<Done>(
  { metadata, log }: Pick<S3Context, "metadata" | "log">,
  ids: readonly string[],
  { pace, signal }: { readonly pace: Pace; readonly signal: AbortSignal },
  work: (tx: Transaction, ids: readonly string[]) => Promise<Done>,
  done: (outcome: Done) => void,
): Promise<void> {
  for (let from = 0; from < ids.length; ) {
    signal.throwIfAborted();
    const some = ids.slice(from, from + pace.size);
    let attempts = 0;
    try {
      const outcome = await metadata.write((tx) => {
        attempts += 1;
        if (some.length > 1 && attempts > ATTEMPTS) throw new Contended("other writers are in the way");
        return work(tx, some);
      });
      done(outcome);
      from += some.length;
      pace.size = Math.min(pace.size + GROWTH, MOST);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MetadataUnavailable || error instanceof StorageFull) throw error;
      if (some.length > 1) {
        pace.size = Math.max(1, Math.floor(some.length / 4));
        const told = { err: error, count: some.length, next: pace.size };
        if (error instanceof Contended) log.debug(told, "lifecycle gives way to other writers");
        else log.warn(told, "lifecycle rules could not be carried out together; smaller pieces follow");
      } else {
        log.error({ err: error, id: some[0] }, "a lifecycle rule could not be carried out");
        from += 1;
      }
    }
  }
}
