import type { DescribeImagesCommandInput, ImageDetail } from "@aws-sdk/client-ecr";
import type { Selectable } from "kysely";
import type { Call } from "../../identity/call.ts";
import type { EcrContext } from "./context.ts";
import { imageNotFound, invalidParameter } from "./errors.ts";
import { identifyImage } from "./image-identifier.ts";
import { invalidImageDigest, invalidImageTag } from "./names.ts";
import { openPage, pageScope, sealPage } from "./paging.ts";
import { inRegistry, openRepository, type Repository } from "./repository-access.ts";
import type { EcrImagesTable } from "./tables.ts";

const COLUMNS = [
  "digest",
  "media_type",
  "artifact_type",
  "subject_digest",
  "image_size",
  "pushed_at",
  "last_pulled_at",
] as const;

type ImageRow = Pick<Selectable<EcrImagesTable>, (typeof COLUMNS)[number]>;

/** By ids in the order asked for (throws ImageNotFoundException for the first that is missing), else paged in the order of digests. */
export async function describeImages(ecr: EcrContext, caller: Call, input: DescribeImagesCommandInput) {
  const call = inRegistry(caller, input.registryId);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:DescribeImages");
  if (input.imageIds !== undefined) return { imageDetails: await describeByIds(ecr, repository, input) };

  const tagStatus = input.filter?.tagStatus ?? "ANY";
  const imageStatus = input.filter?.imageStatus ?? "ACTIVE";
  const scope = pageScope(call, "ecr:DescribeImages", [repository.id, tagStatus, imageStatus]);
  const [after] = await openPage(ecr, scope, input.nextToken);
  const limit = input.maxResults ?? 100;
  // Nothing is ever archived here: the archive class is not built.
  if (imageStatus === "ARCHIVED" || imageStatus === "ACTIVATING") return { imageDetails: [] };
  const rows = await ecr.metadata.reader
    .selectFrom("ecr_images")
    .select(COLUMNS)
    .where("repository_id", "=", repository.id)
    .$if(tagStatus !== "ANY", (query) => query.where("tagged", "=", tagStatus === "TAGGED" ? 1 : 0))
    .$if(after !== undefined, (query) => query.where("digest", ">", after ?? ""))
    .orderBy("digest")
    .limit(limit + 1)
    .execute();
  const page = rows.slice(0, limit);
  return {
    imageDetails: await describeRows(ecr, repository, page),
    nextToken: rows.length > limit ? await sealPage(ecr, scope, [page.at(-1)?.digest ?? ""]) : undefined,
  };
}

async function describeByIds(
  ecr: EcrContext,
  repository: Repository,
  input: DescribeImagesCommandInput,
): Promise<ImageDetail[]> {
  if (input.nextToken !== undefined || input.maxResults !== undefined) {
    throw invalidParameter("imageIds", "cannot be combined with nextToken or maxResults");
  }
  const rows = new Map<string, ImageRow>();
  for (const imageId of input.imageIds ?? []) {
    const image = await identifyImage(ecr.metadata.reader, repository.id, imageId);
    if ("failureCode" in image) {
      if (image.failureCode === "ImageNotFound" || image.failureCode === "ImageTagDoesNotMatchDigest") {
        throw imageNotFound(repository, imageId);
      }
      if (image.failureCode === "InvalidImageDigest") throw invalidImageDigest();
      if (image.failureCode === "InvalidImageTag") throw invalidImageTag();
      throw invalidParameter(undefined, image.failureReason.replace("Invalid request parameters: ", ""));
    }
    const row = await ecr.metadata.reader
      .selectFrom("ecr_images")
      .select(COLUMNS)
      .where("repository_id", "=", repository.id)
      .where("digest", "=", image.digest)
      .executeTakeFirst();
    if (row === undefined) throw imageNotFound(repository, imageId);
    rows.set(row.digest, row);
  }
  return describeRows(ecr, repository, [...rows.values()]);
}

async function describeRows(
  ecr: EcrContext,
  repository: Repository,
  rows: readonly ImageRow[],
): Promise<ImageDetail[]> {
  const tags = await tagsByDigest(
    ecr,
    repository.id,
    rows.map((row) => row.digest),
  );
  return rows.map((row) => {
    const pulledAt = Math.max(row.last_pulled_at ?? 0, ecr.pullTimes.pending(repository.id, row.digest) ?? 0);
    return {
      registryId: repository.account,
      repositoryName: repository.name,
      imageDigest: row.digest,
      imageTags: tags.get(row.digest),
      imageSizeInBytes: row.image_size,
      imagePushedAt: new Date(row.pushed_at),
      imageManifestMediaType: row.media_type,
      artifactMediaType: row.artifact_type ?? undefined,
      lastRecordedPullTime: pulledAt > 0 ? new Date(pulledAt) : undefined,
      subjectManifestDigest: row.subject_digest ?? undefined,
      imageStatus: "ACTIVE",
    };
  });
}

async function tagsByDigest(
  ecr: EcrContext,
  repositoryId: string,
  digests: readonly string[],
): Promise<ReadonlyMap<string, string[]>> {
  if (digests.length === 0) return new Map();
  const rows = await ecr.metadata.reader
    .selectFrom("ecr_tags")
    .select(["digest", "tag"])
    .where("repository_id", "=", repositoryId)
    .where("digest", "in", digests)
    .orderBy("digest")
    .orderBy("tag")
    .execute();
  const tags = new Map<string, string[]>();
  for (const { digest, tag } of rows) {
    const others = tags.get(digest);
    if (others === undefined) tags.set(digest, [tag]);
    else others.push(tag);
  }
  return tags;
}
