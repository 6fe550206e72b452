/**
 * Search and autocompletion ("Search" and "Autocomplete" of the NuGet Server API on Microsoft Learn) among the packages
 * that this repository and those above it keep; what is only outside is not searched. Known limits: words are looked
 * for in ids only, and a search knows the first thousand packages that match.
 */
import type { OpenRepository, Packages } from "../../services/codeartifact/engine.ts";
import type { PackageName } from "../../services/codeartifact/format.ts";
import { normalizeId } from "./package-id.ts";
import { type Addresses, base, leafUrl, packageDetails } from "./registration.ts";
import { type ShownVersion, shownVersions } from "./versions.ts";

const MOST_FOUND = 1_000;
const DEFAULT_TAKE = 20;
const MOST_TAKEN = 200;
const VIEWS_AT_ONCE = 8;

export interface SearchContext {
  readonly packages: Packages;
  readonly repository: OpenRepository;
  /** Ends in a slash. */
  readonly baseUrl: string;
}

export async function search(context: SearchContext, query: URLSearchParams): Promise<object> {
  const names = await namesMatching(context, query.get("q") ?? "");
  const wanted = filterOf(query);
  const addresses = addressesFor(context, query);
  const data = await inTurns(pageOf(names, query), async (name) => {
    const versions = await versionsOf(context, name, wanted);
    return versions.length === 0 ? undefined : searchResult(name.name, versions, addresses);
  });
  return { totalHits: names.length, data };
}

/** With `id`: its versions. Else ids that match `q`. */
export async function autocomplete(context: SearchContext, query: URLSearchParams): Promise<object> {
  const id = query.get("id");
  const wanted = filterOf(query);
  if (id !== null) {
    const versions = await versionsOf(context, { namespace: "", name: normalizeId(id) }, wanted);
    return { totalHits: versions.length, data: versions.map(({ written }) => written) };
  }
  const names = await namesMatching(context, query.get("q") ?? "");
  const data = await inTurns(
    pageOf(names, query),
    async (name) => (await versionsOf(context, name, wanted)).at(-1)?.metadata.id,
  );
  return { totalHits: names.length, data };
}

type Filter = (version: ShownVersion) => boolean;

function filterOf(query: URLSearchParams): Filter {
  const prerelease = query.get("prerelease")?.toLowerCase() === "true";
  const type = query.get("packageType")?.toLowerCase();
  return (version) =>
    version.isListed &&
    (prerelease || !version.isPrerelease) &&
    (knowsSemVer2(query) || !version.needsSemVer2) &&
    (!type || packageTypesOf(version).some(({ name }) => name.toLowerCase() === type));
}

function packageTypesOf({ metadata }: ShownVersion) {
  return metadata.packageTypes.length > 0 ? metadata.packageTypes : [{ name: "Dependency" }];
}

function knowsSemVer2(query: URLSearchParams): boolean {
  return /^[2-9]/.test(query.get("semVerLevel") ?? "");
}

function addressesFor({ baseUrl }: SearchContext, query: URLSearchParams): Addresses {
  return { baseUrl, hive: knowsSemVer2(query) ? "registration-gz-semver2" : "registration-gz" };
}

/** The id itself first, then those that begin with it. */
async function namesMatching(
  { packages, repository }: SearchContext,
  text: string,
): Promise<readonly PackageName[]> {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .map((word) => word.replace(/^(?:packageid|id|version|title|tags|author|description|summary|owner):/, ""))
    .map((word) => word.replaceAll('"', ""))
    .filter((word) => word !== "");
  const [contains] = words.toSorted((one, other) => other.length - one.length);
  const names = await packages.listPackages(repository, "nuget", {
    ...(contains !== undefined && { contains }),
    limit: MOST_FOUND,
  });
  const matching = names.filter(({ name }) => words.every((word) => name.includes(word)));
  const rank = ({ name }: PackageName) => (name === contains ? 0 : name.startsWith(contains ?? "") ? 1 : 2);
  return matching.toSorted((one, other) => rank(one) - rank(other));
}

function pageOf(names: readonly PackageName[], query: URLSearchParams): readonly PackageName[] {
  const skip = numberIn(query, "skip", 0);
  return names.slice(skip, skip + Math.min(numberIn(query, "take", DEFAULT_TAKE), MOST_TAKEN));
}

function numberIn(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name) ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}

async function versionsOf(
  { packages, repository }: SearchContext,
  name: PackageName,
  wanted: Filter,
): Promise<readonly ShownVersion[]> {
  const view = await packages.view(repository, "nuget", name);
  return view === undefined ? [] : shownVersions(view).filter(wanted);
}

function searchResult(
  id: string,
  versions: readonly ShownVersion[],
  addresses: Addresses,
): object | undefined {
  const latest = versions.at(-1);
  if (latest === undefined) return undefined;
  const registration = `${base(id, addresses)}/index.json`;
  return {
    "@id": registration,
    "@type": "Package",
    registration,
    ...packageDetails(latest),
    authors: [latest.metadata.authors ?? ""],
    owners: latest.metadata.owners === undefined ? [] : [latest.metadata.owners],
    packageTypes: packageTypesOf(latest).map(({ name }) => ({ name })),
    verified: false,
    versions: versions.map((version) => ({
      "@id": leafUrl(id, version, addresses),
      version: version.written,
      // Nobody counts them here.
      downloads: 0,
    })),
  };
}

async function inTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result | undefined>,
): Promise<Result[]> {
  const results: (Result | undefined)[] = [];
  for (let start = 0; start < items.length; start += VIEWS_AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + VIEWS_AT_ONCE).map(work))));
  }
  return results.filter((result) => result !== undefined);
}
