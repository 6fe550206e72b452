import type {
  DeleteRepositoryPolicyCommandInput,
  GetRepositoryPolicyCommandInput,
  SetRepositoryPolicyCommandInput,
} from "@aws-sdk/client-ecr";
import type { Call } from "../../identity/call.ts";
import type { EcrContext } from "./context.ts";
import { invalidParameter, repositoryPolicyNotFound } from "./errors.ts";
import { locksOut, validatePolicy } from "./policy-text.ts";
import { updateRepository } from "./repositories.ts";
import { authorizeRepository, inRegistry, openRepository, type Repository } from "./repository-access.ts";

export async function setRepositoryPolicy(
  ecr: EcrContext,
  caller: Call,
  input: SetRepositoryPolicyCommandInput,
) {
  const call = inRegistry(caller, input.registryId);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:SetRepositoryPolicy");
  const policy = input.policyText ?? "";
  validatePolicy(policy, "repository");
  const changed = { ...repository, policy };
  if (
    input.force !== true &&
    locksOut(() => authorizeRepository(ecr, call, changed, "ecr:SetRepositoryPolicy"))
  ) {
    throw invalidParameter(
      "PolicyText",
      "the policy would keep you from setting another one: use force to set it all the same",
    );
  }
  await updateRepository(ecr, repository, { policy });
  return describe(repository, policy);
}

export async function getRepositoryPolicy(
  ecr: EcrContext,
  caller: Call,
  input: GetRepositoryPolicyCommandInput,
) {
  const call = inRegistry(caller, input.registryId);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:GetRepositoryPolicy");
  if (repository.policy === null) throw repositoryPolicyNotFound(repository);
  return describe(repository, repository.policy);
}

export async function deleteRepositoryPolicy(
  ecr: EcrContext,
  caller: Call,
  input: DeleteRepositoryPolicyCommandInput,
) {
  const call = inRegistry(caller, input.registryId);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:DeleteRepositoryPolicy");
  if (repository.policy === null) throw repositoryPolicyNotFound(repository);
  await updateRepository(ecr, repository, { policy: null });
  return describe(repository, repository.policy);
}

function describe(repository: Repository, policyText: string) {
  return { registryId: repository.account, repositoryName: repository.name, policyText };
}
