/**
 * PUT of maven-metadata.xml. None of it is kept as it came, for it is generated: what counts is what it says has been
 * deployed whole. The metadata of an artifact makes the versions it names Published; that of a snapshot puts the build it
 * names in the place of the one before, which stays under its own name, Unlisted; that of a group tells the prefixes of
 * its plugins.
 */
import { AwsError } from "../../aws/errors.ts";
import type { Call } from "../../identity/call.ts";
import type {
  Arrangement,
  OpenRepository,
  Packages,
  StoredVersion,
} from "../../services/codeartifact/engine.ts";
import { versionConflict } from "../../services/codeartifact/errors.ts";
import { PackageInvalid, type PackageName } from "../../services/codeartifact/format.ts";
import { normalizeName } from "./coordinates.ts";
import type { Plugin, RepositoryMetadata } from "./repository-metadata.ts";
import { buildOf, buildVersion, compareBuilds, parseBuild } from "./snapshots.ts";

/** The document beside a plugin's versions that keeps its prefix. */
export const PLUGIN_DOCUMENT = "plugin";
const MOST_PLUGINS = 1000;

/** Makes the versions that artifact metadata names Published. Returns those it named that are still to come. */
export async function publishNamed(
  packages: Packages,
  call: Call,
  repository: OpenRepository,
  name: PackageName,
  { versions, latest, release, version }: RepositoryMetadata,
): Promise<readonly string[]> {
  const named = new Set([...versions, latest, release, version].filter((each) => each !== undefined));
  let finished: readonly string[] = [];
  await ifThere(() =>
    packages.arrange(call, repository, "maven", name, "unfinished", (stored) => {
      // A snapshot's builds are the business of its own metadata.
      const whole = stored.filter(
        (each) => named.has(each.version) && parseBuild(each.version) === undefined,
      );
      finished = whole.map((each) => each.version);
      return finished.map((each) => ({ version: each, status: "Published" }));
    }),
  );
  return [...named].filter((each) => !finished.includes(each));
}

/** Puts the build that a snapshot's metadata names under the snapshot's name. Returns the build's version. */
export async function publishBuild(
  packages: Packages,
  call: Call,
  repository: OpenRepository,
  name: PackageName,
  snapshot: string,
  metadata: RepositoryMetadata,
): Promise<string> {
  if (metadata.snapshot === undefined)
    throw new PackageInvalid(
      "the maven-metadata.xml of a snapshot names no build in <snapshot>: only unique snapshots are taken",
    );
  const { timestamp, buildNumber } = metadata.snapshot;
  const build = buildVersion(snapshot, timestamp, buildNumber);
  await ifThere(() => promote(packages, call, repository, name, snapshot, build));
  return build;
}

export function promote(
  packages: Packages,
  call: Call,
  repository: OpenRepository,
  name: PackageName,
  snapshot: string,
  build: string,
): Promise<void> {
  return packages.arrange(call, repository, "maven", name, [snapshot, build], (stored) =>
    planPromotion(name, snapshot, build, stored),
  );
}

/** Pure. */
export function planPromotion(
  name: PackageName,
  snapshot: string,
  build: string,
  stored: readonly StoredVersion[],
): readonly Arrangement[] {
  const current = stored.find(({ version }) => version === snapshot);
  const next = stored.find(({ version }) => version === build);
  // It is the current one already, or its files are still to come.
  if (next === undefined || next.status !== "Unfinished") return [];
  if (current === undefined) return [{ version: build, becomes: snapshot, status: "Published" }];
  const before = buildOf(name, snapshot, current.assets);
  const [comingBuild, isDone] = [
    parseBuild(build),
    current.status === "Published" || current.status === "Unlisted",
  ];
  if (before === undefined || comingBuild === undefined || !isDone)
    throw versionConflict(snapshot, `Version ${snapshot} is ${current.status} and takes no further builds`);
  // Of two that deploy at once the older one may come last.
  if (compareBuilds(comingBuild, before) < 0) return [{ version: build, status: "Unlisted" }];
  return [
    { version: snapshot, becomes: before.version, status: "Unlisted" },
    { version: build, becomes: snapshot, status: "Published" },
  ];
}

/** Keeps the prefixes of those plugins that are here; Maven sends along those of the whole group. */
export async function keepPlugins(
  packages: Packages,
  call: Call,
  repository: OpenRepository,
  group: string,
  plugins: readonly Plugin[],
): Promise<void> {
  for (const plugin of plugins.slice(0, MOST_PLUGINS)) {
    const name = normalizeName({ namespace: group, name: plugin.artifactId });
    const content = Buffer.from(JSON.stringify(plugin));
    const before = await packages.getDocument(repository, "maven", name, PLUGIN_DOCUMENT);
    if (before !== undefined && content.equals(before)) continue;
    await ifThere(() => packages.putDocument(call, repository, "maven", name, PLUGIN_DOCUMENT, content));
  }
}

/** Metadata may come before the files, and names packages of other repositories. */
async function ifThere(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AwsError) || error.name !== "ResourceNotFoundException") throw error;
  }
}
