/**
 * Names and versions of Python projects: the simple repository API's "Normalized Names" (PEP 503), core metadata's
 * Name, and PEP 440. Versions of before PEP 440, which only upstreams still have, are kept as they are written.
 */
import { clean, explain } from "@renovatebot/pep440";
import { BoundedCache } from "../../bounded-cache.ts";
import { PackageInvalid } from "../../services/codeartifact/format.ts";

/** Core metadata, "Name". */
const PROJECT_NAME = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i;
const LONGEST_NAME = 255;
const LONGEST_VERSION = 255;
const LONG_NUMBER = /\d{16}/;
const LEGACY_VERSION = /^[a-z0-9][a-z0-9._+!-]*$/i;

export function isProjectName(name: string): boolean {
  return name.length <= LONGEST_NAME && PROJECT_NAME.test(name);
}

/** Throws PackageInvalid for what is no name. */
export function normalizeProjectName(name: string): string {
  if (!isProjectName(name)) {
    throw new PackageInvalid(
      `${JSON.stringify(name.slice(0, 80))} is not the name of a Python project: ASCII letters, digits, ".", "_" and "-", beginning and ending with a letter or digit`,
    );
  }
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/** Listings name the same versions again and again, and the grammar is not cheap. */
const canonical = new BoundedCache<string, string>(20_000);

/** `1.0` for `v1.0.`-like spellings; trailing zeros stay. Undefined for what PEP 440 does not know. */
export function canonicalVersion(version: string): string | undefined {
  if (version.length > LONGEST_VERSION) return undefined;
  let known = canonical.get(version);
  if (known === undefined) {
    // The library writes the parts of a local version with commas, and long numbers in floating point.
    known = LONG_NUMBER.test(version) ? "" : (clean(version)?.replaceAll(",", ".") ?? "");
    canonical.set(version, known);
  }
  return known || undefined;
}

/** What versions are stored by; throws PackageInvalid for what cannot be one. */
export function normalizeVersion(version: string): string {
  const known = canonicalVersion(version);
  if (known !== undefined) return known;
  if (version.length <= LONGEST_VERSION && LEGACY_VERSION.test(version)) return version.toLowerCase();
  throw new PackageInvalid(`${JSON.stringify(version.slice(0, 80))} is not a version (PEP 440)`);
}

/** PEP 440: `1.0` and `1.0.0` are one version, though each is written in its own way. */
export function sameVersion(one: string, other: string): boolean {
  const [a, b] = [versionKey(one), versionKey(other)];
  return a !== undefined && a === b;
}

function versionKey(version: string): string | undefined {
  const parts = explain(version);
  if (!parts) return undefined;
  const release = [...parts.release];
  while (release.length > 1 && release.at(-1) === 0) release.pop();
  return JSON.stringify([parts.epoch, release, parts.pre, parts.post, parts.dev, parts.local]);
}
