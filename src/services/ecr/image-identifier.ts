import type { ImageFailureCode, ImageIdentifier } from "@aws-sdk/client-ecr";
import type { Reader } from "../../storage/metadata/metadata.ts";
import { parseImageTag } from "./names.ts";

export interface ImageProblem {
  readonly failureCode: ImageFailureCode;
  readonly failureReason: string;
}

/** An existing image; `tag` when it was asked for by tag. */
export interface IdentifiedImage {
  readonly digest: string;
  readonly tag: string | undefined;
}

const PROBLEMS = {
  missing: {
    failureCode: "MissingDigestAndTag",
    failureReason: "Invalid request parameters: both tag and digest cannot be null",
  },
  digest: {
    failureCode: "InvalidImageDigest",
    failureReason:
      "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
  },
  tag: {
    failureCode: "InvalidImageTag",
    failureReason:
      "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9_][a-zA-Z0-9._-]*'",
  },
  mismatch: {
    failureCode: "ImageTagDoesNotMatchDigest",
    failureReason: "Invalid request parameters: given tag does not map to the given digest",
  },
  notFound: { failureCode: "ImageNotFound", failureReason: "Requested image not found" },
} as const satisfies Record<string, ImageProblem>;

/** What an ImageIdentifier of the API means here, or the failure it is answered with. */
export async function identifyImage(
  db: Reader,
  repositoryId: string,
  { imageDigest, imageTag }: ImageIdentifier,
): Promise<IdentifiedImage | ImageProblem> {
  if (imageDigest === undefined && imageTag === undefined) return PROBLEMS.missing;
  if (imageDigest !== undefined && !/^[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+$/.test(imageDigest))
    return PROBLEMS.digest;
  if (imageTag === undefined) {
    const image = await db
      .selectFrom("ecr_images")
      .select("digest")
      .where("repository_id", "=", repositoryId)
      .where("digest", "=", imageDigest ?? "")
      .executeTakeFirst();
    return image === undefined ? PROBLEMS.notFound : { digest: image.digest, tag: undefined };
  }
  if (parseImageTag(imageTag) === undefined) return PROBLEMS.tag;
  const tagged = await db
    .selectFrom("ecr_tags")
    .select("digest")
    .where("repository_id", "=", repositoryId)
    .where("tag", "=", imageTag)
    .executeTakeFirst();
  if (tagged === undefined) return PROBLEMS.notFound;
  if (imageDigest !== undefined && imageDigest !== tagged.digest) return PROBLEMS.mismatch;
  return { digest: tagged.digest, tag: imageTag };
}
