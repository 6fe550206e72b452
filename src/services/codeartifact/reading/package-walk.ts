/** Where a package is looked for: the walk over the graph, under the restrictions of the package in each repository. */

import type { CodeArtifactContext } from "../context.ts";
import type { DomainGraph, GraphRepository, Place } from "../graph.ts";
import { originControls } from "../origin-controls.ts";
import { walk } from "../walk.ts";
import { openedGraph } from "./open-repository.ts";
import { type PackageRow, packageRows } from "./package-rows.ts";
import type { WantedPackage } from "./wanted-package.ts";

export interface PackageWalk {
  readonly graph: DomainGraph;
  readonly repository: GraphRepository;
  readonly places: readonly Place[];
  /** By repository, all of the domain. */
  readonly packages: ReadonlyMap<string, PackageRow>;
  /** Whether versions of outside origin that the repository keeps are shown. */
  showsStrangers(repository: GraphRepository): boolean;
}

export async function walkPackage(
  context: CodeArtifactContext,
  { repository: opened, format, name }: WantedPackage,
): Promise<PackageWalk> {
  const { graph, repository } = await openedGraph(context, opened);
  const packages = await packageRows(context.metadata.reader, graph.id, format, name);
  const places = walk(
    graph,
    repository,
    (searched) => {
      const row = packages.get(searched.id);
      const controls = originControls(graph.groups, format, name, searched.name, row);
      return {
        fromRepositories: controls.internalUpstream.allowed,
        fromConnections: controls.externalUpstream.allowed,
        publishedInside: isPublishedInside(row),
      };
    },
    (connection) => context.upstreams.connection(connection)?.format === format,
  );
  const publishedInside = places.some(
    (place) => place.kind === "repository" && isPublishedInside(packages.get(place.repository.id)),
  );
  return {
    graph,
    repository,
    places,
    packages,
    // What was once fetched of a stranger is the stranger's still: whoever may read a connected repository can have it
    // kept there. What a repository keeps that takes nothing from above, somebody put there.
    showsStrangers: ({ id }) => !publishedInside || packages.get(id)?.upstream === "BLOCK",
  };
}

/** CodeArtifact's origin controls after a first version that was published. */
function isPublishedInside(row: PackageRow | undefined): boolean {
  return row?.publish === "ALLOW" && row.upstream === "BLOCK";
}

/** Of the package in the repositories of the walk, in its order. */
export function packageIds({ places, packages }: PackageWalk): readonly string[] {
  return places.flatMap((place) => {
    const row = place.kind === "repository" ? packages.get(place.repository.id) : undefined;
    return row ? [row.id] : [];
  });
}
