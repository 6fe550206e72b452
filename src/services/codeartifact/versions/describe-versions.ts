/** DescribePackageVersion, GetPackageVersionReadme, ListPackageVersionDependencies: what is known of one version. */
import type {
  DescribePackageVersionCommandInput,
  GetPackageVersionReadmeCommandInput,
  ListPackageVersionDependenciesCommandInput,
  PackageVersionOriginType,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { CodeArtifactContext } from "../context.ts";
import { notFound, versionNotFound } from "../errors.ts";
import type { PackageDependency } from "../format.ts";
import { listPage } from "../paging.ts";
import { normalizedVersion } from "./change-versions.ts";
import { openPackage, type PackageInput } from "./package-access.ts";
import { storedPackage } from "./packages.ts";
import {
  findVersion,
  type PackageKey,
  parseDescription,
  readmeOf,
  type VersionRow,
} from "./stored-packages.ts";

/** ListPackageVersionDependencies has no `maxResults`. */
const DEPENDENCIES_PAGE = 1000;

export interface VersionInput extends PackageInput {
  readonly packageVersion: string | undefined;
}

/** Throws ResourceNotFoundException when the repository itself has no such version. */
export async function openVersion(
  context: CodeArtifactContext,
  call: Call,
  input: VersionInput,
  action: string,
): Promise<{ readonly key: PackageKey; readonly row: VersionRow }> {
  const key = await openPackage(context, call, input, action);
  const { id } = await storedPackage(context, key);
  const asked = input.packageVersion ?? "";
  const version = normalizedVersion(context, key.format, asked);
  const row = version === undefined ? undefined : await findVersion(context.metadata.reader, id, version);
  if (!row) throw versionNotFound(key, asked);
  return { key, row };
}

export async function describePackageVersion(
  context: CodeArtifactContext,
  call: Call,
  input: DescribePackageVersionCommandInput,
) {
  const { key, row } = await openVersion(context, call, input, "codeartifact:DescribePackageVersion");
  const { displayName, summary, homePage, sourceCodeRepository, licenses } = parseDescription(row);
  return {
    packageVersion: {
      ...namesOf(key),
      packageName: key.name.name,
      displayName: displayName ?? key.name.name,
      version: row.version,
      summary,
      homePage,
      sourceCodeRepository,
      publishedTime: new Date(row.published_at),
      licenses: licenses.map((name) => ({ name })),
      revision: row.revision,
      status: row.status,
      origin: originOf(row),
    },
  };
}

export async function getPackageVersionReadme(
  context: CodeArtifactContext,
  call: Call,
  input: GetPackageVersionReadmeCommandInput,
) {
  const { key, row } = await openVersion(context, call, input, "codeartifact:GetPackageVersionReadme");
  const readme = await readmeOf(context.metadata.reader, row.id);
  if (readme === undefined)
    throw notFound(`Package version '${row.version}' of package '${key.name.name}' has no readme.`);
  return { ...versionNames(key, row), readme };
}

export async function listPackageVersionDependencies(
  context: CodeArtifactContext,
  call: Call,
  input: ListPackageVersionDependenciesCommandInput,
) {
  const operation = "codeartifact:ListPackageVersionDependencies";
  const { key, row } = await openVersion(context, call, input, operation);
  const numbered = parseDescription(row).dependencies.map((dependency, number) => ({ dependency, number }));
  const { items, nextToken } = await listPage(
    context,
    call,
    { operation, purpose: [row.id, row.revision] },
    { ...input, maxResults: DEPENDENCIES_PAGE },
    async ({ after: [last = "-1"], limit }) => numbered.slice(Number(last) + 1, Number(last) + 1 + limit),
    ({ number }) => [String(number)],
  );
  return {
    ...versionNames(key, row),
    dependencies: items.map(({ dependency }) => shown(dependency)),
    nextToken,
  };
}

function shown({ namespace, package: name, dependencyType, versionRequirement }: PackageDependency) {
  return {
    ...(namespace !== undefined && namespace !== "" && { namespace }),
    package: name,
    dependencyType,
    versionRequirement,
  };
}

/** Format and namespace, which is absent where there is none. */
export function namesOf({ format, name: { namespace } }: PackageKey) {
  return { format, ...(namespace !== "" && { namespace }) };
}

export function versionNames(key: PackageKey, { version, revision }: VersionRow) {
  return { ...namesOf(key), package: key.name.name, version, versionRevision: revision };
}

export function originOf(row: Pick<VersionRow, "origin_type" | "origin_repository" | "origin_connection">) {
  return {
    originType: row.origin_type as PackageVersionOriginType,
    domainEntryPoint: {
      ...(row.origin_repository !== null && { repositoryName: row.origin_repository }),
      ...(row.origin_connection !== null && { externalConnectionName: row.origin_connection }),
    },
  };
}
