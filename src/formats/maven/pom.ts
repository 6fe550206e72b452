/** What a POM (Maven model 4) says of its package. It is read, never resolved: parents and imports are left alone. */
import {
  type PackageDependency,
  PackageInvalid,
  type PackageName,
  type VersionDescription,
} from "../../services/codeartifact/format.ts";
import { child, children, type Element, parseXml, textOf } from "../packages/xml.ts";

export const MAXIMUM_POM_BYTES = 4 * 1024 * 1024;
/** So that no row grows without bound; the largest platforms' POMs have some thousands of managed ones, but few of these. */
const MAXIMUM_DEPENDENCIES = 5000;
const MAXIMUM_TEXT = 10_000;

/** The coordinates as far as the POM says them, or its parent; a property in one is left as it is. */
export interface PomCoordinates {
  readonly groupId: string | undefined;
  readonly artifactId: string | undefined;
  readonly version: string | undefined;
}

export interface Pom {
  readonly coordinates: PomCoordinates;
  readonly description: VersionDescription;
}

/** Throws PackageInvalid. */
export function parsePom(bytes: Uint8Array): Pom {
  const project = parseXml(bytes, "the POM", "project");
  const parent = child(project, "parent");
  const properties = propertiesOf(project, parent);
  const text = (...path: string[]) => resolved(textOf(project, ...path), properties);
  const coordinates = {
    groupId: text("groupId") ?? resolved(textOf(parent, "groupId"), properties),
    artifactId: text("artifactId"),
    version: text("version") ?? resolved(textOf(parent, "version"), properties),
  };
  const name = text("name");
  const summary = text("description");
  const homePage = text("url");
  const source = text("scm", "url") ?? text("scm", "connection");
  const licenses = children(child(project, "licenses"), "license")
    .map((license) => resolved(textOf(license, "name") ?? textOf(license, "url"), properties))
    .filter((license) => license !== undefined);
  return {
    coordinates,
    description: {
      metadata: { packaging: text("packaging") ?? "jar" },
      ...(name !== undefined && { displayName: name }),
      ...(summary !== undefined && { summary }),
      ...(homePage !== undefined && { homePage }),
      ...(source !== undefined && { sourceCodeRepository: source }),
      licenses: [...new Set(licenses)].slice(0, 100),
      dependencies: dependenciesOf(project, parent, properties),
    },
  };
}

/**
 * Throws PackageInvalid when the POM is of another package than the one it is published as.
 *
 * @param versions what it may call itself: of a snapshot `1.0-SNAPSHOT` or its build
 */
export function checkPom(
  { groupId, artifactId, version }: PomCoordinates,
  name: PackageName,
  versions: readonly string[],
): void {
  const claims = [
    ["groupId", groupId, [name.namespace]],
    ["artifactId", artifactId, [name.name]],
    ["version", version, versions],
  ] as const;
  for (const [what, said, expected] of claims) {
    // With a property in it (${revision}) it says nothing that can be compared.
    if (said === undefined || expected.includes(said) || said.includes("${")) continue;
    throw new PackageInvalid(`the POM's ${what} is '${said}', but it was put where '${expected[0]}' belongs`);
  }
}

function dependenciesOf(
  project: Element,
  parent: Element | undefined,
  properties: ReadonlyMap<string, string>,
): PackageDependency[] {
  const all = [
    ...(parent === undefined ? [] : [{ element: parent, type: "parent" }]),
    ...children(child(project, "dependencies"), "dependency").map((element) => ({
      element,
      type: textOf(element, "optional") === "true" ? "optional" : (textOf(element, "scope") ?? "compile"),
    })),
  ];
  return all.slice(0, MAXIMUM_DEPENDENCIES).flatMap(({ element, type }) => {
    const part = (what: string) => resolved(textOf(element, what), properties);
    const [namespace, name, version] = [part("groupId"), part("artifactId"), part("version")];
    if (name === undefined) return [];
    return {
      ...(namespace !== undefined && { namespace }),
      package: name,
      dependencyType: type,
      ...(version !== undefined && { versionRequirement: version }),
    };
  });
}

function propertiesOf(project: Element, parent: Element | undefined): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const { name, text } of child(project, "properties")?.children ?? []) properties.set(name, text);
  for (const name of ["groupId", "artifactId", "version"]) {
    const own = textOf(project, name) ?? (name === "artifactId" ? undefined : textOf(parent, name));
    const above = textOf(parent, name);
    for (const prefix of ["project.", "pom."]) {
      if (own !== undefined) properties.set(`${prefix}${name}`, own);
      if (above !== undefined) properties.set(`${prefix}parent.${name}`, above);
    }
  }
  return properties;
}

/** Fills in what the POM itself defines; what it does not is left as it is. Properties may name properties. */
function resolved(text: string | undefined, properties: ReadonlyMap<string, string>): string | undefined {
  let value = text;
  for (let depth = 0; value?.includes("${") && depth < 5; depth++) {
    const next: string = value.replace(
      /\$\{([^${}]{1,200})\}/g,
      (whole, name) => properties.get(name) ?? whole,
    );
    if (next === value || next.length > MAXIMUM_TEXT) break;
    value = next;
  }
  return value === undefined || value === "" ? undefined : value.slice(0, MAXIMUM_TEXT);
}

/** A description for a POM of outside origin: what cannot be read of it says nothing, the file is served all the same. */
export function describePom(bytes: Uint8Array): VersionDescription | undefined {
  try {
    return parsePom(bytes).description;
  } catch (error) {
    if (error instanceof PackageInvalid) return undefined;
    throw error;
  }
}
