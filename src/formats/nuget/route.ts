/** The addresses of a NuGet v3 source below its repository. Clients learn them from the service index. */
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { normalizeVersion } from "./nuget-version.ts";
import { normalizeId, nupkgName, snupkgName } from "./package-id.ts";

/** Three collections of registrations: for clients of old, for those that know gzip, for those that know SemVer 2.0.0 too. */
export type Hive = "registration" | "registration-gz" | "registration-gz-semver2";

/** Ids and versions are in stored form. */
export type Route =
  | { readonly kind: "service-index" }
  | { readonly kind: "versions"; readonly id: string }
  | { readonly kind: "file"; readonly id: string; readonly version: string; readonly file: string }
  | { readonly kind: "nuspec"; readonly id: string; readonly version: string }
  | { readonly kind: "readme"; readonly id: string; readonly version: string }
  | { readonly kind: "registration"; readonly hive: Hive; readonly id: string }
  | {
      readonly kind: "registration-page";
      readonly hive: Hive;
      readonly id: string;
      readonly lower: string;
      readonly upper: string;
    }
  | { readonly kind: "registration-leaf"; readonly hive: Hive; readonly id: string; readonly version: string }
  | { readonly kind: "search" }
  | { readonly kind: "autocomplete" }
  | { readonly kind: "vulnerability-index" }
  | { readonly kind: "vulnerabilities" }
  | { readonly kind: "publish" }
  | { readonly kind: "listing"; readonly id: string; readonly version: string }
  | { readonly kind: "publish-symbols" };

const FIXED: Readonly<Record<string, Route>> = {
  "v3/index.json": { kind: "service-index" },
  "v3/query": { kind: "search" },
  "v3/autocomplete": { kind: "autocomplete" },
  "v3/vulnerabilities/index.json": { kind: "vulnerability-index" },
  "v3/vulnerabilities/base.json": { kind: "vulnerabilities" },
  "v3/package": { kind: "publish" },
  "v3/symbolpackage": { kind: "publish-symbols" },
};

const HIVES: ReadonlySet<string> = new Set<Hive>([
  "registration",
  "registration-gz",
  "registration-gz-semver2",
]);

/** `path` is raw. Undefined for what is no address of a source, or names no package. */
export function findRoute(path: string): Route | undefined {
  const plain = path.replace(/\/$/, "");
  if (Object.hasOwn(FIXED, plain)) return FIXED[plain];
  try {
    const [root, collection = "", ...names] = plain.split("/").map(decodeURIComponent);
    return root === "v3" ? findNamed(collection, names) : undefined;
  } catch (error) {
    if (error instanceof PackageInvalid || error instanceof URIError) return undefined;
    throw error;
  }
}

function findNamed(collection: string, names: readonly string[]): Route | undefined {
  const [first, second, third, fourth] = names;
  if (first === undefined || second === undefined) return undefined;
  const id = normalizeId(first);
  if (HIVES.has(collection)) {
    const hive = collection as Hive;
    if (names.length === 2 && second === "index.json") return { kind: "registration", hive, id };
    if (names.length === 2) return { kind: "registration-leaf", hive, id, version: versionOf(second) };
    if (names.length !== 4 || second !== "page" || third === undefined || fourth === undefined)
      return undefined;
    return { kind: "registration-page", hive, id, lower: normalizeVersion(third), upper: versionOf(fourth) };
  }
  if (collection === "package" && names.length === 2) {
    return { kind: "listing", id, version: normalizeVersion(second) };
  }
  if (collection === "readme" && names.length === 2) {
    return { kind: "readme", id, version: normalizeVersion(second) };
  }
  if (collection !== "flatcontainer") return undefined;
  if (names.length === 2) return second === "index.json" ? { kind: "versions", id } : undefined;
  return names.length === 3 && third !== undefined
    ? findFile(id, normalizeVersion(second), third)
    : undefined;
}

/** The names of a version's files follow from id and version: no other can be there. */
function findFile(id: string, version: string, name: string): Route | undefined {
  const file = name.toLowerCase();
  if (file === `${id}.nuspec`) return { kind: "nuspec", id, version };
  const isFile = file === nupkgName(id, version) || file === snupkgName(id, version);
  return isFile ? { kind: "file", id, version, file } : undefined;
}

function versionOf(file: string): string {
  if (!file.endsWith(".json")) throw new PackageInvalid(`${file} is no document`);
  return normalizeVersion(file.slice(0, -".json".length));
}
