import type {
  DeleteRepositoryPermissionsPolicyCommandInput,
  GetRepositoryPermissionsPolicyCommandInput,
  PutRepositoryPermissionsPolicyCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { openStoredRepository, repositoryInTransaction, type StoredRepository } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import {
  checkPolicyDocument,
  checkPolicyRevision,
  newPolicyRevision,
  type PolicyHolder,
  requirePolicy,
} from "../policy-document.ts";
import { touchGraph } from "../revisions.ts";
import { arnOf } from "./repositories.ts";

/** The policy that is there is not asked, so that nobody can lock the owner out (API reference); the domain's is. */
export async function putRepositoryPermissionsPolicy(
  context: CodeArtifactContext,
  call: Call,
  input: PutRepositoryPermissionsPolicyCommandInput,
) {
  const action = "codeartifact:PutRepositoryPermissionsPolicy";
  const document = input.policyDocument ?? "";
  const repository = await openStoredRepository(context, call, input, action, { ownPolicy: "ignored" });
  checkPolicyDocument(document);
  const revision = newPolicyRevision();
  await context.metadata.write(async (tx) => {
    checkPolicyRevision(
      await repositoryInTransaction(tx, repository),
      input.policyRevision,
      holderOf(repository),
    );
    await setPolicy(tx, repository, document, revision);
  });
  return { policy: { resourceArn: arnOf(repository), revision, document } };
}

export async function getRepositoryPermissionsPolicy(
  context: CodeArtifactContext,
  call: Call,
  input: GetRepositoryPermissionsPolicyCommandInput,
) {
  const action = "codeartifact:GetRepositoryPermissionsPolicy";
  const repository = await openStoredRepository(context, call, input, action);
  const { document, revision } = requirePolicy(repository.row, holderOf(repository));
  return { policy: { resourceArn: arnOf(repository), revision, document } };
}

export async function deleteRepositoryPermissionsPolicy(
  context: CodeArtifactContext,
  call: Call,
  input: DeleteRepositoryPermissionsPolicyCommandInput,
) {
  const action = "codeartifact:DeleteRepositoryPermissionsPolicy";
  const repository = await openStoredRepository(context, call, input, action);
  const { document, revision } = await context.metadata.write(async (tx) => {
    const row = await repositoryInTransaction(tx, repository);
    const removed = requirePolicy(row, holderOf(repository));
    checkPolicyRevision(row, input.policyRevision, holderOf(repository));
    await setPolicy(tx, repository, null, null);
    return removed;
  });
  return { policy: { resourceArn: arnOf(repository), revision, document } };
}

async function setPolicy(
  tx: Transaction,
  { domain, row }: StoredRepository,
  policy: string | null,
  revision: string | null,
): Promise<void> {
  await tx
    .updateTable("codeartifact_repositories")
    .set({ policy, policy_revision: revision })
    .where("id", "=", row.id)
    .execute();
  await touchGraph(tx, domain.id);
}

function holderOf({ row }: StoredRepository): PolicyHolder {
  return { type: "repository", name: row.name };
}
