import type { Clock } from "../../clock.ts";
import type { Events } from "../../events/events.ts";
import type { Authorize } from "../../identity/call.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Secrets } from "../../identity/secrets.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import type { Blobs } from "../../storage/blobs/blobs.ts";
import type { Metadata } from "../../storage/metadata/metadata.ts";
import type { KmsKeys } from "../kms/index.ts";
import type { PackageFormat } from "./format.ts";
import type { Formats } from "./formats.ts";
import type { Graphs } from "./graph.ts";
import type { ReadingQueries } from "./reading/queries.ts";
import type { Upstreams } from "./upstreams/upstreams.ts";

/** What the package repositories stand on; `createCodeArtifact` takes it. */
export interface CodeArtifactDependencies {
  readonly metadata: Metadata;
  readonly blobs: Blobs;
  readonly events: Events;
  readonly jobs: Jobs;
  readonly secrets: Secrets;
  readonly identity: Pick<Identity, "issuePackageToken" | "provePackageToken">;
  readonly authorize: Authorize;
  readonly kms: KmsKeys;
  readonly clock: Clock;
  /** Domains under which `<domain>-<owner>.d.codeartifact.<region>.<domain>` reaches this server. */
  readonly domains: readonly string[];
  readonly formats: readonly PackageFormat[];
  /** External connections: which there are, and what they answer. */
  readonly upstreams: Upstreams;
}

/** What every function of this room works with. */
export interface CodeArtifactContext extends Omit<CodeArtifactDependencies, "formats"> {
  readonly formats: Formats;
  readonly graphs: Graphs;
  readonly queries: ReadingQueries;
}
