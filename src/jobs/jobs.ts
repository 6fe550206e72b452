import type { Transaction } from "../storage/metadata/metadata.ts";

/** Work to be done later, once, by whichever server claims it. */
export interface NewJob {
  /** Names the handler: `ecr.flush-pull-times`. */
  readonly kind: string;
  /** Stored as JSON. */
  readonly payload: unknown;
  /** Not before this time; at once when absent. */
  readonly runAt?: Date;
  /** At most one waiting job of a kind has a given key: enqueueing it again changes nothing. */
  readonly key?: string;
  /** Nor is it enqueued while one with its key runs: for work that would be in its own way. */
  readonly alone?: boolean;
}

export interface RunningJob {
  readonly id: string;
  readonly kind: string;
  readonly payload: unknown;
  /** 1 on the first try. */
  readonly attempt: number;
  /** Aborted when the server stops or the lease is lost: finish quickly, the job will run again. */
  readonly signal: AbortSignal;
}

/**
 * Does the work. It may run more than once (a crash between the work and its mark), so it is idempotent.
 * A throw means another try, later each time; `maxAttempts` of them and the job is kept as failed.
 */
export interface JobHandler {
  readonly kind: string;
  readonly maxAttempts?: number;
  run(job: RunningJob): Promise<void>;
}

/** A job that comes again: `rate(1 hour)` or `cron(0 3 * * ? *)`, as EventBridge writes them (UTC). */
export interface RecurringJob {
  readonly name: string;
  readonly schedule: string;
  readonly kind: string;
  readonly payload: unknown;
}

export interface Jobs {
  /** Enqueued if and only if the transaction commits. Returns the job's id. */
  enqueue(tx: Transaction, job: NewJob): Promise<string>;
}
