import type { Clock } from "../../clock.ts";
import type { Events } from "../../events/events.ts";
import type { Authorize } from "../../identity/call.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Secrets } from "../../identity/secrets.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import type { Blobs } from "../../storage/blobs/blobs.ts";
import type { Metadata } from "../../storage/metadata/metadata.ts";
import type { KmsKeys } from "../kms/index.ts";
import type { PullTimes } from "./pull-times.ts";
import type { Queries } from "./queries.ts";

/** What the registry stands on; `createEcr` takes it. */
export interface EcrDependencies {
  readonly metadata: Metadata;
  readonly blobs: Blobs;
  readonly events: Events;
  readonly jobs: Jobs;
  readonly secrets: Secrets;
  readonly identity: Pick<Identity, "issueRegistryToken">;
  readonly authorize: Authorize;
  readonly kms: KmsKeys;
  readonly clock: Clock;
  /** Domains under which `<account>.dkr.ecr.<region>.<domain>` reaches this server. */
  readonly domains: readonly string[];
  /**
   * Images pushed by OCI clients whose layers are not in the repository: ECR refuses them; the distribution-spec
   * leaves it to the registry. The ECR API refuses them always.
   */
  readonly missingLayers: "refuse" | "accept";
}

/** What every function of this room works with. */
export interface EcrContext extends EcrDependencies {
  readonly queries: Queries;
  readonly pullTimes: PullTimes;
}
