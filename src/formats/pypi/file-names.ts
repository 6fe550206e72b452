/**
 * What the name of a distribution file says: wheels (binary distribution format, "File name convention"), source
 * distributions (PEP 625 and what came before it), and the eggs and installers of old that upstreams still list.
 */
import { canonicalVersion, isProjectName, normalizeProjectName, normalizeVersion } from "./names.ts";

export type DistributionKind = "wheel" | "sdist" | "other";

export interface DistributionName {
  readonly kind: DistributionKind;
  /** As the file writes it. */
  readonly project: string;
  /** Normalized. */
  readonly version: string;
}

/** Files whose version cannot be told are kept together under this name: downloadable, but of no version. */
export const UNKNOWN_VERSION = "unknown";

const FILE_NAME = /^[a-z0-9_][a-z0-9._+!~@-]*$/i;
const LONGEST_FILE_NAME = 255;
const SDIST = /\.(?:tar\.gz|zip|tar\.bz2|tar\.xz|tgz|tar\.z|tar)$/i;
/** `<name>-<version>[-<build>]-<python>-<abi>-<platform>.whl` */
const WHEEL =
  /^(?<project>[^-]+)-(?<version>[^-]+)(?:-\d[^-]*)?-(?<python>[^-]+)-(?<abi>[^-]+)-(?<platform>[^-]+)\.whl$/i;
const EGG_OR_INSTALLER =
  /^(?<stem>.+?)(?:-py\d[\d.]*.*)?\.egg$|^(?<installer>.+?)\.(?:win|linux|macosx).*\.(?:exe|msi|dmg)$/i;

/** Safe in a path, a page and a header: no slash, no space, no dot in front. */
export function isFileName(name: string): boolean {
  return name.length <= LONGEST_FILE_NAME && FILE_NAME.test(name);
}

/** The name of a wheel or source distribution as it may be published; undefined when it is none. */
export function parseFileName(file: string): DistributionName | undefined {
  if (!isFileName(file)) return undefined;
  const wheel = WHEEL.exec(file)?.groups;
  if (wheel) return named("wheel", wheel["project"], wheel["version"]?.replaceAll("_", "-"));
  const suffix = SDIST.exec(file);
  if (!suffix) return undefined;
  const stem = file.slice(0, suffix.index);
  // PEP 625: neither name nor version contains a hyphen. Before it both could.
  const dash = stem.lastIndexOf("-");
  return dash > 0 ? named("sdist", stem.slice(0, dash), stem.slice(dash + 1)) : undefined;
}

function named(
  kind: DistributionKind,
  project: string | undefined,
  version: string | undefined,
): DistributionName | undefined {
  if (project === undefined || version === undefined || !isProjectName(project)) return undefined;
  const canonical = canonicalVersion(version);
  return canonical === undefined ? undefined : { kind, project, version: canonical };
}

/** A file that an upstream lists under `project` (normalized): never fails, the version may be UNKNOWN_VERSION. */
export function readListedFileName(file: string, project: string): DistributionName {
  const plain = parseFileName(file);
  if (plain && normalizeProjectName(plain.project) === project) return plain;
  const suffix = SDIST.exec(file);
  const old = EGG_OR_INSTALLER.exec(file)?.groups;
  const stem = suffix ? file.slice(0, suffix.index) : (old?.["stem"] ?? old?.["installer"]);
  const version = stem === undefined ? undefined : versionAfter(project, stem);
  const kind = suffix ? "sdist" : file.toLowerCase().endsWith(".whl") ? "wheel" : "other";
  return { kind, project, version: version ?? UNKNOWN_VERSION };
}

/** Which hyphen ends the name is known by the project's name alone. */
function versionAfter(project: string, stem: string): string | undefined {
  for (let dash = stem.indexOf("-"); dash > 0; dash = stem.indexOf("-", dash + 1)) {
    const name = stem.slice(0, dash);
    if (!isProjectName(name) || normalizeProjectName(name) !== project) continue;
    const rest = stem.slice(dash + 1);
    try {
      return normalizeVersion(rest);
    } catch {
      return undefined;
    }
  }
  return undefined;
}
