/**
 * From a repository's address to one that the caller may use: the domain's revision by one query, all else from the
 * graph in memory. Who has no right learns nothing: without a policy that lets a stranger in, a repository that is
 * there and one that is not are denied alike; only the owner's account hears what does not exist.
 */
import type { Call } from "../../../identity/call.ts";
import { authorizeRepository } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { OpenRepository, RepositoryAddress } from "../engine.ts";
import { domainNotFound, repositoryNotFound } from "../errors.ts";
import type { DomainGraph, GraphRepository } from "../graph.ts";

export async function openRepository(
  context: CodeArtifactContext,
  call: Call,
  { domain, owner, repository: name }: RepositoryAddress,
  action: string,
): Promise<OpenRepository> {
  const { region } = call;
  const row = await context.queries.domain(context.metadata.reader, { account: owner, region, domain });
  const graph = row && (await context.graphs.at(row.id, row.graph_revision));
  const repository = graph?.repositoriesByName.get(name);
  const { administrator, policy, conditions = {} } = repository ?? {};
  const asked = { owner, domain, repository: name, administrator, policy, domainPolicy: graph?.policy };
  authorizeRepository(context.authorize, call, asked, action, { context: conditions });
  if (graph === undefined) throw domainNotFound(domain, owner);
  if (repository === undefined) throw repositoryNotFound(name, domain, owner);
  return asOpen(graph, repository);
}

export function asOpen(graph: DomainGraph, { id, name }: GraphRepository): OpenRepository {
  const { id: domainId, name: domain, account: owner, region, encryptionKey } = graph;
  return { id, name, domainId, domain, owner, region, encryptionKey };
}

/** The graph as it now is, and the opened repository in it; throws ResourceNotFoundException when it is gone. */
export async function openedGraph(
  { metadata, queries, graphs }: Pick<CodeArtifactContext, "metadata" | "queries" | "graphs">,
  { id, name, domainId, domain, owner, region }: OpenRepository,
): Promise<{ graph: DomainGraph; repository: GraphRepository }> {
  const row = await queries.domain(metadata.reader, { account: owner, region, domain });
  const graph = row?.id === domainId ? await graphs.at(domainId, row.graph_revision) : undefined;
  const repository = graph?.repositories.get(id);
  if (graph === undefined || repository === undefined) throw repositoryNotFound(name, domain, owner);
  return { graph, repository };
}
