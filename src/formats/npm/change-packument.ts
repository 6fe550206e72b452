/**
 * What npm changes by sending a packument back: `npm deprecate` (PUT), `npm unpublish` (PUT to `/-rev/`, then DELETE of
 * the file; DELETE of the whole package). Only versions that this repository itself keeps can be changed.
 */
import type { OpenRepository, PackageView } from "../../services/codeartifact/engine.ts";
import type { PackageName } from "../../services/codeartifact/format.ts";
import { badRequest, notFound, PackageError } from "../packages/errors.ts";
import type { PackageExchange } from "../packages/exchange.ts";
import { isObject, type JsonObject, objectOf, textOf } from "./json.ts";
import { fullName, normalizeVersion } from "./names.ts";
import { packumentRevision } from "./packument.ts";

/** A text deprecates, an empty one (or none) takes it back. Versions the document does not name stay as they are. */
export async function redescribeVersions(
  { packages, call, address }: PackageExchange,
  name: PackageName,
  document: JsonObject,
): Promise<void> {
  if (!isObject(document["versions"]))
    throw badRequest("The document has neither a package attached nor versions: there is nothing to do.");
  const repository = await packages.openRepository(call, address, "codeartifact:ReadFromRepository");
  const manifests = new Map<string, JsonObject>();
  for (const [version, manifest] of Object.entries(document["versions"]))
    if (isObject(manifest)) manifests.set(normalizeVersion(version), manifest);
  await packages.redescribe(call, repository, "npm", name, (version, description) => {
    const manifest = manifests.get(version);
    if (manifest === undefined) return undefined;
    const said = textOf(manifest["deprecated"]);
    const { deprecated, ...others } = description.metadata;
    if (textOf(deprecated) === said) return undefined;
    return {
      description: {
        ...description,
        metadata: said === undefined ? others : { ...others, deprecated: said },
      },
    };
  });
}

/** Versions that are shown and that the document does not have any more go, if they are kept here. */
export async function removeMissingVersions(
  exchange: PackageExchange,
  name: PackageName,
  revision: string,
  document: JsonObject,
): Promise<void> {
  const remaining = objectOf(document["versions"]);
  if (!isObject(document["versions"])) throw badRequest("The document has no versions.");
  const { repository, view } = await viewed(exchange, name);
  if (revision !== packumentRevision(view))
    throw new PackageError(
      409,
      "ConflictException",
      `The versions of ${fullName(name)} have changed since they were read; do it again.`,
    );
  const missing = shown(view).filter((version) => !Object.hasOwn(remaining, version));
  if (missing.length === 0) return redescribeVersions(exchange, name, document);
  await deleteKept(exchange, repository, name, missing);
}

/** After `removeMissingVersions` the version is gone already. */
export async function removeVersion(
  exchange: PackageExchange,
  name: PackageName,
  version: string,
): Promise<void> {
  const { packages, call, address } = exchange;
  const repository = await packages.openRepository(call, address, "codeartifact:ReadFromRepository");
  const stored = await packages.storedVersion(repository, "npm", name, version);
  if (stored) await packages.deleteVersions(call, repository, "npm", name, [version]);
}

export async function removePackage(exchange: PackageExchange, name: PackageName): Promise<void> {
  const { repository, view } = await viewed(exchange, name);
  await deleteKept(
    exchange,
    repository,
    name,
    view.versions.map(({ version }) => version),
  );
}

async function viewed(
  { packages, call, address }: PackageExchange,
  name: PackageName,
): Promise<{ repository: OpenRepository; view: PackageView }> {
  const repository = await packages.openRepository(call, address, "codeartifact:ReadFromRepository");
  const view = await packages.view(repository, "npm", name);
  if (view === undefined) throw notFound(`${fullName(name)} is not in this registry.`);
  return { repository, view };
}

async function deleteKept(
  { packages, call }: PackageExchange,
  repository: OpenRepository,
  name: PackageName,
  versions: readonly string[],
): Promise<void> {
  const kept: string[] = [];
  for (const version of versions)
    if (await packages.storedVersion(repository, "npm", name, version)) kept.push(version);
  if (kept.length === 0)
    throw new PackageError(
      403,
      "NotAllowed",
      `${fullName(name)} is in an upstream of this repository, not in the repository itself: it can only be unpublished there.`,
    );
  // As many as the API takes in one call.
  for (let at = 0; at < kept.length; at += 100)
    await packages.deleteVersions(call, repository, "npm", name, kept.slice(at, at + 100));
}

function shown(view: PackageView): readonly string[] {
  return view.versions.filter(({ status }) => status === "Published").map(({ version }) => version);
}
