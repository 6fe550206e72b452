import type { Logger } from "pino";
import type { Clock } from "../../clock.ts";
import type { Events } from "../../events/events.ts";
import type { Authorize } from "../../identity/call.ts";
import type { Secrets } from "../../identity/secrets.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import type { Blobs } from "../../storage/blobs/blobs.ts";
import type { Metadata } from "../../storage/metadata/metadata.ts";
import type { KmsKeys } from "../kms/kms-keys.ts";

/** What the buckets stand on; `createS3` takes it. */
export interface S3Dependencies {
  readonly metadata: Metadata;
  readonly blobs: Blobs;
  readonly events: Events;
  readonly jobs: Jobs;
  readonly secrets: Secrets;
  readonly authorize: Authorize;
  readonly kms: KmsKeys;
  readonly clock: Clock;
  readonly log: Logger;
  /** `open`: new buckets block neither public access nor customers' keys (SSE-C). Without it they block both, as AWS's. */
  readonly newBuckets?: "closed" | "open";
}

/** What every function of this room works with. */
export type S3Context = S3Dependencies;
