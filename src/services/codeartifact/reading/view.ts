/** A package as a repository shows it: everything that places of its walk have, read and merged. */

import type { CodeArtifactContext } from "../context.ts";
import type { PackageView } from "../engine.ts";
import type { Place } from "../graph.ts";
import type { Made } from "./current.ts";
import { askConnections, type Listings } from "./listings.ts";
import { distTags, offeredVersions } from "./package-rows.ts";
import { type PackageWalk, packageIds, walkPackage } from "./package-walk.ts";
import { mergeView, type Source } from "./view-merge.ts";
import { readRevisions, type WantedPackage } from "./wanted-package.ts";

/** Throws UpstreamUnavailable or UpstreamRefused when nothing is kept here and a connection could not be asked. */
export async function loadView(
  context: CodeArtifactContext,
  wanted: WantedPackage,
): Promise<Made<PackageView | undefined>> {
  const { name } = wanted;
  const format = context.formats.get(wanted.format);
  const { walk, stored } = await readStored(context, wanted);
  const connections = walk.places.flatMap((place) => (place.kind === "connection" ? [place.connection] : []));
  const upstream = await askConnections(context, format, name, connections);
  const sources = walk.places.map((place) => stored.get(place) ?? listed(place, connections, upstream));
  const view = mergeView(name, format, sources, upstream.stale);
  if (view === undefined && upstream.failure) throw upstream.failure;
  const { revision, freshUntil } = upstream;
  return { value: view, connections, upstreamRevision: revision, freshUntil, bytes: weight(view) };
}

/** Bytes of memory, roughly: descriptions are as small as a manifest. */
function weight(view: PackageView | undefined): number {
  let bytes = 0;
  for (const { assets } of view?.versions ?? []) bytes += 2_000 + assets.length * 500;
  return bytes;
}

/** So often rows are read again because a write fell between the queries; whoever has read less than all renders again next time. */
const MOST_READINGS = 5;

async function readStored(
  context: CodeArtifactContext,
  wanted: WantedPackage,
): Promise<{ walk: PackageWalk; stored: ReadonlyMap<Place, Source> }> {
  for (let readings = 1; ; readings++) {
    const before = await readRevisions(context, wanted);
    const walk = await walkPackage(context, wanted);
    const stored = await storedSources(context, walk);
    const after = await readRevisions(context, wanted);
    const isWhole = before?.package === after?.package && before?.graph === after?.graph;
    if (isWhole || readings === MOST_READINGS) return { walk, stored };
  }
}

async function storedSources(
  { metadata }: CodeArtifactContext,
  walk: PackageWalk,
): Promise<ReadonlyMap<Place, Source>> {
  const { places, packages } = walk;
  const rows = packageIds(walk);
  const versions = await offeredVersions(metadata.reader, rows);
  const tags = await distTags(metadata.reader, rows);
  return new Map(
    places.flatMap((place): [Place, Source][] => {
      if (place.kind !== "repository") return [];
      const id = packages.get(place.repository.id)?.id ?? "";
      const kept = versions.get(id) ?? [];
      const shown = walk.showsStrangers(place.repository)
        ? kept
        : kept.filter(({ origin }) => origin === "INTERNAL");
      const source = { versions: shown, tags: tags.get(id) ?? {} };
      return [[place, { kind: "repository", depth: place.depth, ...source }]];
    }),
  );
}

function listed(place: Place, connections: readonly string[], { listings }: Listings): Source {
  const index = place.kind === "connection" ? connections.indexOf(place.connection) : -1;
  return { kind: "connection", depth: place.depth, listing: listings[index] };
}
