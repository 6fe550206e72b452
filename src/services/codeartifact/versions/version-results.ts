/**
 * The answer of operations on several versions: a map of those that succeeded and one of those that failed, by the
 * version as the caller spelled it. Either all are done or none: one failure makes every other SKIPPED.
 */
import type { PackageVersionError, SuccessfulPackageVersionInfo } from "@aws-sdk/client-codeartifact";
import { type PackageIdentity, versionConflict, versionNotFound } from "../errors.ts";
import type { VersionFailure } from "./statuses.ts";

export interface VersionResults {
  readonly successfulVersions: Record<string, SuccessfulPackageVersionInfo>;
  readonly failedVersions: Record<string, PackageVersionError>;
}

export function succeeded(
  versions: Iterable<readonly [string, SuccessfulPackageVersionInfo]>,
): VersionResults {
  return { successfulVersions: Object.fromEntries(versions), failedVersions: {} };
}

/** @param skipped text for the versions that were not to blame */
export function failed(
  asked: readonly string[],
  failures: ReadonlyMap<string, VersionFailure>,
  skipped: (version: string) => string = (version) => `version ${version} is skipped`,
): VersionResults {
  const entries = asked.map((version): [string, PackageVersionError] => [
    version,
    failures.get(version) ?? { errorCode: "SKIPPED", errorMessage: skipped(version) },
  ]);
  return { successfulVersions: {}, failedVersions: Object.fromEntries(entries) };
}

/** Undefined when none is refused. */
export function failuresOf(
  asked: readonly string[],
  refuse: (version: string) => VersionFailure | undefined,
): ReadonlyMap<string, VersionFailure> | undefined {
  const failures = new Map<string, VersionFailure>();
  for (const version of asked) {
    const failure = refuse(version);
    if (failure) failures.set(version, failure);
  }
  return failures.size > 0 ? failures : undefined;
}

/** For callers that have no maps to answer with: the first failure that is to blame, as an exception. */
export function throwFailure({ failedVersions }: VersionResults, identity: PackageIdentity): void {
  const blamed = Object.entries(failedVersions).find(([, failure]) => failure.errorCode !== "SKIPPED");
  if (!blamed) return;
  const [version, failure] = blamed;
  if (failure.errorCode === "NOT_FOUND") throw versionNotFound(identity, version);
  throw versionConflict(version, failure.errorMessage ?? "");
}
