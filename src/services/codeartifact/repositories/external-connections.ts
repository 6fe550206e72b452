import type {
  AssociateExternalConnectionCommandInput,
  DisassociateExternalConnectionCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import { openStoredRepository, repositoryInTransaction } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import { conflict, notFound, quotaExceeded } from "../errors.ts";
import { touchGraph } from "../revisions.ts";
import { connectionNames } from "./describe-repository.ts";
import { describe } from "./repositories.ts";

/** CodeArtifact's own; what else the settings name is this server's extension, and a repository may have any number. */
const PUBLIC = "public:";

export async function associateExternalConnection(
  context: CodeArtifactContext,
  call: Call,
  input: AssociateExternalConnectionCommandInput,
) {
  const action = "codeartifact:AssociateExternalConnection";
  const repository = await openStoredRepository(context, call, input, action);
  const name = input.externalConnection ?? "";
  if (context.upstreams.connection(name) === undefined)
    throw notFound(`External connection not found. There is no external connection '${name}'.`);
  await context.metadata.write(async (tx) => {
    await repositoryInTransaction(tx, repository);
    const present = await connectionNames(tx, repository.row.id);
    if (present.includes(name))
      throw conflict(
        `Repository '${repository.row.name}' already has the external connection '${name}'.`,
        "repository",
        repository.row.name,
      );
    const other = present.find((each) => each.startsWith(PUBLIC));
    if (name.startsWith(PUBLIC) && other !== undefined)
      throw quotaExceeded(
        `Repository '${repository.row.name}' already has the external connection '${other}': a repository has at most one.`,
        "repository",
        repository.row.name,
      );
    await tx
      .insertInto("codeartifact_external_connections")
      .values({ repository_id: repository.row.id, name })
      .execute();
    await touchGraph(tx, repository.domain.id);
  });
  return describe(context, repository);
}

export async function disassociateExternalConnection(
  context: CodeArtifactContext,
  call: Call,
  input: DisassociateExternalConnectionCommandInput,
) {
  const action = "codeartifact:DisassociateExternalConnection";
  const repository = await openStoredRepository(context, call, input, action);
  const name = input.externalConnection ?? "";
  await context.metadata.write(async (tx) => {
    await repositoryInTransaction(tx, repository);
    const removed = await tx
      .deleteFrom("codeartifact_external_connections")
      .where("repository_id", "=", repository.row.id)
      .where("name", "=", name)
      .returning("name")
      .executeTakeFirst();
    if (removed === undefined)
      throw notFound(
        `External connection not found. Repository '${repository.row.name}' has no external connection '${name}'.`,
        "repository",
        repository.row.name,
      );
    await touchGraph(tx, repository.domain.id);
  });
  return describe(context, repository);
}
