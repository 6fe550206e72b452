/** The manifest of a NuGet package (".nuspec reference" on Microsoft Learn) as far as sources show it to clients. */
import {
  type PackageDependency,
  PackageInvalid,
  type VersionDescription,
} from "../../services/codeartifact/format.ts";
import { child, children, type Element, parseXml, textOf } from "../packages/xml.ts";
import { parseVersion } from "./nuget-version.ts";
import { normalizeId } from "./package-id.ts";

export interface DependencyGroup {
  /** `net8.0`, `.NETStandard2.0`; undefined for any. */
  readonly targetFramework?: string;
  readonly dependencies: readonly Dependency[];
}

export interface Dependency {
  /** As written. */
  readonly id: string;
  /** `[1.0.0, )`, `1.0.0`, or empty for any. */
  readonly range: string;
}

/** What is kept in a version's metadata, and rendered from. Absent members were not said. */
export interface NuGetMetadata {
  /** As written, in the author's case. */
  readonly id: string;
  /** As written, with build metadata. */
  readonly version: string;
  readonly authors?: string;
  readonly owners?: string;
  readonly title?: string;
  readonly description?: string;
  readonly summary?: string;
  readonly tags: readonly string[];
  readonly projectUrl?: string;
  readonly iconUrl?: string;
  readonly licenseUrl?: string;
  readonly licenseExpression?: string;
  readonly copyright?: string;
  readonly language?: string;
  readonly releaseNotes?: string;
  readonly minClientVersion?: string;
  readonly requireLicenseAcceptance?: boolean;
  readonly repositoryUrl?: string;
  readonly packageTypes: readonly { readonly name: string; readonly version?: string }[];
  readonly dependencyGroups: readonly DependencyGroup[];
}

export interface Nuspec {
  readonly metadata: NuGetMetadata;
  /** Names of files in the package. */
  readonly readmeFile: string | undefined;
}

const MOST_DEPENDENCIES = 5_000;

/** Throws PackageInvalid when it is no manifest, or lacks an id or a version. */
export function parseNuspec(bytes: Uint8Array): Nuspec {
  const fields = child(parseXml(bytes, "the .nuspec", "package"), "metadata");
  if (fields === undefined) throw new PackageInvalid("the .nuspec has no <metadata>");
  const id = textOf(fields, "id");
  const version = textOf(fields, "version");
  if (id === undefined || version === undefined)
    throw new PackageInvalid("the .nuspec lacks an id or a version");
  normalizeId(id);
  if (parseVersion(version) === undefined)
    throw new PackageInvalid(`'${version.slice(0, 128)}' is not a NuGet version`);
  const license = child(fields, "license");
  const texts = {
    authors: textOf(fields, "authors"),
    owners: textOf(fields, "owners"),
    title: textOf(fields, "title"),
    description: textOf(fields, "description"),
    summary: textOf(fields, "summary"),
    projectUrl: textOf(fields, "projectUrl"),
    iconUrl: textOf(fields, "iconUrl"),
    licenseUrl: textOf(fields, "licenseUrl"),
    licenseExpression: license?.attributes.type === "expression" ? license.text : undefined,
    copyright: textOf(fields, "copyright"),
    language: textOf(fields, "language"),
    releaseNotes: textOf(fields, "releaseNotes"),
    minClientVersion: fields.attributes.minClientVersion,
    repositoryUrl: child(fields, "repository")?.attributes.url,
  };
  const metadata: NuGetMetadata = {
    id,
    version,
    ...withoutAbsent(texts),
    ...(textOf(fields, "requireLicenseAcceptance")?.toLowerCase() === "true"
      ? { requireLicenseAcceptance: true }
      : {}),
    tags:
      textOf(fields, "tags")
        ?.split(/[\s,;]+/)
        .filter((tag) => tag !== "") ?? [],
    packageTypes: children(child(fields, "packageTypes"), "packageType").map(({ attributes }) => ({
      name: attributes.name ?? "Dependency",
      ...withoutAbsent({ version: attributes.version }),
    })),
    dependencyGroups: dependencyGroups(child(fields, "dependencies")),
  };
  return { metadata, readmeFile: textOf(fields, "readme") };
}

function dependencyGroups(element: Element | undefined): readonly DependencyGroup[] {
  const groups = children(element, "group").map((group) => ({
    ...withoutAbsent({ targetFramework: group.attributes.targetFramework }),
    dependencies: dependenciesIn(group),
  }));
  // Before groups there was a flat list, which is for every framework.
  const flat = dependenciesIn(element);
  const all = flat.length > 0 ? [...groups, { dependencies: flat }] : groups;
  if (all.reduce((count, group) => count + 1 + group.dependencies.length, 0) > MOST_DEPENDENCIES) {
    throw new PackageInvalid(`the .nuspec has more than ${MOST_DEPENDENCIES} dependencies`);
  }
  return all;
}

function dependenciesIn(element: Element | undefined): readonly Dependency[] {
  return children(element, "dependency").map(({ attributes }) => {
    if (attributes.id === undefined) throw new PackageInvalid("the .nuspec has a dependency without an id");
    return { id: attributes.id.trim(), range: attributes.version?.trim() ?? "" };
  });
}

/** The description the engine keeps. */
export function describeMetadata(metadata: NuGetMetadata, readme: string | undefined): VersionDescription {
  return {
    metadata: { ...metadata },
    displayName: metadata.title ?? metadata.id,
    ...withoutAbsent({
      summary: metadata.summary ?? metadata.description?.slice(0, 1_000),
      homePage: metadata.projectUrl,
      sourceCodeRepository: metadata.repositoryUrl,
      readme,
    }),
    licenses: [metadata.licenseExpression ?? metadata.licenseUrl].filter((license) => license !== undefined),
    dependencies: dependenciesOf(metadata),
  };
}

function dependenciesOf(metadata: NuGetMetadata): readonly PackageDependency[] {
  const known = new Map<string, PackageDependency>();
  for (const { id, range } of metadata.dependencyGroups.flatMap((group) => group.dependencies)) {
    const dependency = { package: id.toLowerCase(), ...(range === "" ? {} : { versionRequirement: range }) };
    known.set(`${dependency.package} ${range}`, dependency);
  }
  return [...known.values()];
}

function withoutAbsent<Fields extends Readonly<Record<string, string | undefined>>>(
  fields: Fields,
): { [Name in keyof Fields]?: string } {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(said) as { [Name in keyof Fields]?: string };
}
