/**
 * CopyPackageVersions: versions of one package from a repository to another of the same domain, with their files, origin
 * and tags (CodeArtifact user guide, "Copy packages between repositories"). Bytes are not copied: both refer to them.
 */
import type { CopyPackageVersionsCommandInput } from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { Reader, Transaction } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import { packageNotFound, validation } from "../errors.ts";
import type { Reading } from "../reading/reading.ts";
import { touchPackage } from "../revisions.ts";
import { normalizedVersion } from "./change-versions.ts";
import { type CopySource, sourcesOf } from "./copy-sources.ts";
import { copyVersion } from "./copy-version.ts";
import { moveTags } from "./dist-tags.ts";
import { openPackage, openRepositoryOf } from "./package-access.ts";
import { currentRevision } from "./revision.ts";
import type { VersionFailure } from "./statuses.ts";
import {
  findOrCreatePackage,
  findPackage,
  findVersion,
  type PackageKey,
  PUBLISHED_FIRST,
  type Restrictions,
  repositoryInTransaction,
  type VersionRow,
} from "./stored-packages.ts";
import { failed, succeeded, type VersionResults } from "./version-results.ts";

/** What came from outside first goes on coming from there. */
const CAME_FROM_OUTSIDE: Restrictions = { publish: "BLOCK", upstream: "ALLOW" };

export async function copyPackageVersions(
  context: CodeArtifactContext,
  reading: Reading,
  call: Call,
  input: CopyPackageVersionsCommandInput,
): Promise<VersionResults> {
  const { sourceRepository, destinationRepository } = input;
  const from = { ...input, repository: sourceRepository };
  const source = await openRepositoryOf(context, call, from, "codeartifact:ReadFromRepository");
  const into = { ...input, repository: destinationRepository };
  const key = await openPackage(context, call, into, "codeartifact:CopyPackageVersions");
  if (source.id === key.repository.id)
    throw validation("The source and the destination repository must be different");
  const { versions, versionRevisions } = input;
  if ((versions === undefined) === (versionRevisions === undefined))
    throw validation("Either versions or versionRevisions must be specified, and not both");
  const revisions = new Map(Object.entries(versionRevisions ?? {}));
  const asked = [...new Set(versions ?? revisions.keys())];
  const normalized = new Map(
    asked.map((version) => [version, normalizedVersion(context, key.format, version)]),
  );
  const wanted = [...new Set(normalized.values())].filter((version) => version !== undefined);
  const sources = await sourcesOf(
    context,
    reading,
    call,
    { ...key, repository: source },
    wanted,
    input.includeFromUpstream,
  );
  if (sources.length === 0) throw packageNotFound(key);

  return context.metadata.write(async (tx) => {
    await repositoryInTransaction(tx, key.repository);
    const failures = new Map<string, VersionFailure>();
    const plans = new Map<string, Plan>();
    for (const version of asked) {
      const planned = await planCopy(tx, key, sources, version, normalized.get(version), {
        revision: revisions.get(version),
        allowOverwrite: input.allowOverwrite ?? false,
      });
      if ("errorCode" in planned) failures.set(version, planned);
      else plans.set(version, planned);
    }
    if (failures.size > 0) return failed(asked, failures, (version) => `Version ${version} was skipped`);
    return succeeded(await makeCopies(context, tx, call, key, plans));
  });
}

/** `target` is the version that is there already; identical ones are left as they are. */
interface Plan {
  readonly source: CopySource;
  readonly row: VersionRow;
  readonly target: VersionRow | undefined;
  readonly identical: boolean;
}

async function planCopy(
  tx: Reader,
  key: PackageKey,
  sources: readonly CopySource[],
  asked: string,
  version: string | undefined,
  { revision, allowOverwrite }: { revision: string | undefined; allowOverwrite: boolean },
): Promise<Plan | VersionFailure> {
  const found = version === undefined ? undefined : await firstWith(tx, sources, version);
  if (!found) return { errorCode: "NOT_FOUND", errorMessage: `Could not find version ${asked}` };
  const { row } = found;
  if (revision !== undefined && revision !== row.revision)
    return {
      errorCode: "MISMATCHED_REVISION",
      errorMessage: `current revision: ${row.revision}, expected revision: ${revision}`,
    };
  if (row.status === "Disposed")
    return { errorCode: "NOT_ALLOWED", errorMessage: `Version ${asked} is Disposed and cannot be copied` };
  const into = await findPackage(tx, key);
  const target = into && (await findVersion(tx, into.id, row.version));
  const identical = target !== undefined && (await isIdentical(tx, row, target));
  if (target && !identical && !allowOverwrite)
    return { errorCode: "ALREADY_EXISTS", errorMessage: `Version ${asked} already exists` };
  return { ...found, target, identical };
}

/** The first place that has a version decides about it. */
async function firstWith(tx: Reader, sources: readonly CopySource[], version: string) {
  for (const source of sources) {
    const row = await findVersion(tx, source.packageId, version);
    if (row) return { source, row };
  }
  return undefined;
}

async function isIdentical(tx: Reader, one: VersionRow, other: VersionRow): Promise<boolean> {
  if (other.status === "Disposed") return false;
  return (await currentRevision(tx, one.id)) === (await currentRevision(tx, other.id));
}

async function makeCopies(
  context: CodeArtifactContext,
  tx: Transaction,
  call: Call,
  key: PackageKey,
  plans: ReadonlyMap<string, Plan>,
) {
  const copied = new Map<string, { revision: string; status: VersionRow["status"] }>();
  for (const [asked, { source, row, target, identical }] of plans) {
    if (identical) continue;
    const restrictions = row.origin_type === "INTERNAL" ? PUBLISHED_FIRST : CAME_FROM_OUTSIDE;
    const { id } = await findOrCreatePackage(tx, key, restrictions, call.now);
    copied.set(asked, await copyVersion(context, tx, call, key, id, row, target));
    await moveTags(tx, id, await tagsOf(tx, source.packageId, row.version), row.version);
  }
  if (copied.size > 0) await touchPackage(tx, key.repository.domainId, key.format, key.name);
  return copied;
}

async function tagsOf(tx: Reader, packageId: string, version: string): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom("codeartifact_dist_tags")
    .select("tag")
    .where("package_id", "=", packageId)
    .where("version", "=", version)
    .execute();
  return rows.map(({ tag }) => tag);
}
