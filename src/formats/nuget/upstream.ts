/**
 * Another NuGet v3 source as upstream: its service index (below the connection's base address), from there the
 * registration of a package and where its content lies. What a source says of versions is replaced by the package's own
 * manifest once the package has been fetched.
 */
import {
  PackageInvalid,
  type UpstreamDocument,
  type UpstreamListing,
  type UpstreamProtocol,
  type UpstreamSource,
  type UpstreamVersion,
} from "../../services/codeartifact/format.ts";
import { normalizeVersion, parseVersion } from "./nuget-version.ts";
import { readNupkg } from "./nupkg.ts";
import { type DependencyGroup, describeMetadata, type NuGetMetadata } from "./nuspec.ts";
import { normalizeId, nupkgName } from "./package-id.ts";

/** Preferred first: SemVer 2.0.0 versions are only in the last hive. */
const REGISTRATIONS = [
  "RegistrationsBaseUrl/3.6.0",
  "RegistrationsBaseUrl/Versioned",
  "RegistrationsBaseUrl/3.4.0",
  "RegistrationsBaseUrl",
];
const CONTENT = ["PackageBaseAddress/3.0.0"];
const MOST_PAGES = 500;
const PAGES_AT_ONCE = 8;
/** Sources say of an unlisted version that it was published in the year 1900. */
const FIRST_YEAR = 1901;

export const upstream: UpstreamProtocol = {
  async list(source, { name }) {
    const resources = await serviceIndex(source);
    const registrations = resources.get(REGISTRATIONS);
    if (registrations === undefined)
      throw new PackageInvalid(`${source.connection} has no package registrations`);
    const index = await source.document(`${withSlash(registrations)}${encodeURIComponent(name)}/index.json`);
    if (index === undefined) return undefined;
    const content = resources.get(CONTENT);
    const versions = new Map<string, UpstreamVersion>();
    for (const leaf of await leavesOf(source, index)) {
      const version = versionOf(leaf, name, content, index.url);
      if (version) versions.set(version.version, version);
    }
    return { versions: [...versions.values()], tags: {}, metadata: {} } satisfies UpstreamListing;
  },

  async describe(content, asset, version) {
    const { metadata, readme } = await readNupkg(content);
    const isSame =
      version === undefined ||
      (normalizeVersion(metadata.version) === version.version &&
        asset.name === nupkgName(normalizeId(metadata.id), version.version));
    if (!isSame)
      throw new PackageInvalid(
        `the package calls itself ${metadata.id} ${metadata.version}, not ${asset.name}`,
      );
    return describeMetadata(metadata, readme);
  },
};

async function serviceIndex(source: UpstreamSource) {
  const document = await source.document(`${source.baseUrl}index.json`);
  if (document === undefined) throw new PackageInvalid(`${source.connection} has no service index`);
  const resources = array(record(json(document)).resources).map(record);
  return {
    get(types: readonly string[]): string | undefined {
      for (const type of types) {
        const id = text(resources.find((resource) => [resource["@type"]].flat().includes(type))?.["@id"]);
        const url = id === undefined ? undefined : URL.parse(id, document.url)?.href;
        if (url !== undefined) return url;
      }
      return undefined;
    },
  };
}

/** Pages lie in the index, or are documents of their own. */
async function leavesOf(source: UpstreamSource, index: UpstreamDocument): Promise<readonly Json[]> {
  const pages = array(record(json(index)).items).map(record);
  if (pages.length > MOST_PAGES) throw new PackageInvalid(`a registration of more than ${MOST_PAGES} pages`);
  const leaves: Json[][] = [];
  for (let start = 0; start < pages.length; start += PAGES_AT_ONCE) {
    const some = pages.slice(start, start + PAGES_AT_ONCE);
    leaves.push(...(await Promise.all(some.map((page) => leavesOfPage(source, index, page)))));
  }
  return leaves.flat();
}

async function leavesOfPage(source: UpstreamSource, index: UpstreamDocument, page: Json): Promise<Json[]> {
  if (Array.isArray(page.items)) return page.items.map(record);
  const id = text(page["@id"]);
  const url = id === undefined ? undefined : URL.parse(id, index.url)?.href;
  const document = url === undefined ? undefined : await source.document(url);
  if (document === undefined) throw new PackageInvalid(`${source.connection} lacks a page of a registration`);
  return array(record(json(document)).items).map(record);
}

/** Undefined for what this package cannot have: another id, or no version number. */
function versionOf(
  leaf: Json,
  name: string,
  content: string | undefined,
  base: string,
): UpstreamVersion | undefined {
  const entry = record(leaf.catalogEntry);
  const written = text(entry.version) ?? "";
  const id = text(entry.id) ?? name;
  if (parseVersion(written) === undefined || id.toLowerCase() !== name) return undefined;
  const version = normalizeVersion(written);
  const file = nupkgName(name, version);
  const said = text(leaf.packageContent) ?? text(entry.packageContent);
  const encoded = [name, version, file].map(encodeURIComponent).join("/");
  const url = content === undefined ? URL.parse(said ?? "", base)?.href : `${withSlash(content)}${encoded}`;
  if (url === undefined) return undefined;
  const published = Date.parse(text(entry.published) ?? "");
  const isOld = Number.isNaN(published) || new Date(published).getUTCFullYear() < FIRST_YEAR;
  return {
    version,
    publishedAt: isOld ? undefined : published,
    unlisted: entry.listed === false || (entry.listed === undefined && !Number.isNaN(published) && isOld),
    description: describeMetadata(metadataOf(entry, id, written), undefined),
    assets: [{ name: file, url, integrity: {}, metadata: {} }],
  };
}

const TEXTS = [
  "title",
  "description",
  "summary",
  "projectUrl",
  "iconUrl",
  "licenseUrl",
  "licenseExpression",
  "language",
  "minClientVersion",
] as const;

function metadataOf(entry: Json, id: string, version: string): NuGetMetadata {
  const said = TEXTS.map((name) => [name, text(entry[name])] as const).filter(([, value]) => value);
  const authors = list(entry.authors).join(", ");
  return {
    id,
    version,
    ...Object.fromEntries(said),
    ...(authors === "" ? {} : { authors }),
    ...(entry.requireLicenseAcceptance === true ? { requireLicenseAcceptance: true } : {}),
    tags: list(entry.tags),
    packageTypes: [],
    dependencyGroups: array(entry.dependencyGroups).map(record).map(dependencyGroup),
  };
}

function dependencyGroup(group: Json): DependencyGroup {
  const targetFramework = text(group.targetFramework);
  return {
    ...(targetFramework ? { targetFramework } : {}),
    dependencies: array(group.dependencies)
      .map(record)
      .filter((dependency) => text(dependency.id))
      .map((dependency) => ({ id: text(dependency.id) ?? "", range: text(dependency.range) ?? "" })),
  };
}

type Json = Readonly<Record<string, unknown>>;

function json(document: UpstreamDocument): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(document.bytes));
  } catch (cause) {
    throw new PackageInvalid(`${document.url} is no JSON`, { cause });
  }
}

function record(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function array(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Texts that a source writes as a list or as one text. */
function list(value: unknown): readonly string[] {
  const values = Array.isArray(value) ? value : [value];
  return values.filter((each): each is string => typeof each === "string" && each !== "");
}

function withSlash(url: string): string {
  return url.endsWith("/") ? url : `${url}/`;
}
