import type { Logger } from "pino";
import type { Clock } from "../../clock.ts";
import type { Events } from "../../events/events.ts";
import type { Authorize } from "../../identity/call.ts";
import type { Secrets } from "../../identity/secrets.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import type { Metadata } from "../../storage/metadata/metadata.ts";
import type { KmsKeys } from "./kms-keys.ts";
import type { Materials } from "./materials.ts";
import type { RootKey } from "./root-key.ts";

/** What KMS stands on; `createKms` takes it. */
export interface KmsDependencies {
  readonly metadata: Metadata;
  readonly events: Events;
  readonly jobs: Jobs;
  readonly secrets: Secrets;
  readonly authorize: Authorize;
  readonly clock: Clock;
  readonly rootKey: RootKey;
  readonly log: Logger;
}

/** What the rooms below the operations work with. */
export interface KeyMaking extends KmsDependencies {
  readonly materials: Materials;
}

/** What every operation works with. */
export interface KmsContext extends KeyMaking {
  readonly awsManagedKey: KmsKeys["awsManagedKey"];
}
