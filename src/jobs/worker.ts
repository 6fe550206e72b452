/**
 * The worker of one server: which due jobs it takes and when, how many run at once, whose leases it keeps. What
 * becomes of a job it took is in attempt.ts.
 */
import { type AttemptParts, giveBack, runAttempt } from "./attempt.ts";
import { type Claim, claimDue, heartbeat, LEASE_MILLISECONDS } from "./claims.ts";
import type { JobHandler, RecurringJob } from "./jobs.ts";
import { pruneFailedJobs, pruneHandler, pruneSchedule } from "./prune.ts";
import type { JobQueue } from "./queue.ts";
import { enqueueRecurring, noteSchedules, parseRecurring } from "./recurring.ts";

/** Jobs of one server at once. No kind takes more than half of the places. */
const CONCURRENCY = 8;

/** How often the worker looks for what other servers enqueued, or what became due, in milliseconds. */
const POLL_MILLISECONDS = 1000;

const HEARTBEAT_MILLISECONDS = LEASE_MILLISECONDS / 4;

/** How long stopping waits for handlers to heed their signal, in milliseconds. */
const GRACE_MILLISECONDS = 10_000;

export interface WorkerOptions extends AttemptParts {
  readonly jobs: JobQueue;
  readonly handlers: readonly JobHandler[];
  readonly recurring: readonly RecurringJob[];
  readonly concurrency?: number;
}

export interface JobWorker {
  /** Looks for due jobs now. */
  wake(): void;
  /** Prolongs the leases of running jobs now. */
  heartbeat(): Promise<void>;
  /** Claims no more, asks running jobs to end, and resolves when they have or the grace period is over. */
  stop(): Promise<void>;
}

interface Running {
  readonly claim: Claim;
  readonly controller: AbortController;
  /** On the monotonic clock, in milliseconds. */
  held: number;
  lost: boolean;
}

/** Starts working. Throws InvalidSchedule, or an error when two handlers have one kind. */
export function startWorker(options: WorkerOptions): JobWorker {
  const worker = new Worker(options);
  worker.start();
  return worker;
}

class Worker implements JobWorker {
  readonly #options: WorkerOptions;
  readonly #handlers = new Map<string, JobHandler>();
  readonly #recurrences: ReturnType<typeof parseRecurring>;
  readonly #running = new Map<string, Running>();
  readonly #ended = new Set<Promise<void>>();
  readonly #concurrency: number;
  #loop: Promise<void> = Promise.resolve();
  #stopping = false;
  #noted = false;
  #woken = false;
  #wakeUp: () => void = () => undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? CONCURRENCY;
    this.#recurrences = parseRecurring([...options.recurring, pruneSchedule], options.clock.dayMilliseconds);
    const prune = pruneHandler(() => pruneFailedJobs(options.metadata, options.clock));
    for (const handler of [...options.handlers, prune]) {
      if (this.#handlers.has(handler.kind)) throw new Error(`two handlers for jobs of kind ${handler.kind}`);
      this.#handlers.set(handler.kind, handler);
    }
  }

  start(): void {
    this.#options.jobs.onEnqueued(() => this.wake());
    this.#loop = this.#work();
  }

  wake(): void {
    this.#woken = true;
    this.#wakeUp();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.wake();
    for (const { controller } of this.#running.values()) controller.abort(new Error("the server stops"));
    await this.#loop;
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GRACE_MILLISECONDS);
    });
    await Promise.race([Promise.all(this.#ended), grace]);
    clearTimeout(timer);
  }

  async #work(): Promise<void> {
    const beat = setInterval(() => void this.heartbeat(), HEARTBEAT_MILLISECONDS);
    while (!this.#stopping) {
      this.#woken = false;
      let claimed = 0;
      try {
        claimed = await this.#look();
      } catch (error) {
        this.#options.log.error({ err: error }, "looking for due jobs failed; trying again");
      }
      if (claimed === 0) await this.#sleep();
    }
    // Leases are kept while the last jobs end; what is still running after the grace period loses them.
    void Promise.all(this.#ended).finally(() => clearInterval(beat));
    setTimeout(() => clearInterval(beat), GRACE_MILLISECONDS).unref();
  }

  async #look(): Promise<number> {
    const { metadata, clock, jobs } = this.#options;
    if (!this.#noted) {
      await noteSchedules(metadata, this.#recurrences, clock.now());
      this.#noted = true;
    }
    await enqueueRecurring(metadata, jobs, this.#recurrences, clock.now());
    const wanted = this.#wanted();
    if (wanted.size === 0) return 0;
    const free = this.#concurrency - this.#running.size;
    const claims = await claimDue(metadata, clock.now().getTime(), wanted, free);
    for (const claim of claims) {
      if (this.#stopping) await giveBack(this.#options, claim);
      else this.#begin(claim);
    }
    this.#rotateKinds();
    return claims.length;
  }

  /** How many more of each kind there is place for. */
  #wanted(): Map<string, number> {
    const free = this.#concurrency - this.#running.size;
    const most = Math.ceil(this.#concurrency / 2);
    const wanted = new Map<string, number>();
    for (const kind of this.#handlers.keys()) {
      const running = [...this.#running.values()].filter(({ claim }) => claim.kind === kind).length;
      const count = Math.min(free, most - running);
      if (count > 0) wanted.set(kind, count);
    }
    return wanted;
  }

  /** The kind that was asked first is asked last next time. */
  #rotateKinds(): void {
    for (const [kind, handler] of this.#handlers) {
      this.#handlers.delete(kind);
      this.#handlers.set(kind, handler);
      return;
    }
  }

  async #sleep(): Promise<void> {
    if (this.#woken) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, POLL_MILLISECONDS);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #begin(claim: Claim): void {
    const running: Running = {
      claim,
      controller: new AbortController(),
      held: performance.now(),
      lost: false,
    };
    this.#running.set(claim.id, running);
    const ended = this.#run(running)
      .catch((error: unknown) => {
        // The lease runs out and the job runs again.
        this.#options.log.error({ err: error, job: claim.id, kind: claim.kind }, "a job could not be marked");
      })
      .finally(() => {
        this.#running.delete(claim.id);
        this.#ended.delete(ended);
        this.wake();
      });
    this.#ended.add(ended);
  }

  async #run({ claim, controller }: Running): Promise<void> {
    const handler = this.#handlers.get(claim.kind);
    if (!handler) throw new Error(`no handler for jobs of kind ${claim.kind}`);
    await runAttempt(this.#options, handler, claim, controller.signal, () => this.#stopping);
  }

  async heartbeat(): Promise<void> {
    const { metadata, clock, log } = this.#options;
    const mine = [...this.#running.values()].filter(({ lost }) => !lost);
    if (mine.length === 0) return;
    const asked = performance.now();
    try {
      const claims = mine.map(({ claim }) => claim);
      const held = await heartbeat(metadata, clock.now().getTime(), claims);
      for (const running of mine) {
        if (held.has(running.claim.id)) running.held = asked;
        else if (this.#running.has(running.claim.id)) lose(running);
      }
    } catch (error) {
      log.error({ err: error }, "the leases of running jobs could not be prolonged");
      for (const running of mine) if (asked - running.held > LEASE_MILLISECONDS) lose(running);
    }
  }
}

/** Another worker has the job by now, or may have. */
function lose(running: Running): void {
  running.lost = true;
  running.controller.abort(new Error("the lease of the job was lost"));
}
