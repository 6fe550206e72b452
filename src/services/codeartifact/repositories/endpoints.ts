/**
 * Where package managers find a repository, said in the terms of how the caller reached this server
 * (docs/architecture.md, "Names and hosts"): under an own domain the package domain's host, else a path on the very host
 * that was asked. Always with a slash at the end: `aws codeartifact login` appends to it.
 */
import type { GetRepositoryEndpointCommandInput } from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import { openStoredRepository } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { RepositoryAddress } from "../engine.ts";

/** Behind private DNS we answer for AWS's own names too, configured or not (host mode c). */
const AWS_DOMAIN = "amazonaws.com";

/** `swift package-registry login` is answered, though there are no Swift packages yet. */
const LOGIN_ONLY = "swift";

export async function getRepositoryEndpoint(
  context: CodeArtifactContext,
  call: Call,
  input: GetRepositoryEndpointCommandInput,
) {
  const format = input.format ?? "";
  const { domain, row } = await openStoredRepository(
    context,
    call,
    input,
    "codeartifact:GetRepositoryEndpoint",
  );
  if (format !== LOGIN_ONLY) context.formats.parse(format);
  const address = { domain: domain.name, owner: domain.account, repository: row.name };
  return { repositoryEndpoint: repositoryEndpoint(call, address, format, context.domains) };
}

/** `http://localhost:7560/-/codeartifact/us-east-1/acme-123456789012/npm/app/` */
export function repositoryEndpoint(
  call: Pick<Call, "baseUrl" | "region">,
  {
    domain,
    owner,
    repository,
  }: { readonly domain: string; readonly owner: string } & Pick<RepositoryAddress, "repository">,
  format: string,
  domains: readonly string[],
): string {
  const url = new URL(call.baseUrl);
  // The longest first, as routing does: the nearer one is meant.
  const own = [...domains, AWS_DOMAIN]
    .sort((a, b) => b.length - a.length)
    .find((name) => url.hostname === name.toLowerCase() || url.hostname.endsWith(`.${name.toLowerCase()}`));
  if (own === undefined)
    return `${url.origin}/-/codeartifact/${call.region}/${domain}-${owner}/${format}/${repository}/`;
  url.hostname = `${domain}-${owner}.d.codeartifact.${call.region}.${own}`;
  return `${url.origin}/${format}/${repository}/`;
}
