/**
 * Which status a package version may take from which (CodeArtifact user guide, "Package version status" and "Update
 * package version status"): never back to Unfinished; what is disposed of can only be deleted.
 */
import type { PackageVersionErrorCode } from "@aws-sdk/client-codeartifact";
import type { VersionStatus } from "../engine.ts";

/** What the operations on several versions may ask for. */
export type TargetStatus = "Published" | "Unlisted" | "Archived" | "Disposed" | "Deleted";

const REACHABLE: Readonly<Record<VersionStatus, readonly TargetStatus[]>> = {
  Published: ["Published", "Unlisted", "Archived", "Disposed", "Deleted"],
  Unfinished: ["Published", "Unlisted", "Archived", "Disposed", "Deleted"],
  Unlisted: ["Published", "Unlisted", "Archived", "Disposed", "Deleted"],
  Archived: ["Published", "Unlisted", "Archived", "Disposed", "Deleted"],
  Disposed: ["Disposed", "Deleted"],
};

/** Whose files clients may download. */
export const DOWNLOADABLE: ReadonlySet<VersionStatus> = new Set(["Published", "Unlisted", "Unfinished"]);

export function mayBecome(status: VersionStatus, target: TargetStatus): boolean {
  return REACHABLE[status].includes(target);
}

/** A version as far as an operation's conditions look at it. */
export interface VersionState {
  readonly version: string;
  readonly status: VersionStatus;
  readonly revision: string;
}

/** `expectedStatus` and `versionRevisions`: locks that fail when somebody else was faster. */
export interface Conditions {
  readonly expectedStatus?: string | undefined;
  /** By version, as the caller spells it. */
  readonly revisions?: ReadonlyMap<string, string>;
}

export interface VersionFailure {
  readonly errorCode: PackageVersionErrorCode;
  readonly errorMessage: string;
}

/** Why a version cannot be moved to `target`; undefined when it can. */
export function refusal(
  asked: string,
  found: VersionState | undefined,
  target: TargetStatus,
  conditions: Conditions,
): VersionFailure | undefined {
  if (!found) return { errorCode: "NOT_FOUND", errorMessage: `Could not find version ${asked}` };
  const revision = conditions.revisions?.get(asked);
  if (revision !== undefined && revision !== found.revision)
    return {
      errorCode: "MISMATCHED_REVISION",
      errorMessage: `current revision: ${found.revision}, expected revision: ${revision}`,
    };
  const { expectedStatus } = conditions;
  if (expectedStatus !== undefined && expectedStatus !== found.status)
    return {
      errorCode: "MISMATCHED_STATUS",
      errorMessage: `current status: ${found.status}, expected status: ${expectedStatus}`,
    };
  if (!mayBecome(found.status, target))
    return {
      errorCode: "NOT_ALLOWED",
      errorMessage: `The status of version ${asked} cannot be changed from ${found.status} to ${target}`,
    };
  return undefined;
}
