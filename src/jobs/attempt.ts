/** One attempt at a job that was claimed, and what becomes of it: finished, given back, tried again later, failed. */
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { Metadata } from "../storage/metadata/metadata.ts";
import { type Claim, fail, finish, putBack } from "./claims.ts";
import type { JobHandler } from "./jobs.ts";

const DEFAULT_MAX_ATTEMPTS = 10;
const FIRST_RETRY_MILLISECONDS = 1000;
const LONGEST_RETRY_MILLISECONDS = 3_600_000;

export interface AttemptParts {
  readonly metadata: Metadata;
  readonly clock: Clock;
  readonly log: Logger;
  /** Between 0 and 1, spreads retries. */
  readonly random?: () => number;
}

/**
 * Throws only when the outcome could not be written down.
 * @param isStopping a job that ends because the server does is given back and loses no attempt
 */
export async function runAttempt(
  parts: AttemptParts,
  handler: JobHandler,
  claim: Claim,
  signal: AbortSignal,
  isStopping: () => boolean,
): Promise<void> {
  const maxAttempts = handler.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
  if (claim.attempt > maxAttempts) {
    await failForGood(parts, claim, new Error("the server ended while the job ran, on its last attempt"));
    return;
  }
  try {
    await handler.run({
      id: claim.id,
      kind: claim.kind,
      payload: JSON.parse(claim.payload),
      attempt: claim.attempt,
      signal,
    });
  } catch (error) {
    if (isStopping() && signal.aborted) await giveBack(parts, claim);
    else if (claim.attempt >= maxAttempts) await failForGood(parts, claim, error);
    else await retryLater(parts, claim, error);
    return;
  }
  await parts.metadata.write((tx) => finish(tx, claim));
}

/** For another server, as if it had not been claimed. */
export async function giveBack({ metadata, clock }: AttemptParts, claim: Claim): Promise<void> {
  const now = clock.now().getTime();
  const change = { now, dueAt: now, attempts: claim.attempt - 1, error: null };
  await metadata.write((tx) => putBack(tx, claim, change));
}

async function retryLater(parts: AttemptParts, claim: Claim, error: unknown): Promise<void> {
  const { metadata, clock, log, random = Math.random } = parts;
  const now = clock.now().getTime();
  const delay = retryDelay(claim.attempt, random());
  log.warn({ err: error, job: claim.id, kind: claim.kind, attempt: claim.attempt, delay }, "a job failed");
  const change = { now, dueAt: now + delay, attempts: claim.attempt, error: describeError(error) };
  await metadata.write((tx) => putBack(tx, claim, change));
}

async function failForGood(
  { metadata, clock, log }: AttemptParts,
  claim: Claim,
  error: unknown,
): Promise<void> {
  log.error({ err: error, job: claim.id, kind: claim.kind, attempt: claim.attempt }, "a job failed for good");
  await metadata.write((tx) => fail(tx, claim, clock.now().getTime(), describeError(error)));
}

/** Doubles from a second to an hour; `random` spreads it between half and all of that. */
function retryDelay(attempt: number, random: number): number {
  const full = Math.min(FIRST_RETRY_MILLISECONDS * 2 ** (attempt - 1), LONGEST_RETRY_MILLISECONDS);
  return Math.round(full * (0.5 + random / 2));
}

function describeError(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.slice(0, 4000);
}
