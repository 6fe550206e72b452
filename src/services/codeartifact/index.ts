/** Package repositories: one engine behind the CodeArtifact API and behind package managers' doors. */
import type { AwsService } from "../../aws/service.ts";
import type { Call } from "../../identity/call.ts";
import type { JobHandler, RecurringJob } from "../../jobs/jobs.ts";
import type { CodeArtifactContext, CodeArtifactDependencies } from "./context.ts";
import { purgeDomainHandler } from "./domains/domain-purge.ts";
import type { Packages } from "./engine.ts";
import { Formats } from "./formats.ts";
import { createGraphs } from "./graph.ts";
import { createOperations } from "./operations.ts";
import { createReadingQueries } from "./reading/queries.ts";
import { createReading } from "./reading/reading.ts";
import { purgeRepositoryHandler } from "./repositories/repository-purge.ts";
import {
  createPackageTokenVerifier,
  type PackageTokenVerifier,
  removeExpiredRevocationsHandler,
  removeExpiredRevocationsJob,
} from "./token-revocation.ts";
import { removeUnusedDocumentsHandler, removeUnusedDocumentsJob } from "./upstreams/unused-documents.ts";
import { createWriting } from "./versions/writing.ts";

export type { CodeArtifactDependencies } from "./context.ts";
export { migrations } from "./migrations.ts";

export interface CodeArtifact {
  readonly service: AwsService<Call>;
  /** What native doors work with. */
  readonly packages: Packages;
  readonly tokens: PackageTokenVerifier;
  readonly jobHandlers: readonly JobHandler[];
  readonly recurringJobs: readonly RecurringJob[];
}

export function createCodeArtifact(dependencies: CodeArtifactDependencies): CodeArtifact {
  const context: CodeArtifactContext = {
    ...dependencies,
    formats: new Formats(dependencies.formats),
    graphs: createGraphs(dependencies.metadata),
    queries: createReadingQueries(dependencies.metadata.reader),
  };
  const reading = createReading(context);
  return {
    service: { model: "codeartifact", operations: createOperations(context, reading) },
    packages: { ...reading, ...createWriting(context) },
    tokens: createPackageTokenVerifier(context),
    jobHandlers: [
      purgeDomainHandler(context),
      purgeRepositoryHandler(context),
      removeExpiredRevocationsHandler(context),
      removeUnusedDocumentsHandler(context),
    ],
    recurringJobs: [removeExpiredRevocationsJob, removeUnusedDocumentsJob],
  };
}
