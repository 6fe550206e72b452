import type {
  BatchGetImageCommandInput,
  Image,
  ImageFailure,
  PutImageCommandInput,
} from "@aws-sdk/client-ecr";
import type { Call } from "../../identity/call.ts";
import { KmsError } from "../kms/index.ts";
import type { EcrContext } from "./context.ts";
import { openManifest, requireKey } from "./encryption.ts";
import { invalidParameter, limitExceeded } from "./errors.ts";
import { identifyImage } from "./image-identifier.ts";
import { tagsOf } from "./image-tags.ts";
import { convertManifest } from "./manifest-conversion.ts";
import { requireImageDigest, requireImageTag } from "./names.ts";
import { putImage } from "./put-image.ts";
import { inRegistry, openRepository, type Repository } from "./repository-access.ts";

/** In bytes: how much of an answer manifests may take that stand there again for a further tag. */
const MOST_REPEATED = 16 * 1024 * 1024;

/** In bytes: of all manifests that one call asks for. A hundred of the largest would be an answer of 400 MB. */
const MOST_ASKED = 32 * 1024 * 1024;

/**
 * The manifests, as stored; those asked for by tag alone are converted to an accepted media type where that can be.
 * By digest alone an image comes once for each of its tags, as at ECR: so clients find an image's tags.
 */
export async function batchGetImage(ecr: EcrContext, caller: Call, input: BatchGetImageCommandInput) {
  const call = inRegistry(caller, input.registryId);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:BatchGetImage");
  const locked = await keyProblem(ecr, repository);
  const images: Image[] = [];
  const failures: ImageFailure[] = [];
  let room = MOST_REPEATED;
  let asked = 0;
  for (const imageId of input.imageIds ?? []) {
    const image = await identifyImage(ecr.metadata.reader, repository.id, imageId);
    const stored =
      locked || "failureCode" in image ? undefined : await readManifest(ecr, repository, image.digest);
    if ("failureCode" in image) failures.push({ imageId, ...image });
    else if (locked) failures.push({ imageId, failureCode: "KmsError", failureReason: locked.message });
    else if (stored === undefined) {
      failures.push({ imageId, failureCode: "ImageNotFound", failureReason: "Requested image not found" });
    } else {
      ecr.pullTimes.record(repository.id, image.digest, call.now);
      const accepted = imageId.imageDigest === undefined ? (input.acceptedMediaTypes ?? []) : [];
      asked += stored.bytes.length;
      if (asked > MOST_ASKED) {
        throw limitExceeded("The manifests of these images have more than 32 MiB: ask for fewer at once");
      }
      const { bytes, mediaType } = convertManifest(stored.bytes, stored.mediaType, accepted) ?? stored;
      const tags =
        image.tag === undefined
          ? await tagsOf(ecr.metadata.reader, repository.id, image.digest)
          : [image.tag];
      const [first, ...others] = tags;
      images.push(describe(repository, image.digest, first, bytes, mediaType));
      for (const tag of others) {
        room -= bytes.length;
        if (room < 0) break;
        images.push(describe(repository, image.digest, tag, bytes, mediaType));
      }
    }
  }
  return { images, failures };
}

/** ecr:PutImage */
export async function putImageOperation(ecr: EcrContext, caller: Call, input: PutImageCommandInput) {
  const call = inRegistry(caller, input.registryId);
  if (input.imageManifest === undefined) throw invalidParameter("imageManifest", "Member must not be null");
  const claimed = input.imageDigest === undefined ? undefined : requireImageDigest(input.imageDigest);
  const bytes = Buffer.from(input.imageManifest);
  const { repository, digest, manifest } = await putImage(ecr, call, {
    repository: input.repositoryName,
    bytes,
    mediaType: input.imageManifestMediaType,
    digest: claimed,
    tags: input.imageTag === undefined ? [] : [requireImageTag(input.imageTag)],
    rules: "api",
  });
  return { image: describe(repository, digest, input.imageTag, bytes, manifest.mediaType) };
}

/** What KMS has against giving out what lies under the repository's key. */
async function keyProblem(ecr: EcrContext, repository: Repository): Promise<KmsError | undefined> {
  try {
    await requireKey(ecr, repository);
    return undefined;
  } catch (error) {
    if (error instanceof KmsError) return error;
    throw error;
  }
}

async function readManifest(ecr: EcrContext, repository: Repository, digest: string) {
  const row = await ecr.metadata.reader
    .selectFrom("ecr_images")
    .select(["manifest", "media_type as mediaType"])
    .where("repository_id", "=", repository.id)
    .where("digest", "=", digest)
    .executeTakeFirst();
  return (
    row && {
      bytes: await openManifest(ecr, repository, digest, row.manifest),
      mediaType: row.mediaType,
    }
  );
}

function describe(
  repository: Repository,
  imageDigest: string,
  imageTag: string | undefined,
  manifest: Uint8Array,
  imageManifestMediaType: string,
): Image {
  return {
    registryId: repository.account,
    repositoryName: repository.name,
    imageId: { imageDigest, imageTag },
    imageManifest: Buffer.from(manifest).toString("utf8"),
    imageManifestMediaType,
  };
}
