/**
 * The ECR API: which operation is which function. What is absent here (lifecycle, scanning, replication, pull-through,
 * creation templates, signing, archive, pull-time exclusions) is answered as not implemented by the wire.
 */
import type { OperationTable } from "../../aws/service.ts";
import type { Call } from "../../identity/call.ts";
import { getAuthorizationToken } from "./authorization-token.ts";
import { batchGetImage, putImageOperation } from "./batch-get-image.ts";
import type { EcrContext } from "./context.ts";
import { batchDeleteImage } from "./delete-image.ts";
import { describeImages } from "./describe-images.ts";
import { getDownloadUrlForLayer } from "./layer-download.ts";
import { completeLayerUpload, initiateLayerUpload, uploadLayerPart } from "./layer-parts.ts";
import { batchCheckLayerAvailability } from "./layers.ts";
import { listImages } from "./list-images.ts";
import { listImageReferrers } from "./referrers.ts";
import {
  deleteRegistryPolicy,
  describeRegistry,
  getAccountSetting,
  getRegistryPolicy,
  putAccountSetting,
  putRegistryPolicy,
} from "./registry-settings.ts";
import {
  createRepository,
  deleteRepository,
  describeRepositories,
  putImageTagMutability,
} from "./repositories.ts";
import { deleteRepositoryPolicy, getRepositoryPolicy, setRepositoryPolicy } from "./repository-policy.ts";
import { listTagsForResource, tagResource, untagResource } from "./resource-tags.ts";

export type EcrOperations = OperationTable<typeof import("@aws-sdk/client-ecr"), Call>;

export function createOperations(ecr: EcrContext): EcrOperations {
  return {
    CreateRepository: (call, input) => createRepository(ecr, call, input),
    DescribeRepositories: (call, input) => describeRepositories(ecr, call, input),
    DeleteRepository: (call, input) => deleteRepository(ecr, call, input),
    PutImageTagMutability: (call, input) => putImageTagMutability(ecr, call, input),
    TagResource: (call, input) => tagResource(ecr, call, input),
    UntagResource: (call, input) => untagResource(ecr, call, input),
    ListTagsForResource: (call, input) => listTagsForResource(ecr, call, input),
    SetRepositoryPolicy: (call, input) => setRepositoryPolicy(ecr, call, input),
    GetRepositoryPolicy: (call, input) => getRepositoryPolicy(ecr, call, input),
    DeleteRepositoryPolicy: (call, input) => deleteRepositoryPolicy(ecr, call, input),

    DescribeRegistry: (call) => describeRegistry(ecr, call),
    GetRegistryPolicy: (call) => getRegistryPolicy(ecr, call),
    PutRegistryPolicy: (call, input) => putRegistryPolicy(ecr, call, input),
    DeleteRegistryPolicy: (call) => deleteRegistryPolicy(ecr, call),
    GetAccountSetting: (call, input) => getAccountSetting(ecr, call, input),
    PutAccountSetting: (call, input) => putAccountSetting(ecr, call, input),
    GetAuthorizationToken: (call, input) => getAuthorizationToken(ecr, call, input),

    PutImage: (call, input) => putImageOperation(ecr, call, input),
    BatchGetImage: (call, input) => batchGetImage(ecr, call, input),
    BatchDeleteImage: (call, input) => batchDeleteImage(ecr, call, input),
    ListImages: (call, input) => listImages(ecr, call, input),
    DescribeImages: (call, input) => describeImages(ecr, call, input),
    ListImageReferrers: (call, input) => listImageReferrers(ecr, call, input),

    BatchCheckLayerAvailability: (call, input) => batchCheckLayerAvailability(ecr, call, input),
    InitiateLayerUpload: (call, input) => initiateLayerUpload(ecr, call, input),
    UploadLayerPart: (call, input) => uploadLayerPart(ecr, call, input),
    CompleteLayerUpload: (call, input) => completeLayerUpload(ecr, call, input),
    GetDownloadUrlForLayer: (call, input) => getDownloadUrlForLayer(ecr, call, input),
  };
}
