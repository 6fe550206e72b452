/**
 * Snapshots as Maven 3 deploys them: each build of `1.0-SNAPSHOT` has its own files, named by time and a running number
 * (`lib-1.0-20260131.120000-7.jar`), in the folder of the snapshot. Kept here as the service does it: the newest build is
 * the version `1.0-SNAPSHOT`, each one before it the Unlisted version `1.0-20260131.120000-7`.
 */
import { PackageInvalid, type PackageName } from "../../services/codeartifact/format.ts";

/** One build: `1.0-20260131.120000-7`. */
export interface SnapshotBuild {
  readonly version: string;
  /** `20260131.120000`, in UTC */
  readonly timestamp: string;
  readonly number: number;
}

const SUFFIX = "-SNAPSHOT";
const BUILD = /^(.*)-([0-9]{8}\.[0-9]{6})-([0-9]{1,9})$/;

export function isSnapshot(version: string): boolean {
  return version.endsWith(SUFFIX) && version !== SUFFIX;
}

/** The folder a version lies in: `1.0-SNAPSHOT` for all its builds, a release's own. */
export function baseVersion(version: string): string {
  const base = BUILD.exec(version)?.[1];
  return base === undefined ? version : `${base}${SUFFIX}`;
}

export function parseBuild(version: string): SnapshotBuild | undefined {
  const [, , timestamp, number] = BUILD.exec(version) ?? [];
  return timestamp && number ? { version, timestamp, number: Number(number) } : undefined;
}

export function buildVersion(snapshot: string, timestamp: string, number: number): string {
  return `${snapshot.slice(0, -SUFFIX.length)}-${timestamp}-${number}`;
}

/** From the oldest to the newest. */
export function compareBuilds(left: SnapshotBuild, right: SnapshotBuild): number {
  const [one, two] = [left.timestamp, right.timestamp];
  return one < two ? -1 : one > two ? 1 : left.number - right.number;
}

/**
 * What a file's name says: the version in it (a build's, for snapshots) and what comes after it: `-sources.jar`, `.pom`.
 * Undefined when it is no file of that version.
 */
export function parseFileName(
  { name }: PackageName,
  version: string,
  file: string,
): { readonly version: string; readonly rest: string } | undefined {
  const snapshot = isSnapshot(version);
  const prefix = `${name}-${snapshot ? version.slice(0, -SUFFIX.length) : version}`;
  if (!file.startsWith(prefix)) return undefined;
  const after = file.slice(prefix.length);
  if (!snapshot) return /^[.-]./.test(after) ? { version, rest: after } : undefined;
  const [, build, rest] = /^(-[0-9]{8}\.[0-9]{6}-[0-9]{1,9})([.-].+)$/.exec(after) ?? [];
  if (build === undefined || rest === undefined) return undefined;
  return { version: `${version.slice(0, -SUFFIX.length)}${build}`, rest };
}

/** The build whose files a version `1.0-SNAPSHOT` has. */
export function buildOf(
  name: PackageName,
  snapshot: string,
  assets: readonly { readonly name: string }[],
): SnapshotBuild | undefined {
  for (const asset of assets) {
    const build = parseFileName(name, snapshot, asset.name)?.version;
    if (build !== undefined) return parseBuild(build);
  }
  return undefined;
}

// Extensions of more than one word; of any other name the last word is the extension.
const LONG_EXTENSION = /\.((?:tar\.[a-z0-9]+|[a-z0-9]+)(?:\.asc)?)$/i;

/** `-sources.jar` is classifier sources, extension jar. */
export function parseRest(rest: string): { readonly classifier: string; readonly extension: string } {
  const extension = LONG_EXTENSION.exec(rest)?.[1] ?? rest.slice(rest.lastIndexOf(".") + 1);
  return { classifier: rest.slice(1, -extension.length - 1), extension };
}

/** Throws PackageInvalid when a file does not belong where it is put. */
export function checkFileName(name: PackageName, version: string, file: string): string {
  const parsed = parseFileName(name, version, file);
  if (parsed !== undefined) return parsed.version;
  if (isSnapshot(version) && file.startsWith(`${name.name}-${version}`))
    throw new PackageInvalid(
      `${file} has no build in its name: only unique snapshots are taken (${name.name}-${buildVersion(version, "yyyyMMdd.HHmmss", 1)}.jar), as Maven 3 and newer and Gradle deploy them`,
    );
  throw new PackageInvalid(`${file} is no file of ${name.namespace}:${name.name}:${version}`);
}
