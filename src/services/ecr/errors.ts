/** ECR's exceptions with the texts its clients see, as AWS's users quote them in public issues and tests. */
import { AwsError } from "../../aws/errors.ts";

interface RepositoryIdentity {
  readonly account: string;
  readonly name: string;
}

export interface ImageIdentity {
  readonly imageDigest?: string | undefined;
  readonly imageTag?: string | undefined;
}

/** Without a parameter name the text is about the request as a whole. */
export function invalidParameter(parameter: string | undefined, constraint: string): AwsError {
  return new AwsError(
    "InvalidParameterException",
    parameter === undefined
      ? `Invalid request parameters: ${constraint}`
      : `Invalid parameter at '${parameter}' failed to satisfy constraint: '${constraint}'`,
  );
}

/** The manifest itself is not acceptable: the native door answers MANIFEST_INVALID for it. */
export class ManifestInvalid extends AwsError {
  constructor(reason: string) {
    super(
      "InvalidParameterException",
      `Invalid parameter at 'ImageManifest' failed to satisfy constraint: '${reason}'`,
    );
  }
}

/** Of thousands that a manifest may name, the first are enough to go on with. */
function listed(digests: readonly string[]): string {
  const most = 100;
  const rest = digests.length - most;
  return digests.slice(0, most).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

export function repositoryNotFound(name: string, account: string): AwsError {
  return new AwsError(
    "RepositoryNotFoundException",
    `The repository with name '${name}' does not exist in the registry with id '${account}'`,
  );
}

export function repositoryAlreadyExists(name: string, account: string): AwsError {
  return new AwsError(
    "RepositoryAlreadyExistsException",
    `The repository with name '${name}' already exists in the registry with id '${account}'`,
  );
}

export function repositoryNotEmpty(name: string, account: string): AwsError {
  return new AwsError(
    "RepositoryNotEmptyException",
    `The repository with name '${name}' in registry with id '${account}' cannot be deleted because it still contains images`,
  );
}

export function repositoryPolicyNotFound(repository: RepositoryIdentity): AwsError {
  return new AwsError(
    "RepositoryPolicyNotFoundException",
    `Repository policy does not exist for the repository with name '${repository.name}' in the registry with id '${repository.account}'`,
  );
}

export function registryPolicyNotFound(account: string): AwsError {
  return new AwsError(
    "RegistryPolicyNotFoundException",
    `Registry policy does not exist in the registry with id '${account}'`,
  );
}

/** What a native client is told. */
export function requestedImageNotFound(): AwsError {
  return new AwsError("ImageNotFoundException", "Requested image not found");
}

export function imageNotFound(repository: RepositoryIdentity, image: ImageIdentity): AwsError {
  return new AwsError(
    "ImageNotFoundException",
    `The image with imageId {imageDigest:'${image.imageDigest ?? "null"}', imageTag:'${image.imageTag ?? "null"}'} ` +
      `does not exist within the repository with name '${repository.name}' in the registry with id '${repository.account}'`,
  );
}

export function imageAlreadyExists(repository: RepositoryIdentity, image: ImageIdentity): AwsError {
  return new AwsError(
    "ImageAlreadyExistsException",
    `Image with digest '${image.imageDigest ?? "null"}' and tag '${image.imageTag ?? "null"}' already exists ` +
      `in the repository with name '${repository.name}' in registry with id '${repository.account}'`,
  );
}

export function imageTagAlreadyExists(repository: RepositoryIdentity, tag: string): AwsError {
  return new AwsError(
    "ImageTagAlreadyExistsException",
    `The image tag '${tag}' already exists in the '${repository.name}' repository and cannot be overwritten because the tag is immutable.`,
  );
}

export function imageDigestDoesNotMatch(claimed: string, computed: string): AwsError {
  return new AwsError(
    "ImageDigestDoesNotMatchException",
    `The image digest '${claimed}' does not match the digest '${computed}' calculated for the image manifest`,
  );
}

/** BatchDeleteImage reports this as a failure code; a native client gets it as an error of this name. */
export function imageReferencedByManifestList(parents: readonly string[]): AwsError {
  return new AwsError(
    "ImageReferencedByManifestList",
    `Requested image referenced by manifest list: [${listed(parents)}]`,
  );
}

export function layersNotFound(repository: RepositoryIdentity, digests: readonly string[]): AwsError {
  return new AwsError(
    "LayersNotFoundException",
    `Layers with digests '[${listed(digests)}]' required for pushing image into repository with name ` +
      `'${repository.name}' in the registry with id '${repository.account}' do not exist`,
  );
}

export function layerNotFound(repository: RepositoryIdentity, digest: string): AwsError {
  return new AwsError(
    "LayersNotFoundException",
    `The layer with digest '${digest}' does not exist within the repository with name '${repository.name}' in the registry with id '${repository.account}'`,
  );
}

export function referencedImagesNotFound(
  repository: RepositoryIdentity,
  digests: readonly string[],
): AwsError {
  return new AwsError(
    "ReferencedImagesNotFoundException",
    `Images with digests '[${listed(digests)}]' required for pushing image into repository with name ` +
      `'${repository.name}' in the registry with id '${repository.account}' do not exist`,
  );
}

export function layerInaccessible(repository: RepositoryIdentity, digest: string): AwsError {
  return new AwsError(
    "LayerInaccessibleException",
    `The layer with digest '${digest}' in the repository with name '${repository.name}' in the registry with id ` +
      `'${repository.account}' is not accessible because it is not associated with an image`,
  );
}

export function layerInUse(digest: string): AwsError {
  return new AwsError(
    "LayerInUse",
    `The layer with digest '${digest}' is used by an image and cannot be deleted`,
  );
}

export function layerAlreadyExists(repository: RepositoryIdentity, digest: string): AwsError {
  return new AwsError(
    "LayerAlreadyExistsException",
    `The layer with digest '${digest}' already exists in the repository with name '${repository.name}' in registry with id '${repository.account}'`,
  );
}

export function uploadNotFound(repository: RepositoryIdentity, uploadId: string): AwsError {
  return new AwsError(
    "UploadNotFoundException",
    `The upload with id '${uploadId}' does not exist in the repository with name '${repository.name}' in the registry with id '${repository.account}'`,
  );
}

export function invalidLayerPart(
  repository: RepositoryIdentity,
  uploadId: string,
  lastValidByteReceived: number,
  reason: string,
): AwsError {
  return new AwsError("InvalidLayerPartException", reason, {
    members: {
      registryId: repository.account,
      repositoryName: repository.name,
      uploadId,
      lastValidByteReceived,
    },
  });
}

export function emptyUpload(uploadId: string): AwsError {
  return new AwsError(
    "EmptyUploadException",
    `The layer upload with id '${uploadId}' does not contain any layer parts`,
  );
}

export function layerPartTooSmall(): AwsError {
  return new AwsError("LayerPartTooSmallException", "Layer parts must be at least 5 MiB in size.");
}

export function invalidLayer(digest: string): AwsError {
  return new AwsError("InvalidLayerException", `The layer does not match the specified digest '${digest}'`);
}

export function limitExceeded(message: string): AwsError {
  return new AwsError("LimitExceededException", message);
}

export function invalidTagParameter(message: string): AwsError {
  return new AwsError("InvalidTagParameterException", message);
}

export function tooManyTags(): AwsError {
  return new AwsError(
    "TooManyTagsException",
    "The list of tags on the repository is over the limit. The maximum number of tags that can be applied to a repository is 50.",
  );
}
