import type { Jobs } from "../../../jobs/jobs.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";

export const RESTORE = "s3.restore";
export const EXPIRE_RESTORE = "s3.expire-restore";

export interface RestorePayload {
  /** Id of a row. */
  readonly version: string;
  /** How long the readable copy stays once it is there. */
  readonly days: number;
  readonly requestId: string;
}

export interface ExpireRestorePayload {
  readonly version: string;
}

/** With `restored_until` at 0 in the same transaction. @param options `alone`: unless one runs already */
export async function enqueueRestore(
  tx: Transaction,
  s3: { readonly jobs: Jobs },
  payload: RestorePayload,
  options: { readonly alone?: boolean } = {},
): Promise<void> {
  await s3.jobs.enqueue(tx, { kind: RESTORE, payload, key: payload.version, ...options });
}

export async function enqueueExpiry(
  tx: Transaction,
  s3: { readonly jobs: Jobs },
  version: string,
  runAt: Date,
): Promise<void> {
  const payload: ExpireRestorePayload = { version };
  await s3.jobs.enqueue(tx, { kind: EXPIRE_RESTORE, payload, runAt, key: version });
}
