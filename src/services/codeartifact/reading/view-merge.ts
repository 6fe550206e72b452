/**
 * One package out of many places: what a repository shows is merged from its own rows, those of its upstreams and the
 * listings of external connections, in the order of the walk. Pure.
 *
 * The first place that has a version decides about it (CodeArtifact user guide, "Upstream repository priority order"),
 * also when it hides it: a version that is archived here does not come back from above.
 */
import type { AssetView, PackageView, VersionStatus, VersionView } from "../engine.ts";
import type {
  PackageFormat,
  PackageName,
  UpstreamAsset,
  UpstreamListing,
  VersionDescription,
} from "../format.ts";
import { upstreamsFirst } from "../walk.ts";

export interface OfferedVersion {
  readonly version: string;
  readonly status: VersionStatus;
  readonly publishedAt: number;
  readonly revision: string;
  readonly origin: "INTERNAL" | "EXTERNAL";
  /** The one it was published to. */
  readonly originRepository: string | undefined;
  readonly description: VersionDescription;
  readonly assets: readonly AssetView[];
}

/** What one place of the walk has of the package. */
export type Source =
  | {
      readonly kind: "repository";
      readonly depth: number;
      readonly versions: readonly OfferedVersion[];
      readonly tags: Readonly<Record<string, string>>;
    }
  | { readonly kind: "connection"; readonly depth: number; readonly listing: UpstreamListing | undefined };

/** Undefined when no place shows it. */
export function mergeView(
  name: PackageName,
  format: Pick<PackageFormat, "assetsGrow" | "normalizeVersion">,
  sources: readonly Source[],
  stale: boolean,
): PackageView | undefined {
  const versions = new Map<string, OfferedVersion>();
  let listing: UpstreamListing | undefined;
  for (const source of sources) {
    const offered = source.kind === "repository" ? source.versions : listed(format, source.listing);
    for (const version of offered) {
      const before = versions.get(version.version);
      if (before === undefined) versions.set(version.version, version);
      else if (format.assetsGrow && isVisible(before) && isVisible(version) && isOneVersion(before, version))
        versions.set(version.version, grown(before, version));
    }
    if (source.kind === "connection") listing ??= source.listing;
  }
  const visible = [...versions.values()].filter(isVisible).map(shown);
  if (visible.length === 0 && listing === undefined) return undefined;
  return {
    name,
    versions: visible,
    tags: mergeTags(sources, versions),
    metadata: listing?.metadata ?? {},
    stale,
  };
}

type Visible = OfferedVersion & Pick<VersionView, "status">;

function isVisible(version: OfferedVersion): version is Visible {
  return version.status === "Published" || version.status === "Unlisted";
}

function shown({ originRepository, ...version }: Visible): VersionView {
  return version;
}

/**
 * Whether another place's files belong to a version too: versions of outside origin are one wherever they are kept; a
 * version that was published inside is one with its copies from the same repository, and nothing else comes into it.
 */
export function isOneVersion(
  before: Pick<OfferedVersion, "origin" | "originRepository">,
  further: Pick<OfferedVersion, "origin" | "originRepository">,
): boolean {
  if (before.origin === "EXTERNAL") return further.origin === "EXTERNAL";
  return before.originRepository !== undefined && before.originRepository === further.originRepository;
}

function grown(before: OfferedVersion, further: OfferedVersion): OfferedVersion {
  const offered = new Map(further.assets.map((asset) => [asset.name, asset]));
  const assets = before.assets.map((asset) => refreshed(asset, offered.get(asset.name)));
  const known = new Set(assets.map(({ name }) => name));
  return { ...before, assets: [...assets, ...further.assets.filter(({ name }) => !known.has(name))] };
}

/** What the upstream says of a stored file now (PyPI: that it was yanked), as long as it is the same file. */
function refreshed(asset: AssetView, now: AssetView | undefined): AssetView {
  if (now === undefined || now.stored || !asset.stored) return asset;
  const same = Object.entries(now.hashes).every(
    ([algorithm, hash]) => asset.hashes[algorithm as keyof typeof asset.hashes] === hash,
  );
  return same ? { ...asset, metadata: now.metadata } : asset;
}

function* listed(
  format: Pick<PackageFormat, "normalizeVersion">,
  listing: UpstreamListing | undefined,
): Generator<OfferedVersion> {
  for (const { version, publishedAt, unlisted, description, assets } of listing?.versions ?? []) {
    const normalized = normalizedOrUndefined(format, version);
    if (normalized === undefined) continue;
    yield {
      version: normalized,
      status: unlisted ? "Unlisted" : "Published",
      publishedAt: publishedAt ?? 0,
      revision: "",
      origin: "EXTERNAL",
      originRepository: undefined,
      description,
      assets: assets.map(upstreamAssetView),
    };
  }
}

function upstreamAssetView({ name, size, integrity, metadata }: UpstreamAsset): AssetView {
  return { name, size, hashes: integrity, metadata, stored: false };
}

/** Upstreams have versions of old times that are none by today's rules; no client could ask for them. */
export function normalizedOrUndefined(
  format: Pick<PackageFormat, "normalizeVersion">,
  version: string,
): string | undefined {
  try {
    return format.normalizeVersion(version);
  } catch {
    return undefined;
  }
}

/**
 * A tag that several places have means what the upstream says (CodeArtifact user guide, "npm tags with upstream
 * repositories"), unless that version is not to be seen here.
 */
function mergeTags(
  sources: readonly Source[],
  versions: ReadonlyMap<string, OfferedVersion>,
): Readonly<Record<string, string>> {
  const merged = new Map<string, OfferedVersion>();
  for (const source of upstreamsFirst(sources)) {
    const tags = source.kind === "repository" ? source.tags : (source.listing?.tags ?? {});
    for (const [tag, name] of Object.entries(tags)) {
      const version = versions.get(name);
      if (version === undefined || !isVisible(version)) continue;
      const before = merged.get(tag);
      if (before?.status === "Published") continue;
      if (before === undefined || version.status === "Published") merged.set(tag, version);
    }
  }
  return Object.fromEntries([...merged].map(([tag, { version }]) => [tag, version]));
}
