/** The metadata documents that are generated from what a repository shows of a package. */
import type { PackageView, VersionView } from "../../services/codeartifact/engine.ts";
import {
  metadataTime,
  type Plugin,
  renderArtifactMetadata,
  renderSnapshotMetadata,
  type SnapshotFile,
} from "./repository-metadata.ts";
import {
  baseVersion,
  buildOf,
  compareBuilds,
  parseFileName,
  parseRest,
  type SnapshotBuild,
} from "./snapshots.ts";

/** Undefined when the repository shows no version of it. */
export function artifactMetadata(view: PackageView): string | undefined {
  const versions = view.versions.filter(({ status }) => status === "Published");
  if (versions.length === 0) return undefined;
  const published = versions.filter(({ origin }) => origin === "INTERNAL");
  const fromOutside = published.length < versions.length;
  const outside = (key: string): string | undefined => {
    const value = view.metadata[key];
    return fromOutside && typeof value === "string" ? value : undefined;
  };
  const updated = outside("lastUpdated");
  // When a file was fetched from outside says nothing; when something was published here does.
  const dated = published.length > 0 || updated !== undefined ? published : versions;
  const times = [...dated.map(({ publishedAt }) => metadataTime(publishedAt)), updated ?? ""];
  return renderArtifactMetadata(view.name, {
    versions: versions.map(({ version }) => version),
    published: published.map(({ version }) => version),
    latest: outside("latest"),
    release: outside("release"),
    lastUpdated: times.reduce((newest, time) => (time > newest ? time : newest)),
  });
}

/** Undefined when the repository shows no build of the snapshot. */
export function snapshotMetadata(view: PackageView, snapshot: string): string | undefined {
  const builds = buildsOf(view, snapshot);
  const [newest] = builds;
  if (newest === undefined) return undefined;
  const files = new Map<string, SnapshotFile>();
  // A file that a later build did not have again (other classifiers, deployed apart) stays the newest of its kind.
  for (const { build, version } of builds) {
    for (const { name } of version.assets) {
      const parsed = parseFileName(view.name, snapshot, name);
      if (parsed?.version !== build.version) continue;
      const file = parseRest(parsed.rest);
      const key = `${file.classifier}:${file.extension}`;
      if (files.has(key)) continue;
      files.set(key, { ...file, value: build.version, updated: build.timestamp.replace(".", "") });
    }
  }
  return renderSnapshotMetadata(view.name, snapshot, newest.build, [...files.values()]);
}

/** From the newest to the oldest. */
function buildsOf(
  view: PackageView,
  snapshot: string,
): readonly { readonly build: SnapshotBuild; readonly version: VersionView }[] {
  return view.versions
    .filter(({ version }) => baseVersion(version) === snapshot)
    .flatMap((version) => {
      const build = buildOf(view.name, snapshot, version.assets);
      return build === undefined ? [] : { build, version };
    })
    .sort((left, right) => compareBuilds(right.build, left.build));
}

/** Which plugins an upstream's group has, as its listing keeps them. */
export function pluginsOf(view: PackageView | undefined): readonly Plugin[] {
  const plugins = view?.metadata["plugins"];
  return Array.isArray(plugins) ? (plugins as Plugin[]) : [];
}
