/**
 * Maven's repository layout: `group/with/slashes/artifact/version/artifact-version[-classifier].extension`, and
 * `maven-metadata.xml` beside artifacts, versions and groups. Names are Maven's own: what its model validator refuses
 * is not taken either.
 */
import type { HashName, PackageName } from "../../services/codeartifact/format.ts";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { baseVersion, isSnapshot } from "./snapshots.ts";

export type MavenPath =
  /** `version` is the folder: `1.0-SNAPSHOT` for every build of it. */
  | { readonly kind: "file"; readonly name: PackageName; readonly version: string; readonly file: string }
  | { readonly kind: "snapshot-metadata"; readonly name: PackageName; readonly version: string }
  /** Of an artifact (`a/b` is artifact b of group a) or of a group (a.b): the address does not say which. */
  | { readonly kind: "metadata"; readonly artifact: PackageName | undefined; readonly group: string };

/** A path, and which checksum of it is meant. */
export interface MavenAddress {
  readonly path: MavenPath;
  readonly checksum: HashName | undefined;
}

export const METADATA_FILE = "maven-metadata.xml";

const CHECKSUMS: readonly HashName[] = ["md5", "sha1", "sha256", "sha512"];
const IDENTIFIER = /^[A-Za-z0-9_.-]{1,255}$/;
// What Maven's model validator forbids in versions, and spaces and control characters.
const VERSION = /^[^\\/:"<>|?*[\](){},\s\p{Cc}]{1,255}$/u;

/** Reads the raw path after the repository's name. Throws PackageInvalid, saying what is wrong with it. */
export function parseMavenPath(raw: string): MavenAddress {
  const segments = raw.split("/").map(decodeSegment);
  const last = segments.pop() ?? "";
  const checksum = CHECKSUMS.find((name) => last.endsWith(`.${name}`));
  const file = checksum === undefined ? last : last.slice(0, -checksum.length - 1);
  return { path: parseFile(segments, file), checksum };
}

function parseFile(folders: readonly string[], file: string): MavenPath {
  if (file === METADATA_FILE) return parseMetadataPath(folders);
  const version = folders.at(-1);
  const artifact = folders.at(-2);
  const group = folders.slice(0, -2);
  if (version === undefined || artifact === undefined || group.length === 0 || file === "")
    throw new PackageInvalid("a file of a Maven repository lies in group/artifact/version/");
  const name = normalizeName({ namespace: group.join("."), name: artifact });
  if (baseVersion(version) !== version)
    throw new PackageInvalid(`a build of a snapshot lies in ${baseVersion(version)}/`);
  return { kind: "file", name, version: normalizeVersion(version), file: checkFile(file) };
}

function parseMetadataPath(folders: readonly string[]): MavenPath {
  const last = folders.at(-1);
  if (last === undefined) throw new PackageInvalid("there is no metadata of a whole repository");
  if (isSnapshot(last) && folders.length > 2) {
    const [artifact = "", ...group] = [folders.at(-2), ...folders.slice(0, -2)];
    const name = normalizeName({ namespace: group.join("."), name: artifact });
    return { kind: "snapshot-metadata", name, version: normalizeVersion(last) };
  }
  const group = checkGroup(folders.join("."));
  const owner = folders.slice(0, -1).join(".");
  return {
    kind: "metadata",
    artifact: owner === "" ? undefined : normalizeName({ namespace: owner, name: last }),
    group,
  };
}

export function normalizeName({ namespace, name }: PackageName): PackageName {
  if (!IDENTIFIER.test(name) || isDots(name)) throw new PackageInvalid(`'${name}' is no artifactId`);
  return { namespace: checkGroup(namespace), name };
}

export function normalizeVersion(version: string): string {
  if (!VERSION.test(version) || isDots(version)) throw new PackageInvalid(`'${version}' is no version`);
  return version;
}

/** Folder and file names that other files of the same version may have. Throws PackageInvalid. */
function checkFile(file: string): string {
  if (!VERSION.test(file) || isDots(file)) throw new PackageInvalid(`'${file}' is no file name`);
  return file;
}

function checkGroup(group: string): string {
  if (!IDENTIFIER.test(group) || group.split(".").includes(""))
    throw new PackageInvalid(`'${group}' is no groupId`);
  return group;
}

function isDots(text: string): boolean {
  return text === "." || text === "..";
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new PackageInvalid(`'${segment}' is not percent-encoded as UTF-8`);
  }
}

/** `org/example/lib/1.0/` for addresses of upstreams: percent-encoded, ends in a slash. */
export function folderOf({ namespace, name }: PackageName, version?: string): string {
  const folders = [...namespace.split("."), name, ...(version === undefined ? [] : [baseVersion(version)])];
  return folders.map((folder) => `${encodeURIComponent(folder)}/`).join("");
}
