/**
 * The service index ("Service index" of the NuGet Server API on Microsoft Learn): where the resources are that exist
 * here. Catalog, repository signatures, package details and abuse reports do not, and are not named.
 */
const RESOURCES: readonly (readonly [path: string, types: readonly string[], comment: string])[] = [
  ["flatcontainer/", ["PackageBaseAddress/3.0.0"], "Packages and their manifests."],
  [
    "registration/",
    ["RegistrationsBaseUrl", "RegistrationsBaseUrl/3.0.0-beta", "RegistrationsBaseUrl/3.0.0-rc"],
    "Metadata of packages, without SemVer 2.0.0.",
  ],
  [
    "registration-gz/",
    ["RegistrationsBaseUrl/3.4.0"],
    "Metadata of packages, compressed, without SemVer 2.0.0.",
  ],
  [
    "registration-gz-semver2/",
    ["RegistrationsBaseUrl/3.6.0", "RegistrationsBaseUrl/Versioned"],
    "Metadata of packages, compressed.",
  ],
  [
    "query",
    [
      "SearchQueryService",
      "SearchQueryService/3.0.0-beta",
      "SearchQueryService/3.0.0-rc",
      "SearchQueryService/3.5.0",
    ],
    "Search among the packages that are kept here.",
  ],
  [
    "autocomplete",
    [
      "SearchAutocompleteService",
      "SearchAutocompleteService/3.0.0-beta",
      "SearchAutocompleteService/3.0.0-rc",
      "SearchAutocompleteService/3.5.0",
    ],
    "Ids and versions of the packages that are kept here.",
  ],
  ["package", ["PackagePublish/2.0.0"], "Push, unlist and relist."],
  ["symbolpackage", ["SymbolPackagePublish/4.9.0"], "Push of symbols for packages that are here."],
  ["readme/{lower_id}/{lower_version}", ["ReadmeUriTemplate/6.13.0"], "Readmes of packages."],
  [
    "vulnerabilities/index.json",
    ["VulnerabilityInfo/6.7.0"],
    "Known vulnerabilities: none are known here yet.",
  ],
];

/** `baseUrl` is the repository's and ends in a slash. */
export function serviceIndex(baseUrl: string): object {
  const resources = RESOURCES.flatMap(([path, types, comment]) =>
    types.map((type) => ({ "@id": `${baseUrl}v3/${path}`, "@type": type, comment })),
  );
  return { version: "3.0.0", resources };
}
