import type { AccountId, Region } from "../../../aws/names.ts";
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import { packageArn } from "../names.ts";
import { type VersionChange, versionChanged } from "./change-events.ts";
import { type PackageKey, repositoryInTransaction } from "./stored-packages.ts";

/** Writes the event about a version into the transaction that changes it, under the package's next number. */
export async function recordChange(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  { repository, format, name }: PackageKey,
  packageId: string,
  change: VersionChange,
): Promise<void> {
  const { administrator_account: administrator } = await repositoryInTransaction(tx, repository);
  const { event_sequence: sequence } = await tx
    .updateTable("codeartifact_packages")
    .set((row) => ({ event_sequence: row("event_sequence", "+", 1) }))
    .where("id", "=", packageId)
    .returning("event_sequence")
    .executeTakeFirstOrThrow();
  const changed = {
    arn: packageArn(repository, format, name),
    domain: repository.domain,
    owner: repository.owner as AccountId,
    region: repository.region as Region,
    repository: repository.name,
    administrator,
    format,
    name,
    id: packageId,
  };
  await context.events.record(tx, versionChanged(changed, change, sequence, call.now));
}
