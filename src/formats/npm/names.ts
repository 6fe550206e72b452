/**
 * Names of npm packages (npm's `validate-npm-package-name`: what could ever be published), their versions (SemVer 2.0)
 * and the names of their files. A scope is the namespace, without its `@`.
 */
import { parse } from "semver";
import { PackageInvalid, type PackageName } from "../../services/codeartifact/format.ts";

/** CodeArtifact calls the one file of every npm version so. */
export const ASSET = "package.tgz";

const LONGEST_NAME = 214;
/** What a URL may hold unescaped; no leading dot or underscore. Capitals are of old, and still there. */
const PART = /^[A-Za-z0-9~!'()*-][A-Za-z0-9~!'()*._-]*$/;
const RESERVED: ReadonlySet<string> = new Set(["node_modules", "favicon.ico"]);

export function normalizeName({ namespace, name }: PackageName): PackageName {
  const valid =
    PART.test(name) && !RESERVED.has(name.toLowerCase()) && (namespace === "" || PART.test(namespace));
  const text = fullName({ namespace, name });
  if (!valid || text.length > LONGEST_NAME)
    throw new PackageInvalid(`${JSON.stringify(text.slice(0, 250))} is not a name of an npm package.`);
  return { namespace, name };
}

/** Without build metadata, which is no part of a version's identity. */
export function normalizeVersion(version: string): string {
  const parsed = version.length > 256 ? null : parse(version);
  if (parsed === null)
    throw new PackageInvalid(`${JSON.stringify(version.slice(0, 100))} is not a semantic version.`);
  return parsed.version;
}

/** `@scope/name` or `name`, as clients write it; throws PackageInvalid. */
export function parseName(text: string): PackageName {
  const scoped = /^@([^/]*)\/(.*)$/s.exec(text);
  if (scoped && scoped[1] === "") throw new PackageInvalid(`${JSON.stringify(text)} has an empty scope.`);
  return normalizeName(
    scoped ? { namespace: scoped[1] ?? "", name: scoped[2] ?? "" } : { namespace: "", name: text },
  );
}

export function fullName({ namespace, name }: PackageName): string {
  return namespace === "" ? name : `@${namespace}/${name}`;
}

/** `name-1.0.0.tgz`, also for `@scope/name`. */
export function tarballName({ name }: PackageName, version: string): string {
  return `${name}-${version}.tgz`;
}

/** The version in `name-1.0.0.tgz` or `@scope/name-1.0.0.tgz`; undefined when it is no file of this package. */
export function versionOfTarball(name: PackageName, file: string): string | undefined {
  const prefixes = [`${fullName(name)}-`, `${name.name}-`];
  const prefix = prefixes.find((each) => file.startsWith(each));
  if (prefix === undefined || !file.endsWith(".tgz")) return undefined;
  return parse(file.slice(prefix.length, -".tgz".length))?.version;
}
