/**
 * Documents of packages as the npm registry writes them (npm/registry, docs/responses/package-metadata.md): the full
 * packument, the abbreviated one for installations, one version's manifest. Differences: `time` is in both, since clients
 * that keep a minimum age need it; files lie at this repository's own address. Pure.
 */
import { createHash } from "node:crypto";
import { compare, parse, type SemVer } from "semver";
import type { PackageView, VersionView } from "../../services/codeartifact/engine.ts";
import { isObject, type JsonObject, objectOf, textOf } from "./json.ts";
import { hasInstallScript } from "./manifest.ts";
import { fullName, tarballName } from "./names.ts";

export const ABBREVIATED = "application/vnd.npm.install-v1+json";
export const FULL = "application/json";

/** What an installation needs of a version. */
const ABBREVIATED_FIELDS = [
  "name",
  "version",
  "deprecated",
  "dependencies",
  "optionalDependencies",
  "devDependencies",
  "bundleDependencies",
  "bundledDependencies",
  "peerDependencies",
  "peerDependenciesMeta",
  "acceptDependencies",
  "bin",
  "directories",
  "dist",
  "engines",
  "_hasShrinkwrap",
  "os",
  "cpu",
  "libc",
  "funding",
] as const;

/** Of the package's newest version, shown with the package when no upstream has said them. */
const PACKAGE_FIELDS = [
  "description",
  "keywords",
  "homepage",
  "repository",
  "author",
  "contributors",
  "license",
  "bugs",
  "maintainers",
] as const;

/** Undefined when nothing is to be seen of it. `baseUrl` is the repository's, with its slash. */
export function fullPackument(view: PackageView, baseUrl: string): JsonObject | undefined {
  const shown = shownPackage(view);
  if (shown === undefined) return undefined;
  const { name, tags, versions, newest } = shown;
  const { time: _, ...ofPackage } = view.metadata;
  return {
    ...picked(newest.description.metadata, PACKAGE_FIELDS),
    ...ofPackage,
    _id: name,
    _rev: packumentRevision(view),
    name,
    "dist-tags": tags,
    versions: Object.fromEntries(
      versions.map((each) => [each.version, versionManifest(view, each, baseUrl)]),
    ),
    time: { ...times(view, versions) },
  };
}

export function abbreviatedPackument(view: PackageView, baseUrl: string): JsonObject | undefined {
  const shown = shownPackage(view);
  if (shown === undefined) return undefined;
  const { name, tags, versions } = shown;
  const time = times(view, versions);
  return {
    name,
    modified: time["modified"],
    "dist-tags": tags,
    versions: Object.fromEntries(
      versions.map((each) => {
        const manifest = versionManifest(view, each, baseUrl);
        const fields = picked(manifest, ABBREVIATED_FIELDS);
        return [each.version, hasInstallScript(manifest) ? { ...fields, hasInstallScript: true } : fields];
      }),
    ),
    time,
  };
}

/** By its number or by a tag; undefined when there is no such version. */
export function oneManifest(view: PackageView, version: string, baseUrl: string): JsonObject | undefined {
  const shown = shownPackage(view);
  const wanted = shown?.tags[version] ?? version;
  const found = shown?.versions.find((each) => each.version === wanted);
  return found && versionManifest(view, found, baseUrl);
}

/** The tags as clients see them: only of versions that are shown, and `latest` always. */
export function shownTags(view: PackageView): Readonly<Record<string, string>> | undefined {
  return shownPackage(view)?.tags;
}

export function newestVersion(view: PackageView): VersionView | undefined {
  return shownPackage(view)?.newest;
}

/** `_rev`: other versions, another revision. Whoever removes versions says by it which ones they have seen. */
export function packumentRevision(view: PackageView): string {
  const hash = createHash("sha256");
  for (const { version, status } of view.versions)
    if (status === "Published") hash.update(version).update("\n");
  return `1-${hash.digest("hex").slice(0, 32)}`;
}

interface ShownPackage {
  readonly name: string;
  readonly versions: readonly VersionView[];
  readonly tags: Readonly<Record<string, string>>;
  readonly newest: VersionView;
}

function shownPackage(view: PackageView): ShownPackage | undefined {
  const versions = view.versions.filter(({ status }) => status === "Published");
  const numbers = new Map(versions.map((each) => [each.version, each]));
  const tags = Object.entries(view.tags).filter(([, version]) => numbers.has(version));
  const latest = tags.find(([tag]) => tag === "latest")?.[1] ?? defaultLatest(versions);
  const newest = latest === undefined ? undefined : numbers.get(latest);
  if (latest === undefined || newest === undefined) return undefined;
  return {
    name: fullName(view.name),
    versions: versions.toSorted((a, b) => a.publishedAt - b.publishedAt),
    tags: Object.fromEntries([["latest", latest], ...tags]),
    newest,
  };
}

/** Installing a package without a tag has to mean something: its highest release, or else its highest version. */
function defaultLatest(versions: readonly VersionView[]): string | undefined {
  let best: SemVer | undefined;
  for (const { version } of versions) {
    const parsed = parse(version);
    if (parsed && (best === undefined || isBetter(parsed, best))) best = parsed;
  }
  return best?.version;
}

function isBetter(one: SemVer, other: SemVer): boolean {
  const released = one.prerelease.length === 0;
  return released === (other.prerelease.length === 0) ? compare(one, other) > 0 : released;
}

function versionManifest(
  view: PackageView,
  { version, description, assets }: VersionView,
  baseUrl: string,
): JsonObject {
  const name = fullName(view.name);
  const { metadata } = description;
  const [asset] = assets;
  const dist = objectOf(metadata["dist"]);
  const attestations = dist["attestations"];
  return {
    ...metadata,
    name,
    version,
    _id: `${name}@${version}`,
    dist: {
      ...(asset?.hashes.sha512 !== undefined && { integrity: integrityOf(asset.hashes.sha512) }),
      ...(asset?.hashes.sha1 !== undefined && { shasum: asset.hashes.sha1 }),
      ...dist,
      tarball: `${baseUrl}${name}/-/${tarballName(view.name, version)}`,
      ...(isObject(attestations) && {
        attestations: { ...attestations, url: `${baseUrl}-/npm/v1/attestations/${name}@${version}` },
      }),
    },
  };
}

function times(view: PackageView, versions: readonly VersionView[]): Readonly<Record<string, string>> {
  const said = objectOf(view.metadata["time"]);
  const first = versions[0]?.publishedAt ?? 0;
  const last = versions.at(-1)?.publishedAt ?? 0;
  const modified = Math.max(last, Date.parse(textOf(said["modified"]) ?? "") || 0);
  return Object.fromEntries([
    ["created", textOf(said["created"]) ?? isoTime(first)],
    ["modified", isoTime(modified)],
    ...versions.map((each) => [each.version, isoTime(each.publishedAt)]),
  ]);
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function integrityOf(sha512: string): string {
  return `sha512-${Buffer.from(sha512, "hex").toString("base64")}`;
}

function picked(object: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(
    fields.flatMap((field) => (object[field] === undefined ? [] : [[field, object[field]]])),
  );
}
