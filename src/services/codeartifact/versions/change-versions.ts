/**
 * One change of several versions of a package: checked for each first, then made for all in the same transaction, or
 * for none (CodeArtifact user guide, "Errors with individual package versions").
 */
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import { validation } from "../errors.ts";
import { type FormatName, PackageInvalid } from "../format.ts";
import { changePackage, type OpenPackage, type PackageToChange } from "./change-package.ts";
import { type Conditions, refusal, type TargetStatus } from "./statuses.ts";
import { findVersions, type VersionRow } from "./stored-packages.ts";
import { failed, failuresOf, succeeded, type VersionResults } from "./version-results.ts";

export interface VersionsToChange extends PackageToChange {
  /** As the caller spells them. */
  readonly versions: readonly string[];
  readonly target: TargetStatus;
  readonly conditions?: Conditions;
}

export async function changeVersions(
  context: CodeArtifactContext,
  call: Call,
  request: VersionsToChange,
  change: (tx: Transaction, open: OpenPackage, row: VersionRow) => Promise<void>,
): Promise<VersionResults> {
  const asked = [...new Set(request.versions)];
  const { target, conditions = {} } = request;
  return changePackage(context, call, request, async (tx, open) => {
    const rows = await askedVersions(context, tx, open, asked);
    const failures = failuresOf(asked, (version) => refusal(version, rows.get(version), target, conditions));
    if (failures) return failed(asked, failures);
    for (const row of new Set(rows.values())) await change(tx, open, row);
    return succeeded([...rows].map(([version, { revision }]) => [version, { revision, status: target }]));
  });
}

/** By the version as it was asked for; those that are not there are missing. */
async function askedVersions(
  context: CodeArtifactContext,
  tx: Transaction,
  { key, row }: OpenPackage,
  asked: readonly string[],
): Promise<ReadonlyMap<string, VersionRow>> {
  const normalized = new Map<string, string>();
  for (const version of asked) {
    const known = normalizedVersion(context, key.format, version);
    if (known !== undefined) normalized.set(version, known);
  }
  const found = await findVersions(tx, row.id, [...new Set(normalized.values())]);
  const rows = new Map<string, VersionRow>();
  for (const [version, known] of normalized) {
    const there = found.get(known);
    if (there) rows.set(version, there);
  }
  return rows;
}

/** Undefined for what cannot be a version of this format, and so is not there. */
export function normalizedVersion(
  context: Pick<CodeArtifactContext, "formats">,
  format: FormatName,
  version: string,
): string | undefined {
  try {
    return context.formats.get(format).normalizeVersion(version);
  } catch (error) {
    if (error instanceof PackageInvalid) return undefined;
    throw error;
  }
}

/** Throws ValidationException: revisions are given for exactly the versions that are asked for, or for none. */
export function conditionsOf(
  versions: readonly string[],
  expectedStatus: string | undefined,
  versionRevisions: Readonly<Record<string, string>> | undefined,
): Conditions {
  if (versionRevisions === undefined) return { expectedStatus };
  const revisions = new Map(Object.entries(versionRevisions));
  const same =
    revisions.size === new Set(versions).size && versions.every((version) => revisions.has(version));
  if (!same) throw validation("versionRevisions must have exactly the versions of versions");
  return { expectedStatus, revisions };
}
