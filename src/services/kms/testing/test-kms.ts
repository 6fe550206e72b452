/** KMS on a real database, with a clock that tests turn and ears for events and jobs. */
import pino from "pino";
import type { AccountId, Region } from "../../../aws/names.ts";
import type { Clock } from "../../../clock.ts";
import type { NewEvent } from "../../../events/events.ts";
import { authorize } from "../../../identity/authorize.ts";
import type { Call } from "../../../identity/call.ts";
import { createSecrets } from "../../../identity/secrets.ts";
import type { NewJob } from "../../../jobs/jobs.ts";
import type { Metadata } from "../../../storage/metadata/metadata.ts";
import { createKms, type Kms } from "../index.ts";
import type { KmsOperations } from "../operations.ts";

export const ROOT_KEY = { bytes: Buffer.alloc(32, "root key of tests") };

export interface TestKms extends Kms {
  readonly api: Required<KmsOperations>;
  readonly events: NewEvent[];
  readonly jobs: NewJob[];
  /** Does what the queue would do with the jobs that are due. */
  runDueJobs(now: Date): Promise<void>;
}

/** `metadata` has the migrations of identity and of KMS. */
export function testKms(metadata: Metadata, clock: Clock): TestKms {
  const events: NewEvent[] = [];
  const jobs: NewJob[] = [];
  const kms = createKms({
    metadata,
    clock,
    authorize,
    events: { record: async (_: unknown, event: NewEvent) => void events.push(event) },
    jobs: { enqueue: async (_: unknown, job: NewJob) => String(jobs.push(job)) },
    secrets: createSecrets(metadata),
    rootKey: ROOT_KEY,
    log: pino({ level: "silent" }),
  });
  return {
    ...kms,
    api: kms.service.operations as unknown as Required<KmsOperations>,
    events,
    jobs,
    async runDueJobs(now) {
      const due = jobs.filter(({ runAt }) => runAt === undefined || runAt <= now);
      jobs.splice(0, jobs.length, ...jobs.filter((job) => !due.includes(job)));
      for (const { kind, payload } of due) {
        const handler = kms.jobHandlers.find((one) => one.kind === kind);
        if (handler === undefined) throw new Error(`no handler for jobs of kind ${kind}`);
        await handler.run({ id: "1", kind, payload, attempt: 1, signal: new AbortController().signal });
      }
    },
  };
}

export function callOf(account: string, now: Date): Call {
  return {
    principal: {
      kind: "root",
      account: account as AccountId,
      arn: `arn:aws:iam::${account}:root`,
      userId: account,
      accessKeyId: "AKIATEST",
    },
    account: account as AccountId,
    region: "us-east-1" as Region,
    requestId: "test",
    now,
    signal: new AbortController().signal,
    sourceIp: "127.0.0.1",
    secure: false,
    baseUrl: "http://localhost:7560",
  };
}
