/** What EventBridge hears about package versions (CodeArtifact user guide, "CodeArtifact event format and example"). */
import { createHash } from "node:crypto";
import type { AccountId, Region } from "../../../aws/names.ts";
import type { NewEvent } from "../../../events/events.ts";
import type { VersionStatus } from "../engine.ts";
import type { FormatName, PackageName } from "../format.ts";

export interface ChangedPackage {
  /** ARN of the package. */
  readonly arn: string;
  readonly domain: string;
  readonly owner: AccountId;
  readonly region: Region;
  readonly repository: string;
  readonly administrator: string;
  readonly format: FormatName;
  readonly name: PackageName;
  /** Of its row: a package that was deleted and made again is another one. */
  readonly id: string;
}

export interface VersionChange {
  readonly version: string;
  readonly status: VersionStatus | "Deleted";
  readonly revision: string;
  readonly operation: "Created" | "Updated" | "Deleted";
  readonly assetsAdded?: number;
  readonly assetsRemoved?: number;
  readonly assetsUpdated?: number;
  readonly metadataUpdated?: boolean;
  readonly statusChanged?: boolean;
}

/** @param sequence rises with every event about the package */
export function versionChanged(
  changed: ChangedPackage,
  change: VersionChange,
  sequence: number,
  time: Date,
): NewEvent {
  return {
    source: "aws.codeartifact",
    detailType: "CodeArtifact Package Version State Change",
    account: changed.owner,
    region: changed.region,
    time,
    resources: [changed.arn],
    detail: {
      domainName: changed.domain,
      domainOwner: changed.owner,
      repositoryName: changed.repository,
      repositoryAdministrator: changed.administrator,
      packageFormat: changed.format,
      packageNamespace: changed.name.namespace === "" ? null : changed.name.namespace,
      packageName: changed.name.name,
      packageVersion: change.version,
      packageVersionState: change.status,
      packageVersionRevision: change.revision,
      changes: {
        assetsAdded: change.assetsAdded ?? 0,
        assetsRemoved: change.assetsRemoved ?? 0,
        assetsUpdated: change.assetsUpdated ?? 0,
        metadataUpdated: change.metadataUpdated ?? false,
        statusChanged: change.statusChanged ?? false,
      },
      operationType: change.operation,
      sequenceNumber: sequence,
      eventDeduplicationId: deduplicationId(changed.id, sequence),
    },
  };
}

function deduplicationId(packageId: string, sequence: number): string {
  return createHash("sha256").update(`${packageId}/${sequence}`).digest("base64");
}
