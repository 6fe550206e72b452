/** What is kept of a version: its manifest (package.json as the registry shows it), and what CodeArtifact tells of it. */
import type { PackageDependency, VersionDescription } from "../../services/codeartifact/format.ts";
import { isObject, type JsonObject, objectOf, textOf, textsOf } from "./json.ts";
import { parseName } from "./names.ts";

/** CodeArtifact's words for npm's fields. */
const DEPENDENCY_TYPES: readonly (readonly [field: string, type: string])[] = [
  ["dependencies", "regular"],
  ["devDependencies", "dev"],
  ["peerDependencies", "peer"],
  ["optionalDependencies", "optional"],
];

const INSTALL_SCRIPTS = ["preinstall", "install", "postinstall"];

export function describeManifest(manifest: JsonObject, readme?: string): VersionDescription {
  const { readme: _, ...metadata } = manifest;
  const displayName = textOf(manifest["name"]);
  const summary = textOf(manifest["description"]);
  const homePage = textOf(manifest["homepage"]);
  const sourceCodeRepository = repositoryAddress(manifest["repository"]);
  return {
    metadata,
    ...(displayName && { displayName }),
    ...(summary && { summary }),
    ...(homePage && { homePage }),
    ...(sourceCodeRepository && { sourceCodeRepository }),
    licenses: licensesOf(manifest),
    dependencies: dependenciesOf(manifest),
    ...(readme !== undefined && { readme }),
  };
}

export function hasInstallScript(manifest: JsonObject): boolean {
  if (manifest["hasInstallScript"] === true) return true;
  const scripts = objectOf(manifest["scripts"]);
  return INSTALL_SCRIPTS.some((name) => textOf(scripts[name]) !== undefined);
}

function dependenciesOf(manifest: JsonObject): readonly PackageDependency[] {
  const optional = new Set(textsOf(manifest["optionalDependencies"]).map(([name]) => name));
  return DEPENDENCY_TYPES.flatMap(([field, dependencyType]) =>
    textsOf(manifest[field])
      // npm repeats what is optional among the regular ones.
      .filter(([name]) => dependencyType !== "regular" || !optional.has(name))
      .flatMap(([name, versionRequirement]) => {
        const parsed = nameOrUndefined(name);
        if (parsed === undefined) return [];
        const namespace = parsed.namespace === "" ? {} : { namespace: parsed.namespace };
        return [{ ...namespace, package: parsed.name, dependencyType, versionRequirement }];
      }),
  );
}

function nameOrUndefined(name: string) {
  try {
    return parseName(name);
  } catch {
    return undefined;
  }
}

function licensesOf({ license, licenses }: JsonObject): readonly string[] {
  const all = [license, ...(Array.isArray(licenses) ? licenses : [licenses])];
  return all.flatMap((each) => textOf(isObject(each) ? (each["type"] ?? each["name"]) : each) ?? []);
}

function repositoryAddress(repository: unknown): string | undefined {
  return textOf(isObject(repository) ? repository["url"] : repository);
}
