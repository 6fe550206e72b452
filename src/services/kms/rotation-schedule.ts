/** The job that rotates a key on its day. It looks again when it runs: what was switched off meanwhile is left alone. */
import type { Jobs } from "../../jobs/jobs.ts";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import type { Key } from "./key.ts";

export const ROTATE_KEY = "kms.rotate-key";

export async function scheduleRotation(tx: Transaction, jobs: Jobs, key: Key): Promise<void> {
  if (key.rotation_at === null) return;
  await jobs.enqueue(tx, {
    kind: ROTATE_KEY,
    payload: { keyId: key.id },
    runAt: new Date(key.rotation_at),
    key: `${key.id}/${key.rotation_at}`,
  });
}
