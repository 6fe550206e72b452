import type {
  ListRepositoriesCommandInput,
  ListRepositoriesInDomainCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { AccountId } from "../../../aws/names.ts";
import type { Call } from "../../../identity/call.ts";
import { authorizeRepository, openDomain, type RepositoryRow } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import { listPage } from "../paging.ts";
import { summarizeRepository } from "./describe-repository.ts";

/** The repositories that the caller's account administers, in whichever domain they lie. */
export async function listRepositories(
  context: CodeArtifactContext,
  call: Call,
  input: ListRepositoriesCommandInput,
) {
  const administrator = call.principal.account;
  const every = { owner: administrator, domain: "*", repository: "*", administrator };
  authorizeRepository(
    context.authorize,
    call,
    { ...every, policy: undefined, domainPolicy: undefined },
    "codeartifact:ListRepositories",
  );
  const { items, nextToken } = await listPage(
    context,
    call,
    { operation: "codeartifact:ListRepositories", purpose: [input.repositoryPrefix] },
    input,
    ({ after: [name, id], limit }) =>
      context.metadata.reader
        .selectFrom("codeartifact_repositories as repository")
        .innerJoin("codeartifact_domains as domain", "domain.id", "repository.domain_id")
        .selectAll("repository")
        .select(["domain.account", "domain.region", "domain.name as domain_name"])
        .where("repository.administrator_account", "=", administrator)
        .where("domain.region", "=", call.region)
        .where((eb) =>
          eb.and(beginsWith(input.repositoryPrefix).map(([op, text]) => eb("repository.name", op, text))),
        )
        .$if(name !== undefined, (query) =>
          query.where((eb) =>
            eb.or([
              eb("repository.name", ">", name ?? ""),
              eb.and([eb("repository.name", "=", name ?? ""), eb("repository.id", ">", id ?? "")]),
            ]),
          ),
        )
        .orderBy("repository.name")
        .orderBy("repository.id")
        .limit(limit)
        .execute(),
    (row) => [row.name, row.id],
  );
  return {
    repositories: items.map(({ account, region, domain_name, ...row }) =>
      summarizeRepository({ account, region, name: domain_name }, row),
    ),
    nextToken,
  };
}

export async function listRepositoriesInDomain(
  context: CodeArtifactContext,
  call: Call,
  input: ListRepositoriesInDomainCommandInput,
) {
  const action = "codeartifact:ListRepositoriesInDomain";
  const domain = await openDomain(context, call, input, action);
  const administrator = input.administratorAccount as AccountId | undefined;
  const { items, nextToken } = await listPage<RepositoryRow>(
    context,
    call,
    { operation: action, purpose: [domain.id, administrator, input.repositoryPrefix] },
    input,
    ({ after: [after], limit }) =>
      context.metadata.reader
        .selectFrom("codeartifact_repositories")
        .selectAll()
        .where("domain_id", "=", domain.id)
        .$if(administrator !== undefined, (query) =>
          query.where("administrator_account", "=", administrator ?? ""),
        )
        .where((eb) => eb.and(beginsWith(input.repositoryPrefix).map(([op, text]) => eb("name", op, text))))
        .$if(after !== undefined, (query) => query.where("name", ">", after ?? ""))
        .orderBy("name")
        .limit(limit)
        .execute(),
    (row) => [row.name],
  );
  return { repositories: items.map((row) => summarizeRepository(domain, row)), nextToken };
}

/** Texts with this prefix as a range of keys: names are ASCII, so the prefix with its last character raised ends it. */
function beginsWith(prefix: string | undefined): readonly (readonly [">=" | "<", string])[] {
  if (prefix === undefined || prefix === "") return [];
  const last = prefix.charCodeAt(prefix.length - 1);
  return [
    [">=", prefix],
    ["<", prefix.slice(0, -1) + String.fromCharCode(last + 1)],
  ];
}
