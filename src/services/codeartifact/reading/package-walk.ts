/** Where a package is looked for: the walk over the graph, under the restrictions of the package in each repository. */

import type { CodeArtifactContext } from "../context.ts";
import type { DomainGraph, GraphRepository, Place } from "../graph.ts";
import { originControls } from "../origin-controls.ts";
import { walk } from "../walk.ts";
import type { WantedPackage } from "./current.ts";
import { openedGraph } from "./open-repository.ts";
import { type PackageRow, packageRows } from "./package-rows.ts";

export interface PackageWalk {
  readonly graph: DomainGraph;
  readonly repository: GraphRepository;
  readonly places: readonly Place[];
  /** By repository, all of the domain. */
  readonly packages: ReadonlyMap<string, PackageRow>;
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
        publishedInside: row?.publish === "ALLOW" && row.upstream === "BLOCK",
      };
    },
    (connection) => context.upstreams.connection(connection)?.format === format,
  );
  return { graph, repository, places, packages };
}

/** Of the package in the repositories of the walk, in its order. */
export function packageIds({ places, packages }: PackageWalk): readonly string[] {
  return places.flatMap((place) => {
    const row = place.kind === "repository" ? packages.get(place.repository.id) : undefined;
    return row ? [row.id] : [];
  });
}
