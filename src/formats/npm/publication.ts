/** Whether what is said of a published version is true of its bytes, and what is kept of it. Pure. */
import { validRange } from "semver";
import {
  PackageInvalid,
  type PackageName,
  type ReceivedContent,
  type VersionDescription,
} from "../../services/codeartifact/format.ts";
import { isObject, type JsonObject, objectOf, textOf, textsOf } from "./json.ts";
import { describeManifest, hasInstallScript } from "./manifest.ts";
import { fullName, normalizeVersion } from "./names.ts";
import { attachedProvenance, type Provenance } from "./provenance.ts";
import type { TarballContents } from "./tarball.ts";

export interface CheckedPublication {
  readonly description: VersionDescription;
  readonly tags: readonly string[];
  readonly provenance: Provenance | undefined;
}

/** Throws PackageInvalid for each thing that is not so. */
export function checkPublication(
  document: JsonObject,
  name: PackageName,
  version: string,
  content: Pick<ReceivedContent, "size" | "hashes">,
  tarball: TarballContents,
): CheckedPublication {
  const text = fullName(name);
  if (document["name"] !== text)
    throw new PackageInvalid(`The document is of ${quoted(document["name"])} and was sent for ${text}.`);
  const manifest = manifestOf(document, version);
  checkIdentity(manifest, "The manifest", text, version);
  checkIdentity(tarball.packageJson, "package.json in the package", text, version);
  checkAgreement(manifest, tarball.packageJson);
  const attachments = objectOf(document["_attachments"]);
  checkLength(attachments, content.size);
  const dist = objectOf(manifest["dist"]);
  checkDigests(dist, content);
  const provenance = attachedProvenance(attachments, name, version, content.hashes.sha512);
  const { fileCount, unpackedSize } = tarball;
  const { tarball: _, attestations: __, signatures: ___, ...said } = dist;
  const kept = {
    ...manifest,
    version,
    dist: {
      ...said,
      fileCount,
      unpackedSize,
      ...(provenance && { attestations: { provenance: { predicateType: provenance.predicateType } } }),
    },
    ...(hasInstallScript(manifest) && { hasInstallScript: true }),
  };
  return {
    description: describeManifest(kept, tarball.readme ?? readmeIn(manifest, document)),
    tags: tagsOf(document, version),
    provenance,
  };
}

function manifestOf(document: JsonObject, version: string): JsonObject {
  const manifests = Object.entries(objectOf(document["versions"]));
  const [found, ...others] = manifests.flatMap(([number, manifest]) =>
    isObject(manifest) && normalizedOrUndefined(number) === version ? [manifest] : [],
  );
  if (found === undefined || others.length > 0)
    throw new PackageInvalid(`The document has no manifest of the attached version ${version}.`);
  return found;
}

function checkIdentity(manifest: JsonObject, what: string, name: string, version: string): void {
  if (manifest["name"] !== name)
    throw new PackageInvalid(`${what} says the name ${quoted(manifest["name"])}, not ${name}.`);
  if (normalizedOrUndefined(String(manifest["version"])) !== version)
    throw new PackageInvalid(`${what} says the version ${quoted(manifest["version"])}, not ${version}.`);
}

/** Clients resolve by the manifest and run what the package holds: the two must not tell different stories. */
function checkAgreement(manifest: JsonObject, packageJson: JsonObject): void {
  for (const field of ["dependencies", "optionalDependencies", "peerDependencies"]) {
    // npm moves what is optional out of the regular ones.
    const said = installedWith(manifest, field);
    const held = installedWith(packageJson, field);
    for (const name of new Set([...said.keys(), ...held.keys()]))
      if (!isSameRange(said.get(name), held.get(name)))
        throw new PackageInvalid(
          `The manifest and package.json in the package differ in ${field}: ${quoted(name)} is ${quoted(said.get(name))} and ${quoted(held.get(name))}.`,
        );
  }
  const said = objectOf(manifest["scripts"]);
  const held = objectOf(packageJson["scripts"]);
  for (const script of ["preinstall", "install", "postinstall"])
    if (textOf(said[script]) !== textOf(held[script]) && said[script] !== "node-gyp rebuild")
      throw new PackageInvalid(
        `The manifest and package.json in the package differ in the script ${script}.`,
      );
}

function installedWith(manifest: JsonObject, field: string): ReadonlyMap<string, string> {
  const own = textsOf(manifest[field]);
  if (field !== "dependencies") return new Map(own);
  const optional = new Set(textsOf(manifest["optionalDependencies"]).map(([name]) => name));
  return new Map(own.filter(([name]) => !optional.has(name)));
}

/** Addresses of repositories are written in several ways by the clients: only ranges are compared. */
function isSameRange(one: string | undefined, other: string | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  const ranges = [validRange(one), validRange(other)];
  return ranges[0] === ranges[1];
}

function checkLength(attachments: JsonObject, size: number): void {
  const tarball = Object.entries(attachments).find(([file]) => file.endsWith(".tgz"))?.[1];
  const length = objectOf(tarball)["length"];
  if (length !== undefined && length !== size)
    throw new PackageInvalid(
      `The attached package has ${size} bytes, and the document says ${quoted(length)}.`,
    );
}

const INTEGRITY = /^(sha512|sha256|sha1)-([A-Za-z0-9+/]+={0,2})$/;

function checkDigests(dist: JsonObject, { hashes }: Pick<ReceivedContent, "hashes">): void {
  const shasum = dist["shasum"];
  if (shasum !== undefined && String(shasum).toLowerCase() !== hashes.sha1)
    throw new PackageInvalid("The attached package does not have the shasum that the document says.");
  const integrity = textOf(dist["integrity"]);
  for (const part of integrity?.split(/\s+/) ?? []) {
    const [, algorithm = "", digest = ""] = INTEGRITY.exec(part) ?? [];
    const hash = hashes[algorithm as keyof typeof hashes];
    if (hash === undefined || Buffer.from(digest, "base64").toString("hex") !== hash)
      throw new PackageInvalid("The attached package does not have the integrity that the document says.");
  }
}

function tagsOf(document: JsonObject, version: string): readonly string[] {
  const tags = textsOf(document["dist-tags"]).filter(([, each]) => normalizedOrUndefined(each) === version);
  return tags.map(([tag]) => checkTag(tag));
}

/** As npm: a tag that reads as a range of versions could never be asked for. Throws PackageInvalid. */
export function checkTag(tag: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (tag === "" || tag.length > 200 || validRange(tag) !== null || /[\u0000-\u0020/\\]/.test(tag))
    throw new PackageInvalid(`${quoted(tag)} cannot be a tag: it reads as a version or is no name.`);
  return tag;
}

function readmeIn(manifest: JsonObject, document: JsonObject): string | undefined {
  const readme = textOf(manifest["readme"]) ?? textOf(document["readme"]);
  return readme?.startsWith("ERROR:") ? undefined : readme;
}

function normalizedOrUndefined(version: string): string | undefined {
  try {
    return normalizeVersion(version);
  } catch {
    return undefined;
  }
}

function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 120);
}
