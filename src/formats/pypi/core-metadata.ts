/**
 * The core metadata of a distribution (METADATA of a wheel, PKG-INFO of a source distribution): "Core metadata
 * specifications" of the Python packaging guide. Read as the standard's email parser would, without its leniency
 * about characters: headers, folded lines, then the description as the body.
 */
import {
  type PackageDependency,
  PackageInvalid,
  type VersionDescription,
} from "../../services/codeartifact/format.ts";

export interface CoreMetadata {
  /** By lower-case name, every value in order. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly description: string | undefined;
}

/** METADATA files of real packages end below 1 MB; this is what is kept in memory. */
export const LARGEST_METADATA = 4 * 1024 * 1024;
const MOST_FIELDS = 20_000;
const FIELD = /^([A-Za-z][A-Za-z0-9-]*)[ \t]*:(.*)$/s;
const FOLDED = /^[ \t]/;

/** Throws PackageInvalid for what is not UTF-8, no headers, or too large. */
export function readCoreMetadata(bytes: Uint8Array): CoreMetadata {
  if (bytes.length > LARGEST_METADATA)
    throw new PackageInvalid(`the metadata is larger than ${LARGEST_METADATA} bytes`);
  const lines = decode(bytes).split(/\r?\n/);
  const end = lines.indexOf("");
  const head = end < 0 ? lines : lines.slice(0, end);
  const values = new Map<string, string[]>();
  for (const [name, folded] of fieldsOf(head)) {
    const value = folded.join("\n").trim();
    const before = values.get(name);
    if (before) before.push(value);
    else values.set(name, [value]);
  }
  const body = end < 0 ? "" : lines.slice(end + 1).join("\n");
  const description = body.trim() === "" ? values.get("description")?.[0] : body;
  return { fields: values, description: description?.trim() === "" ? undefined : description };
}

/** Each field with the lines of its value. */
function fieldsOf(lines: readonly string[]): readonly (readonly [name: string, value: string[]])[] {
  const fields: [string, string[]][] = [];
  for (const [index, line] of lines.entries()) {
    const last = fields.at(-1);
    if (FOLDED.test(line) && last) {
      last[1].push(unfolded(line));
      continue;
    }
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      const shown = JSON.stringify(line.slice(0, 80));
      throw new PackageInvalid(`line ${index + 1} of the metadata is no field: ${shown}`);
    }
    if (fields.length === MOST_FIELDS)
      throw new PackageInvalid(`the metadata has more than ${MOST_FIELDS} fields`);
    fields.push([name.toLowerCase(), [value.trim()]]);
  }
  return fields;
}

/** A description in a field is folded with a bar ("Description"), or with eight spaces as distutils wrote it. */
function unfolded(line: string): string {
  return line.replace(/^(?: {7}\|| {8}|[ \t]+)/, "");
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new PackageInvalid("the metadata is not UTF-8");
  }
}

/** A field that is there once; "UNKNOWN" is what old tools wrote for nothing. */
export function field(metadata: CoreMetadata, name: string): string | undefined {
  const value = metadata.fields.get(name)?.[0];
  return value === undefined || value === "" || value === "UNKNOWN" ? undefined : value;
}

/** Kept of each version, for those who ask the API: short fields only. */
const KEPT_FIELDS = [
  "metadata-version",
  "name",
  "version",
  "author",
  "author-email",
  "maintainer",
  "maintainer-email",
  "keywords",
  "requires-python",
  "license",
  "license-expression",
  "description-content-type",
] as const;
const KEPT_LISTS = ["classifier", "platform", "project-url", "provides-extra"] as const;
const LONGEST_KEPT = 4_096;
const LONGEST_LICENSE = 256;

export function describeMetadata(metadata: CoreMetadata): VersionDescription {
  const kept: Record<string, unknown> = {};
  for (const name of KEPT_FIELDS) {
    const value = field(metadata, name);
    if (value !== undefined && value.length <= LONGEST_KEPT) kept[name] = value;
  }
  for (const name of KEPT_LISTS) {
    const values = metadata.fields.get(name);
    if (values) kept[name] = values.filter(({ length }) => length <= LONGEST_KEPT).slice(0, 1_000);
  }
  const urls = projectUrls(metadata);
  const summary = field(metadata, "summary");
  const homePage = field(metadata, "home-page") ?? urls.get("homepage");
  const sourceCodeRepository =
    urls.get("source") ?? urls.get("repository") ?? urls.get("sourcecode") ?? urls.get("github");
  return {
    metadata: kept,
    ...(typeof kept["name"] === "string" ? { displayName: kept["name"] } : {}),
    ...(summary === undefined ? {} : { summary }),
    ...(homePage === undefined ? {} : { homePage }),
    ...(sourceCodeRepository === undefined ? {} : { sourceCodeRepository }),
    licenses: licensesOf(metadata),
    dependencies: (metadata.fields.get("requires-dist") ?? []).flatMap(dependencyOf),
    ...(metadata.description === undefined ? {} : { readme: metadata.description }),
  };
}

/** "Well-known Project URLs in Metadata": labels are compared without punctuation, spaces and case. */
function projectUrls(metadata: CoreMetadata): ReadonlyMap<string, string> {
  const urls = new Map<string, string>();
  for (const entry of metadata.fields.get("project-url") ?? []) {
    const comma = entry.indexOf(",");
    if (comma < 0) continue;
    const label = entry
      .slice(0, comma)
      .replace(/[^\p{L}\p{N}]/gu, "")
      .toLowerCase();
    urls.set(label, entry.slice(comma + 1).trim());
  }
  return urls;
}

/** PEP 639's expression; else the classifiers; else the old field if it is a name and no text. */
function licensesOf(metadata: CoreMetadata): readonly string[] {
  const expression = field(metadata, "license-expression");
  if (expression !== undefined) return [expression];
  const prefix = "License :: ";
  const classified = (metadata.fields.get("classifier") ?? [])
    .filter((classifier) => classifier.startsWith(prefix) && classifier !== "License :: OSI Approved")
    .map((classifier) => classifier.split(" :: ").at(-1) ?? "");
  const license = field(metadata, "license");
  if (license !== undefined && license.length <= LONGEST_LICENSE && !license.includes("\n")) return [license];
  return classified;
}

/** PEP 508: the name, then everything else as it stands. */
const REQUIREMENT = /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(.*)$/s;

function dependencyOf(requirement: string): readonly PackageDependency[] {
  const [, name, rest = ""] = REQUIREMENT.exec(requirement) ?? [];
  if (name === undefined) return [];
  const versionRequirement = rest.trim();
  return [
    {
      package: name.replace(/[-_.]+/g, "-").toLowerCase(),
      dependencyType: "Requires-Dist",
      ...(versionRequirement === "" ? {} : { versionRequirement }),
    },
  ];
}
