/** What every change of a package's rows has around it: the permission, the rows as they are now, the new revision. */
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { OpenRepository } from "../engine.ts";
import { packageNotFound } from "../errors.ts";
import type { FormatName, PackageName } from "../format.ts";
import { touchPackage } from "../revisions.ts";
import { authorizePackage, packageKey } from "./package-access.ts";
import {
  findPackage,
  findVersion,
  type PackageKey,
  type PackageRow,
  repositoryInTransaction,
  type VersionRow,
} from "./stored-packages.ts";

export interface PackageToChange {
  readonly repository: OpenRepository;
  readonly format: FormatName;
  readonly name: PackageName;
  /** `codeartifact:PutPackageMetadata` */
  readonly action: string;
}

export interface OpenPackage {
  readonly key: PackageKey;
  readonly row: PackageRow;
  /** By its normalized name. */
  version(version: string): Promise<VersionRow | undefined>;
}

/** Throws AccessDeniedException, and ResourceNotFoundException when the repository itself has no such package. */
export async function changePackage<Result>(
  context: CodeArtifactContext,
  call: Call,
  { repository, format, name, action }: PackageToChange,
  change: (tx: Transaction, open: OpenPackage) => Promise<Result>,
): Promise<Result> {
  const key = packageKey(context, repository, format, name);
  await authorizePackage(context, call, key, action);
  return context.metadata.write(async (tx) => {
    await repositoryInTransaction(tx, repository);
    const row = await findPackage(tx, key);
    if (!row) throw packageNotFound(key);
    const result = await change(tx, { key, row, version: (version) => findVersion(tx, row.id, version) });
    await touchPackage(tx, repository.domainId, format, key.name);
    return result;
  });
}
