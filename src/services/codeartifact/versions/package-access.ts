/**
 * From the names in a request to a package that the caller may do something with. Permissions on packages are asked
 * for on the package's own ARN, under the policy of its repository (CodeArtifact user guide, "Repository policies").
 */
import type { Call } from "../../../identity/call.ts";
import { authorizeRepository, domainNamed, type RepositoryInput } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { OpenRepository } from "../engine.ts";
import { domainNotFound, repositoryNotFound, validation } from "../errors.ts";
import { type FormatName, PackageInvalid, type PackageName } from "../format.ts";
import { type DomainPlace, packageArn } from "../names.ts";
import { asOpen, openedGraph } from "../reading/open-repository.ts";
import type { PackageKey } from "./stored-packages.ts";

export interface PackageInput extends RepositoryInput {
  readonly format: string | undefined;
  readonly namespace?: string | undefined;
  readonly package: string | undefined;
}

/** Throws PackageInvalid. */
export function packageKey(
  context: Pick<CodeArtifactContext, "formats">,
  repository: OpenRepository,
  format: FormatName,
  name: PackageName,
): PackageKey {
  return { repository, format, name: context.formats.get(format).normalizeName(name) };
}

export async function authorizePackage(
  context: CodeArtifactContext,
  call: Call,
  key: PackageKey,
  action: string,
): Promise<void> {
  const { owner, domain, name } = key.repository;
  const { graph, repository } = await openedGraph(context, key.repository);
  const resource = packageArn(key.repository, key.format, key.name);
  const { administrator, policy } = repository;
  const asked = { owner, domain, repository: name, administrator, policy, domainPolicy: graph.policy };
  authorizeRepository(context.authorize, call, asked, action, { resource });
}

/** For operations on one package; throws AccessDeniedException, ResourceNotFoundException or ValidationException. */
export async function openPackage(
  context: CodeArtifactContext,
  call: Call,
  input: PackageInput,
  action: string,
): Promise<PackageKey> {
  const format = context.formats.parse(input.format);
  const given = { namespace: input.namespace ?? "", name: input.package ?? "" };
  const name = asValidation(() => context.formats.get(format).normalizeName(given));
  const repository = await open(context, call, input, action, (named) => packageArn(named, format, name));
  return { repository, format, name };
}

/** For operations on a repository's packages; the same errors. */
export function openRepositoryOf(
  context: CodeArtifactContext,
  call: Call,
  input: RepositoryInput,
  action: string,
): Promise<OpenRepository> {
  return open(context, call, input, action, undefined);
}

async function open(
  { metadata, queries, graphs, authorize }: CodeArtifactContext,
  call: Call,
  input: RepositoryInput,
  action: string,
  arn: ((repository: DomainPlace & { readonly name: string }) => string) | undefined,
): Promise<OpenRepository> {
  const { owner, domain } = domainNamed(call, input);
  const { region } = call;
  const name = input.repository ?? "";
  const row = await queries.domain(metadata.reader, { account: owner, region, domain });
  const graph = row && (await graphs.at(row.id, row.graph_revision));
  const repository = graph?.repositoriesByName.get(name);
  const { administrator, policy } = repository ?? {};
  const resource = arn?.({ owner, region, domain, name });
  const asked = { owner, domain, repository: name, administrator, policy, domainPolicy: graph?.policy };
  authorizeRepository(authorize, call, asked, action, resource === undefined ? {} : { resource });
  if (!graph) throw domainNotFound(domain, owner);
  if (!repository) throw repositoryNotFound(name, domain, owner);
  return asOpen(graph, repository);
}

/** What is wrong with a name or version in an API request is the request's fault. */
export function asValidation<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    throw error instanceof PackageInvalid ? validation(error.message) : error;
  }
}
