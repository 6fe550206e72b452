/** The container registry: one engine behind the ECR API and behind native clients' doors. */
import type { AwsService } from "../../aws/service.ts";
import type { Call } from "../../identity/call.ts";
import type { JobHandler, RecurringJob } from "../../jobs/jobs.ts";
import type { Door } from "../../server/door.ts";
import type { EcrContext, EcrDependencies } from "./context.ts";
import { withKmsExceptions } from "./encryption.ts";
import type { Registry } from "./engine.ts";
import { downloadLayer } from "./layer-download.ts";
import { reviewLayersHandler, reviewLayersJob } from "./layer-review.ts";
import { createOperations } from "./operations.ts";
import { PullTimes } from "./pull-times.ts";
import { createQueries } from "./queries.ts";
import { createRegistry } from "./registry.ts";
import { purgeRepositoryHandler } from "./repository-purge.ts";

export type { EcrDependencies } from "./context.ts";
export { ManifestInvalid } from "./errors.ts";
export { migrations } from "./migrations.ts";

export interface Ecr {
  readonly registry: Registry;
  readonly service: AwsService<Call>;
  readonly jobHandlers: readonly JobHandler[];
  readonly recurringJobs: readonly RecurringJob[];
  /** Answers the addresses that GetDownloadUrlForLayer gives out. */
  readonly layerDownloadDoor: Door;
  /** Writes the pull times that only memory holds. To be called each minute and before the end. */
  flushPullTimes(): Promise<void>;
}

export function createEcr(dependencies: EcrDependencies): Ecr {
  const ecr: EcrContext = {
    ...dependencies,
    queries: createQueries(dependencies.metadata.reader),
    pullTimes: new PullTimes(),
  };
  return {
    registry: withKmsExceptions(createRegistry(ecr)),
    service: { model: "ecr", operations: withKmsExceptions(createOperations(ecr)) },
    jobHandlers: [reviewLayersHandler(ecr), purgeRepositoryHandler(ecr)],
    recurringJobs: [reviewLayersJob],
    layerDownloadDoor: (request, response, arrival) => downloadLayer(ecr, request, response, arrival),
    flushPullTimes: () => ecr.pullTimes.flush(ecr.metadata),
  };
}
