/** Packages as the API shows them: what one repository itself has, and by which ways it may get new versions. */
import type {
  DeletePackageCommandInput,
  DescribePackageCommandInput,
  ListPackagesCommandInput,
  PutPackageOriginConfigurationCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { CodeArtifactContext } from "../context.ts";
import { packageNotFound, validation } from "../errors.ts";
import { PackageInvalid } from "../format.ts";
import { listPage, type Page } from "../paging.ts";
import { touchPackage } from "../revisions.ts";
import { openPackage, openRepositoryOf } from "./package-access.ts";
import { removeVersion } from "./remove-versions.ts";
import {
  asVersion,
  findOrCreatePackage,
  findPackage,
  type PackageKey,
  type PackageRow,
  type Restrictions,
  repositoryInTransaction,
} from "./stored-packages.ts";

export async function describePackage(
  context: CodeArtifactContext,
  call: Call,
  input: DescribePackageCommandInput,
) {
  const key = await openPackage(context, call, input, "codeartifact:DescribePackage");
  const row = await storedPackage(context, key);
  const { package: name, ...described } = summary(row);
  return { package: { ...described, name } };
}

export async function listPackages(
  context: CodeArtifactContext,
  call: Call,
  input: ListPackagesCommandInput,
) {
  const operation = "codeartifact:ListPackages";
  const repository = await openRepositoryOf(context, call, input, operation);
  const format = input.format === undefined ? undefined : context.formats.parse(input.format);
  const { namespace, publish, upstream } = input;
  const prefix = format && input.packagePrefix ? normalizedPrefix(context, input) : input.packagePrefix;
  const purpose = [repository.id, format, namespace, prefix, publish, upstream];
  const select = ({ after, limit }: Page) => {
    let query = context.metadata.reader
      .selectFrom("codeartifact_packages")
      .selectAll()
      .where("repository_id", "=", repository.id)
      .orderBy("format")
      .orderBy("namespace")
      .orderBy("name")
      .limit(limit);
    if (format) query = query.where("format", "=", format);
    if (namespace !== undefined) query = query.where("namespace", "=", namespace);
    if (prefix) query = query.where("name", ">=", prefix).where("name", "<", `${prefix}\u{10ffff}`);
    if (publish) query = query.where("publish", "=", publish);
    if (upstream) query = query.where("upstream", "=", upstream);
    if (after.length > 0) {
      const [afterFormat = "", afterNamespace = "", afterName = ""] = after;
      query = query.where((row) =>
        row(
          row.refTuple("format", "namespace", "name"),
          ">",
          row.tuple(afterFormat, afterNamespace, afterName),
        ),
      );
    }
    return query.execute();
  };
  const { items, nextToken } = await listPage(
    context,
    call,
    { operation, purpose },
    input,
    select,
    (last) => [last.format, last.namespace, last.name],
  );
  return { packages: items.map(summary), nextToken };
}

/** The part of a name in the spelling in which names are stored. */
function normalizedPrefix(context: CodeArtifactContext, input: ListPackagesCommandInput): string {
  const { namespace = "", packagePrefix: prefix = "" } = input;
  try {
    return context.formats.get(context.formats.parse(input.format)).normalizeName({ namespace, name: prefix })
      .name;
  } catch (error) {
    // What is no name by itself may still begin one.
    if (error instanceof PackageInvalid) return prefix;
    throw error;
  }
}

/** May be set before there is a package, which is then there without versions. */
export async function putPackageOriginConfiguration(
  context: CodeArtifactContext,
  call: Call,
  input: PutPackageOriginConfigurationCommandInput,
) {
  const key = await openPackage(context, call, input, "codeartifact:PutPackageOriginConfiguration");
  const { publish, upstream } = input.restrictions ?? {};
  if (!publish || !upstream) throw validation("restrictions must have publish and upstream");
  const restrictions: Restrictions = { publish, upstream };
  await context.metadata.write(async (tx) => {
    await repositoryInTransaction(tx, key.repository);
    const { id } = await findOrCreatePackage(tx, key, restrictions, call.now);
    await tx.updateTable("codeartifact_packages").set(restrictions).where("id", "=", id).execute();
    await touchPackage(tx, key.repository.domainId, key.format, key.name);
  });
  return { originConfiguration: { restrictions } };
}

/** Versions to one transaction: other writers wait behind it. */
const BATCH = 50;

/**
 * Versions go batch by batch, the package with the last: one that breaks off leaves a package with fewer versions, and
 * the same call again deletes the rest.
 */
export async function deletePackage(
  context: CodeArtifactContext,
  call: Call,
  input: DeletePackageCommandInput,
) {
  const key = await openPackage(context, call, input, "codeartifact:DeletePackage");
  const deletedPackage = summary(await storedPackage(context, key));
  while (!(await deleteBatch(context, call, key)));
  return { deletedPackage };
}

/** Returns whether nothing is left. */
function deleteBatch(context: CodeArtifactContext, call: Call, key: PackageKey): Promise<boolean> {
  return context.metadata.write(async (tx) => {
    const row = await findPackage(tx, key);
    if (!row) return true;
    const versions = await tx
      .selectFrom("codeartifact_versions")
      .selectAll()
      .where("package_id", "=", row.id)
      .orderBy("version")
      .limit(BATCH)
      .execute();
    for (const version of versions) await removeVersion(context, tx, call, { key, row }, asVersion(version));
    await touchPackage(tx, key.repository.domainId, key.format, key.name);
    if (versions.length === BATCH) return false;
    for (const table of ["codeartifact_dist_tags", "codeartifact_package_documents"] as const)
      await tx.deleteFrom(table).where("package_id", "=", row.id).execute();
    await tx.deleteFrom("codeartifact_packages").where("id", "=", row.id).execute();
    return true;
  });
}

/** Throws ResourceNotFoundException: the API looks only at the repository it is asked about. */
export async function storedPackage(context: CodeArtifactContext, key: PackageKey): Promise<PackageRow> {
  const row = await findPackage(context.metadata.reader, key);
  if (!row) throw packageNotFound(key);
  return row;
}

function summary(row: PackageRow) {
  return {
    format: row.format as PackageKey["format"],
    ...(row.namespace !== "" && { namespace: row.namespace }),
    package: row.name,
    originConfiguration: {
      restrictions: { publish: row.publish, upstream: row.upstream } as Restrictions,
    },
  };
}
