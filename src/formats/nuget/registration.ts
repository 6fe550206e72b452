/**
 * Registrations ("Package metadata" of the NuGet Server API on Microsoft Learn): all versions of a package with their
 * metadata, in pages. Up to two pages of versions lie in the index itself, more are documents of their own.
 */
import type { PackageView } from "../../services/codeartifact/engine.ts";
import { nupkgName } from "./package-id.ts";
import type { Hive } from "./route.ts";
import { type ShownVersion, shownVersions } from "./versions.ts";

const PAGE_SIZE = 64;
const MOST_INLINE = 2 * PAGE_SIZE;
/** What NuGet's own source says of versions that are unlisted. */
const UNLISTED_TIME = "1900-01-01T00:00:00+00:00";

/** Where things are, as this client reached the repository. */
export interface Addresses {
  /** Of the repository; ends in a slash. */
  readonly baseUrl: string;
  readonly hive: Hive;
}

/** Undefined when this hive shows no version of it. */
export function registrationIndex(view: PackageView, addresses: Addresses): object | undefined {
  const versions = versionsIn(view, addresses.hive);
  if (versions.length === 0) return undefined;
  const id = view.name.name;
  const pages = pagesOf(versions).map((page) => pageOf(id, page, addresses, versions.length <= MOST_INLINE));
  return {
    "@id": `${base(id, addresses)}/index.json`,
    "@type": ["catalog:CatalogRoot", "PackageRegistration", "catalog:Permalink"],
    count: pages.length,
    items: pages,
  };
}

/** Undefined when there is no such page, or no longer. */
export function registrationPage(
  view: PackageView,
  lower: string,
  upper: string,
  addresses: Addresses,
): object | undefined {
  const page = pagesOf(versionsIn(view, addresses.hive)).find(
    (versions) => versions.at(0)?.stored === lower && versions.at(-1)?.stored === upper,
  );
  return page && pageOf(view.name.name, page, addresses, true);
}

export function registrationLeaf(
  view: PackageView,
  version: string,
  addresses: Addresses,
): object | undefined {
  const shown = versionsIn(view, addresses.hive).find(({ stored }) => stored === version);
  if (shown === undefined) return undefined;
  const id = view.name.name;
  return {
    "@id": leafUrl(id, shown, addresses),
    "@type": ["Package", "catalog:Permalink"],
    listed: shown.isListed,
    packageContent: contentUrl(id, shown, addresses),
    published: publishedAt(shown),
    registration: `${base(id, addresses)}/index.json`,
  };
}

function versionsIn(view: PackageView, hive: Hive): readonly ShownVersion[] {
  const versions = shownVersions(view);
  return hive === "registration-gz-semver2" ? versions : versions.filter((version) => !version.needsSemVer2);
}

function pagesOf(versions: readonly ShownVersion[]): readonly (readonly ShownVersion[])[] {
  const pages = Math.ceil(versions.length / PAGE_SIZE);
  return Array.from({ length: pages }, (_, page) => versions.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE));
}

function pageOf(id: string, page: readonly ShownVersion[], addresses: Addresses, whole: boolean): object {
  const [lowest, highest] = [page.at(0), page.at(-1)];
  const range = `page/${lowest?.stored}/${highest?.stored}`;
  const index = `${base(id, addresses)}/index.json`;
  return {
    // A page that lies in the index is a part of it.
    "@id": whole ? `${index}#${range}` : `${base(id, addresses)}/${range}.json`,
    "@type": "catalog:CatalogPage",
    count: page.length,
    lower: lowest?.written,
    upper: highest?.written,
    parent: index,
    ...(whole && { items: page.map((version) => leafOf(id, version, addresses)) }),
  };
}

function leafOf(id: string, version: ShownVersion, addresses: Addresses): object {
  const packageContent = contentUrl(id, version, addresses);
  const url = leafUrl(id, version, addresses);
  return {
    "@id": url,
    "@type": "Package",
    catalogEntry: {
      "@id": url,
      "@type": "PackageDetails",
      ...packageDetails(version),
      listed: version.isListed,
      packageContent,
      published: publishedAt(version),
      dependencyGroups: version.metadata.dependencyGroups.map(({ targetFramework, dependencies }, group) => ({
        "@id": `${url}#dependencygroup/${group}`,
        "@type": "PackageDependencyGroup",
        targetFramework,
        dependencies: dependencies.map((dependency) => ({
          "@id": `${url}#dependencygroup/${group}/${dependency.id.toLowerCase()}`,
          "@type": "PackageDependency",
          id: dependency.id,
          range: dependency.range === "" ? "(, )" : dependency.range,
          registration: `${base(dependency.id.toLowerCase(), addresses)}/index.json`,
        })),
      })),
    },
    packageContent,
    registration: `${base(id, addresses)}/index.json`,
  };
}

/** Also in search results. */
export function packageDetails({ metadata, written }: ShownVersion) {
  return {
    id: metadata.id,
    version: written,
    authors: metadata.authors ?? "",
    description: metadata.description ?? "",
    summary: metadata.summary ?? "",
    title: metadata.title ?? metadata.id,
    tags: metadata.tags,
    iconUrl: metadata.iconUrl,
    projectUrl: metadata.projectUrl,
    licenseUrl: metadata.licenseUrl,
    licenseExpression: metadata.licenseExpression,
    language: metadata.language,
    minClientVersion: metadata.minClientVersion,
    requireLicenseAcceptance: metadata.requireLicenseAcceptance ?? false,
  };
}

export function base(id: string, { baseUrl, hive }: Addresses): string {
  return `${baseUrl}v3/${hive}/${encodeURIComponent(id)}`;
}

export function leafUrl(id: string, { stored }: ShownVersion, addresses: Addresses): string {
  return `${base(id, addresses)}/${stored}.json`;
}

function contentUrl(id: string, { stored }: ShownVersion, { baseUrl }: Addresses): string {
  const file = encodeURIComponent(nupkgName(id, stored));
  return `${baseUrl}v3/flatcontainer/${encodeURIComponent(id)}/${stored}/${file}`;
}

function publishedAt({ view, isListed }: ShownVersion): string {
  return isListed ? new Date(view.publishedAt).toISOString() : UNLISTED_TIME;
}
