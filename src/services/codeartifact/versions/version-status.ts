/** Published, Unlisted, Archived: what the API and native clients (NuGet's unlist) set without touching a file. */
import type { UpdatePackageVersionsStatusCommandInput } from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { OpenRepository, VersionStatus } from "../engine.ts";
import { validation } from "../errors.ts";
import type { FormatName, PackageName } from "../format.ts";
import type { OpenPackage } from "./change-package.ts";
import { changeVersions, conditionsOf } from "./change-versions.ts";
import { openPackage } from "./package-access.ts";
import { recordChange } from "./record-change.ts";
import type { VersionRow } from "./stored-packages.ts";
import { throwFailure, type VersionResults } from "./version-results.ts";

const TARGETS = ["Published", "Unlisted", "Archived"] as const;
type Target = (typeof TARGETS)[number];

export async function updatePackageVersionsStatus(
  context: CodeArtifactContext,
  call: Call,
  input: UpdatePackageVersionsStatusCommandInput,
): Promise<VersionResults> {
  const action = "codeartifact:UpdatePackageVersionsStatus";
  const key = await openPackage(context, call, input, action);
  const target = TARGETS.find((status) => status === input.targetStatus);
  if (!target)
    throw validation(
      `The status of package versions can be updated to ${TARGETS.join(", ")}, not to ${input.targetStatus}`,
    );
  const versions = input.versions ?? [];
  const conditions = conditionsOf(versions, input.expectedStatus, input.versionRevisions);
  return changeVersions(context, call, { ...key, action, versions, target, conditions }, (tx, open, row) =>
    moveTo(context, tx, call, open, row, target),
  );
}

/** Throws ResourceNotFoundException or ConflictException for the first version that cannot be moved. */
export async function setStatus(
  context: CodeArtifactContext,
  call: Call,
  repository: OpenRepository,
  format: FormatName,
  name: PackageName,
  versions: readonly string[],
  status: VersionStatus,
): Promise<void> {
  const target = TARGETS.find((known) => known === status);
  if (!target) throw new TypeError(`no client sets ${status}`);
  const action = "codeartifact:UpdatePackageVersionsStatus";
  const request = { repository, format, name, action, versions, target };
  const results = await changeVersions(context, call, request, (tx, open, row) =>
    moveTo(context, tx, call, open, row, target),
  );
  throwFailure(results, { format, name });
}

export async function moveTo(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  { key, row: { id } }: OpenPackage,
  row: VersionRow,
  status: Target,
): Promise<void> {
  if (row.status === status) return;
  await tx.updateTable("codeartifact_versions").set({ status }).where("id", "=", row.id).execute();
  const { version, revision } = row;
  const change = { version, status, revision, operation: "Updated", statusChanged: true } as const;
  await recordChange(context, tx, call, key, id, change);
}
