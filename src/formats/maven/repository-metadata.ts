/**
 * `maven-metadata.xml` by Maven's repository metadata model 1.1: which versions an artifact has, which files the newest
 * build of a snapshot has, which plugins a group has. Read from clients and upstreams, generated for everyone.
 */
import { PackageInvalid, type PackageName } from "../../services/codeartifact/format.ts";
import { child, children, type Element, escapeXml, parseXml, textOf } from "../packages/xml.ts";
import { isSnapshot } from "./snapshots.ts";
import { sortVersions } from "./version-order.ts";

export const MAXIMUM_METADATA_BYTES = 16 * 1024 * 1024;

export interface RepositoryMetadata {
  readonly groupId: string | undefined;
  readonly artifactId: string | undefined;
  readonly version: string | undefined;
  readonly latest: string | undefined;
  readonly release: string | undefined;
  readonly versions: readonly string[];
  /** `yyyyMMddHHmmss` in UTC */
  readonly lastUpdated: string | undefined;
  readonly snapshot: { readonly timestamp: string; readonly buildNumber: number } | undefined;
  readonly plugins: readonly Plugin[];
}

export interface Plugin {
  readonly name: string | undefined;
  readonly prefix: string;
  readonly artifactId: string;
}

/** Throws PackageInvalid. */
export function parseRepositoryMetadata(bytes: Uint8Array): RepositoryMetadata {
  const metadata = parseXml(bytes, "the maven-metadata.xml", "metadata");
  const versioning = child(metadata, "versioning");
  return {
    groupId: textOf(metadata, "groupId"),
    artifactId: textOf(metadata, "artifactId"),
    version: textOf(metadata, "version"),
    latest: textOf(versioning, "latest"),
    release: textOf(versioning, "release"),
    versions: children(child(versioning, "versions"), "version")
      .map(({ text }) => text)
      .filter((text) => text !== ""),
    lastUpdated: /^[0-9]{14}$/.exec(textOf(versioning, "lastUpdated") ?? "")?.[0],
    snapshot: snapshotOf(child(versioning, "snapshot")),
    plugins: children(child(metadata, "plugins"), "plugin").flatMap((plugin) => {
      const [prefix, artifactId] = [textOf(plugin, "prefix"), textOf(plugin, "artifactId")];
      return prefix && artifactId ? { name: textOf(plugin, "name"), prefix, artifactId } : [];
    }),
  };
}

function snapshotOf(element: Element | undefined): RepositoryMetadata["snapshot"] {
  const timestamp = textOf(element, "timestamp");
  const buildNumber = textOf(element, "buildNumber");
  if (timestamp === undefined || buildNumber === undefined) return undefined;
  if (!/^[0-9]{8}\.[0-9]{6}$/.test(timestamp) || !/^[0-9]{1,9}$/.test(buildNumber))
    throw new PackageInvalid(
      `the maven-metadata.xml has no build in <snapshot>: ${timestamp}-${buildNumber}`,
    );
  return { timestamp, buildNumber: Number(buildNumber) };
}

/** Throws PackageInvalid when the metadata says it is of something else than it is put beside. */
export function checkMetadata(metadata: RepositoryMetadata, name: PackageName, version?: string): void {
  const claims = [
    ["groupId", metadata.groupId, name.namespace],
    ["artifactId", metadata.artifactId, name.name],
    ["version", version === undefined ? undefined : metadata.version, version],
  ] as const;
  for (const [what, said, expected] of claims) {
    if (said === undefined || said === expected) continue;
    throw new PackageInvalid(
      `the maven-metadata.xml is of ${what} '${said}', but it was put beside '${expected}'`,
    );
  }
}

export interface ArtifactVersions {
  readonly versions: readonly string[];
  /** Those of them that were published here. */
  readonly published: readonly string[];
  /** What the upstream calls so; undefined when nothing is from outside. */
  readonly latest: string | undefined;
  readonly release: string | undefined;
  readonly lastUpdated: string;
}

/** Of an artifact: all its versions from the oldest to the newest. */
export function renderArtifactMetadata(name: PackageName, content: ArtifactVersions): string {
  const versions = sortVersions(new Set(content.versions));
  const isRelease = (version: string) => !isSnapshot(version);
  /** The upstream's word stands until something newer is published here. */
  const newest = (upstream: string | undefined, among: (version: string) => boolean): string | undefined => {
    const candidates = versions.filter(among);
    if (upstream === undefined || !candidates.includes(upstream)) return candidates.at(-1);
    return sortVersions([upstream, ...content.published.filter(among)]).at(-1);
  };
  return document([
    tag("groupId", name.namespace, 1),
    tag("artifactId", name.name, 1),
    "  <versioning>",
    tag(
      "latest",
      newest(content.latest, () => true),
      2,
    ),
    tag("release", newest(content.release, isRelease), 2),
    "    <versions>",
    ...versions.map((version) => tag("version", version, 3)),
    "    </versions>",
    tag("lastUpdated", content.lastUpdated, 2),
    "  </versioning>",
  ]);
}

export interface SnapshotFile {
  readonly classifier: string;
  readonly extension: string;
  /** The build: `1.0-20260131.120000-7` */
  readonly value: string;
  readonly updated: string;
}

/** Of a snapshot: the newest build and where each of its files is. */
export function renderSnapshotMetadata(
  name: PackageName,
  version: string,
  build: { readonly timestamp: string; readonly number: number },
  files: readonly SnapshotFile[],
): string {
  const lastUpdated = build.timestamp.replace(".", "");
  return document([
    tag("groupId", name.namespace, 1),
    tag("artifactId", name.name, 1),
    tag("version", version, 1),
    "  <versioning>",
    "    <snapshot>",
    tag("timestamp", build.timestamp, 3),
    tag("buildNumber", String(build.number), 3),
    "    </snapshot>",
    tag("lastUpdated", lastUpdated, 2),
    "    <snapshotVersions>",
    ...files.flatMap((file) => [
      "      <snapshotVersion>",
      tag("classifier", file.classifier === "" ? undefined : file.classifier, 4),
      tag("extension", file.extension, 4),
      tag("value", file.value, 4),
      tag("updated", file.updated, 4),
      "      </snapshotVersion>",
    ]),
    "    </snapshotVersions>",
    "  </versioning>",
  ]);
}

/** Of a group: by which prefix its plugins are called on the command line. */
export function renderGroupMetadata(plugins: readonly Plugin[]): string {
  return document([
    "  <plugins>",
    ...plugins.flatMap((plugin) => [
      "    <plugin>",
      tag("name", plugin.name, 3),
      tag("prefix", plugin.prefix, 3),
      tag("artifactId", plugin.artifactId, 3),
      "    </plugin>",
    ]),
    "  </plugins>",
  ]);
}

/** `yyyyMMddHHmmss` in UTC */
export function metadataTime(milliseconds: number): string {
  return new Date(milliseconds)
    .toISOString()
    .replace(/[^0-9]/g, "")
    .slice(0, 14);
}

function document(lines: readonly (string | undefined)[]): string {
  const body = lines.filter((line) => line !== undefined);
  return ['<?xml version="1.0" encoding="UTF-8"?>', "<metadata>", ...body, "</metadata>", ""].join("\n");
}

function tag(name: string, text: string | undefined, depth: number): string | undefined {
  return text === undefined ? undefined : `${"  ".repeat(depth)}<${name}>${escapeXml(text)}</${name}>`;
}
