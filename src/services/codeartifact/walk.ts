/**
 * In which order a repository is searched for a package (CodeArtifact user guide, "Upstream repository priority
 * order"): itself, then each upstream in listed order with everything above it, then its external connections. Each
 * repository and each connection is asked once, at its first place.
 *
 * Origin controls hold at every step: what a repository may not take from above is not shown through it either.
 */
import type { DomainGraph, GraphRepository, Place } from "./graph.ts";

/** What a repository may take from above, for the package in question. */
export interface UpstreamRights {
  readonly fromRepositories: boolean;
  readonly fromConnections: boolean;
  /**
   * It publishes this name itself and takes none of it from above. Then no connection of the whole walk is asked, and
   * what one brought before is not shown (package-walk.ts): in `app` over `[private, npm-store]` a stranger's higher
   * version of a private name would come past `private` otherwise. CodeArtifact leaves that gap to package groups; who
   * wants both sets the package's upstream to ALLOW.
   */
  readonly publishedInside: boolean;
}

/** CodeArtifact's quota: repositories searched for one package version. */
export const MOST_SEARCHED = 25;

export function walk(
  graph: Pick<DomainGraph, "repositories">,
  start: GraphRepository,
  rights: (repository: GraphRepository) => UpstreamRights,
  isAsked: (connection: string) => boolean,
): readonly Place[] {
  const places: Place[] = [];
  const searched = new Set<string>();
  const connected = new Set<string>();
  let publishedInside = false;
  const search = (repository: GraphRepository, depth: number): void => {
    if (searched.has(repository.id) || searched.size >= MOST_SEARCHED) return;
    searched.add(repository.id);
    places.push({ kind: "repository", repository, depth });
    const { fromRepositories, fromConnections, ...right } = rights(repository);
    publishedInside ||= right.publishedInside;
    for (const id of fromRepositories ? repository.upstreams : []) {
      const upstream = graph.repositories.get(id);
      if (upstream) search(upstream, depth + 1);
    }
    for (const connection of fromConnections ? repository.connections : []) {
      if (connected.has(connection) || !isAsked(connection)) continue;
      connected.add(connection);
      places.push({ kind: "connection", connection, owner: repository, depth: depth + 1 });
    }
  };
  search(start, 0);
  return publishedInside ? places.filter(({ kind }) => kind === "repository") : places;
}

/** The same places with everything above a repository before it: whose dist-tags win, and the requesting one's last. */
export function upstreamsFirst<Item extends { readonly depth: number }>(
  places: readonly Item[],
): readonly Item[] {
  const ordered: Item[] = [];
  const below: Item[] = [];
  for (const place of places) {
    for (let last = below.at(-1); last && last.depth >= place.depth; last = below.at(-1)) {
      ordered.push(last);
      below.pop();
    }
    below.push(place);
  }
  return [...ordered, ...below.reverse()];
}
