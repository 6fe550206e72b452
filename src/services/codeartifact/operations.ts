/** The CodeArtifact API: which operation is which function. */
import { withApiErrors } from "./api-errors.ts";
import type { CodeArtifactContext } from "./context.ts";
import { getAuthorizationToken } from "./domains/authorization-token.ts";
import {
  deleteDomainPermissionsPolicy,
  getDomainPermissionsPolicy,
  putDomainPermissionsPolicy,
} from "./domains/domain-policy.ts";
import { createDomain, deleteDomain, describeDomain, listDomains } from "./domains/domains.ts";
import { createGroupOperations } from "./groups/operations.ts";
import type { CodeArtifactOperations } from "./operation-table.ts";
import type { Reading } from "./reading/reading.ts";
import { getRepositoryEndpoint } from "./repositories/endpoints.ts";
import {
  associateExternalConnection,
  disassociateExternalConnection,
} from "./repositories/external-connections.ts";
import { listRepositories, listRepositoriesInDomain } from "./repositories/list-repositories.ts";
import {
  createRepository,
  deleteRepository,
  describeRepository,
  updateRepository,
} from "./repositories/repositories.ts";
import {
  deleteRepositoryPermissionsPolicy,
  getRepositoryPermissionsPolicy,
  putRepositoryPermissionsPolicy,
} from "./repositories/repository-policy.ts";
import { listTagsForResource, tagResource, untagResource } from "./tag-operations.ts";
import { createVersionOperations } from "./versions/operations.ts";

export function createOperations(context: CodeArtifactContext, reading: Reading): CodeArtifactOperations {
  return withApiErrors<CodeArtifactOperations>({
    CreateDomain: (call, input) => createDomain(context, call, input),
    DescribeDomain: (call, input) => describeDomain(context, call, input),
    DeleteDomain: (call, input) => deleteDomain(context, call, input),
    ListDomains: (call, input) => listDomains(context, call, input),
    PutDomainPermissionsPolicy: (call, input) => putDomainPermissionsPolicy(context, call, input),
    GetDomainPermissionsPolicy: (call, input) => getDomainPermissionsPolicy(context, call, input),
    DeleteDomainPermissionsPolicy: (call, input) => deleteDomainPermissionsPolicy(context, call, input),
    GetAuthorizationToken: (call, input) => getAuthorizationToken(context, call, input),

    CreateRepository: (call, input) => createRepository(context, call, input),
    DescribeRepository: (call, input) => describeRepository(context, call, input),
    UpdateRepository: (call, input) => updateRepository(context, call, input),
    DeleteRepository: (call, input) => deleteRepository(context, call, input),
    ListRepositories: (call, input) => listRepositories(context, call, input),
    ListRepositoriesInDomain: (call, input) => listRepositoriesInDomain(context, call, input),
    GetRepositoryEndpoint: (call, input) => getRepositoryEndpoint(context, call, input),
    AssociateExternalConnection: (call, input) => associateExternalConnection(context, call, input),
    DisassociateExternalConnection: (call, input) => disassociateExternalConnection(context, call, input),
    PutRepositoryPermissionsPolicy: (call, input) => putRepositoryPermissionsPolicy(context, call, input),
    GetRepositoryPermissionsPolicy: (call, input) => getRepositoryPermissionsPolicy(context, call, input),
    DeleteRepositoryPermissionsPolicy: (call, input) =>
      deleteRepositoryPermissionsPolicy(context, call, input),

    TagResource: (call, input) => tagResource(context, call, input),
    UntagResource: (call, input) => untagResource(context, call, input),
    ListTagsForResource: (call, input) => listTagsForResource(context, call, input),

    ...createGroupOperations(context),
    ...createVersionOperations(context, reading),
  });
}
