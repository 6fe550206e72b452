/**
 * Patterns of package groups and what they match (CodeArtifact user guide, "Package group definition syntax and matching
 * behavior"): six shapes, from every package down to one. A pattern matches strongly what it says letter by letter, and
 * weakly every variation of that (name-variation.ts).
 */
import { PackageInvalid } from "../format.ts";
import { nameVariation } from "./name-variation.ts";

/** Formats of packages at AWS, whether served here or not, and whether their packages have a namespace. */
const NAMESPACES: Readonly<Record<string, "required" | "optional" | "none">> = {
  npm: "optional",
  pypi: "none",
  maven: "required",
  nuget: "none",
  generic: "required",
  ruby: "none",
  swift: "required",
  cargo: "none",
};

/** Formats that store names in another form than people write them in: a group must use the stored form. */
const STORED_FORM: Readonly<Record<string, (name: string) => string>> = {
  pypi: (name) => name.toLowerCase().replace(/[-_.]+/g, "-"),
  nuget: (name) => name.toLowerCase(),
  swift: (name) => name.toLowerCase(),
};

const MAX_LENGTH = 520;
/** Every package of the domain. This group is always there. */
export const ROOT_PATTERN = "/*";

export type MatchStrength = "STRONG" | "WEAK";

/** One component of a package's path, as it is and as what it could be taken for. */
interface Component {
  readonly text: string;
  readonly variation: string;
}

/** `/npm/space/name` */
export interface PackagePath {
  readonly format: string;
  readonly namespace: Component;
  readonly name: Component;
}

export interface PackageGroupPattern {
  readonly text: string;
  /** Undefined in the root pattern. */
  readonly format: string | undefined;
  /** Component by component what the pattern says of namespace and name; none for `/*` and `/npm/*`. */
  readonly components: readonly Component[];
  /** Whether the last component is a prefix (`~`), else it is whole. */
  readonly prefix: boolean;
}

export function packagePath(format: string, namespace: string, name: string): PackagePath {
  return { format, namespace: component(namespace), name: component(name) };
}

/** Throws PackageInvalid, which says what is wrong with the pattern. */
export function parsePackageGroupPattern(text: string): PackageGroupPattern {
  if (text === ROOT_PATTERN) return { text, format: undefined, components: [], prefix: false };
  if (text.length < 2 || text.length > MAX_LENGTH)
    throw invalid(text, `it must have 2 to ${MAX_LENGTH} characters`);
  if (!/^[^\p{C}\s]+$/u.test(text)) throw invalid(text, "it must not contain spaces or control characters");
  if (!text.startsWith("/")) throw invalid(text, "it must begin with /");
  const [format = "", ...rest] = text.slice(1).split("/");
  const namespaces = NAMESPACES[format];
  if (namespaces === undefined || !Object.hasOwn(NAMESPACES, format)) {
    throw invalid(text, `its format must be one of ${Object.keys(NAMESPACES).join(", ")}`);
  }
  const last = rest.at(-1) ?? "";
  const suffix = last.slice(-1);
  if (rest.length === 0 || rest.length > 2 || !"*~$".includes(suffix) || suffix === "") {
    throw invalid(
      text,
      "it must be /*, /format/*, /format/namespace~, /format/namespace/*, /format/namespace/name~ or /format/namespace/name$",
    );
  }
  if (suffix === "*" && last !== "*")
    throw invalid(text, "* may only stand for a whole component, after a /");
  if (suffix === "$" && rest.length !== 2) throw invalid(text, "$ may only end a name");
  const said = suffix === "*" ? rest.slice(0, -1) : [...rest.slice(0, -1), last.slice(0, -1)];
  const end = said.at(-1) ?? "";
  if (suffix === "~" && !/[\p{L}\p{N}\p{M}]$/u.test(end)) {
    throw invalid(text, "~ must follow a letter, a digit or a mark");
  }
  if (suffix === "$" && end === "") throw invalid(text, "its name is empty");
  checkNamespace(text, format, namespaces, said[0]);
  const stored = STORED_FORM[format];
  if (stored && said.some((part) => stored(part) !== part)) {
    const example = `/${[format, ...said.map(stored)].join("/")}${suffix === "*" ? "/*" : suffix}`;
    throw invalid(text, `names of ${format} packages are normalized: write ${example}`);
  }
  return { text, format, components: said.map(component), prefix: suffix === "~" };
}

function checkNamespace(
  text: string,
  format: string,
  namespaces: "required" | "optional" | "none",
  namespace: string | undefined,
): void {
  if (namespace === undefined) return;
  if (namespaces === "none" && namespace !== "") {
    throw invalid(
      text,
      `${format} packages have no namespace: leave that component empty, as in /${format}//name$`,
    );
  }
  if (namespaces === "required" && namespace === "") {
    throw invalid(text, `${format} packages have a namespace, which must be named`);
  }
}

export function matchPattern(pattern: PackageGroupPattern, path: PackagePath): MatchStrength | undefined {
  return matchComponents(pattern, path.format, [path.namespace, path.name]);
}

/** Whether every package of `inner` is also one of `outer`, and not the other way round. */
export function containsPattern(outer: PackageGroupPattern, inner: PackageGroupPattern): boolean {
  if (inner.format === undefined || comparePatterns(inner, outer) <= 0) return false;
  return outer.format === undefined || matchComponents(outer, inner.format, inner.components) !== undefined;
}

/** Above zero when `one` is more specific: it says more components, or a longer last one. Only for patterns that match a same package. */
export function comparePatterns(one: PackageGroupPattern, other: PackageGroupPattern): number {
  return depth(one) - depth(other) || (one.prefix ? lastLength(one) - lastLength(other) : 0);
}

function depth(pattern: PackageGroupPattern): number {
  if (pattern.format === undefined) return 0;
  return 1 + pattern.components.length * 2 - (pattern.prefix ? 1 : 0);
}

/** Of the variation: lengths of different spellings are then comparable. */
function lastLength(pattern: PackageGroupPattern): number {
  return pattern.components.at(-1)?.variation.length ?? 0;
}

function matchComponents(
  pattern: PackageGroupPattern,
  format: string,
  components: readonly Component[],
): MatchStrength | undefined {
  if (pattern.format === undefined) return "STRONG";
  if (pattern.format !== format) return undefined;
  let strength: MatchStrength = "STRONG";
  for (const [index, said] of pattern.components.entries()) {
    const found = components[index];
    if (found === undefined) return undefined;
    const matches = pattern.prefix && index === pattern.components.length - 1 ? beginsWith : equals;
    if (matches(found.text, said.text)) continue;
    if (!matches(found.variation, said.variation)) return undefined;
    strength = "WEAK";
  }
  return strength;
}

function equals(text: string, said: string): boolean {
  return text === said;
}

/** The prefix must end where a word does: `foo~` matches `foo` and `foo-bar`, not `food`. */
function beginsWith(text: string, said: string): boolean {
  return text.startsWith(said) && !/^[\p{L}\p{N}\p{M}]/u.test(text.slice(said.length));
}

function component(text: string): Component {
  return { text, variation: nameVariation(text) };
}

function invalid(pattern: string, reason: string): PackageInvalid {
  return new PackageInvalid(`Package group pattern '${pattern}' is not valid: ${reason}.`);
}
