import type { ImageIdentifier, ListImagesCommandInput } from "@aws-sdk/client-ecr";
import type { Call } from "../../identity/call.ts";
import type { EcrContext } from "./context.ts";
import { openPage, pageScope, sealPage } from "./paging.ts";
import { inRegistry, openRepository } from "./repository-access.ts";

/**
 * One entry for each tag, then one for each untagged image (ECR API reference, ListImages), both in binary order: two
 * index ranges, of which a page reads only its own part. A page's position is the range and the last key: `["tag", "v1"]`.
 */
export async function listImages(ecr: EcrContext, caller: Call, input: ListImagesCommandInput) {
  const call = inRegistry(caller, input.registryId);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:ListImages");
  const tagStatus = input.filter?.tagStatus ?? "ANY";
  const imageStatus = input.filter?.imageStatus ?? "ACTIVE";
  const scope = pageScope(call, "ecr:ListImages", [repository.id, tagStatus, imageStatus]);
  const [range = "tag", after] = await openPage(ecr, scope, input.nextToken);
  const limit = input.maxResults ?? 100;
  // Nothing is ever archived here: the archive class is not built.
  if (imageStatus === "ARCHIVED" || imageStatus === "ACTIVATING") return { imageIds: [] };

  const imageIds: ImageIdentifier[] = [];
  if (tagStatus !== "UNTAGGED" && range === "tag") {
    imageIds.push(...(await selectTagged(ecr, repository.id, after, limit + 1)));
  }
  if (tagStatus !== "TAGGED" && imageIds.length <= limit) {
    const start = range === "untagged" ? after : undefined;
    imageIds.push(...(await selectUntagged(ecr, repository.id, start, limit + 1 - imageIds.length)));
  }
  const page = imageIds.slice(0, limit);
  const last = page.at(-1);
  if (imageIds.length <= limit || last === undefined) return { imageIds: page };
  const position =
    last.imageTag === undefined ? ["untagged", last.imageDigest ?? ""] : ["tag", last.imageTag];
  return { imageIds: page, nextToken: await sealPage(ecr, scope, position) };
}

/** For native clients: the tags after `after`, in binary order (distribution-spec, "Listing Tags"). */
export async function listTags(
  ecr: EcrContext,
  call: Call,
  name: string,
  page: { after?: string; limit: number },
) {
  const repository = await openRepository(ecr, call, name, "ecr:ListImages");
  const rows = await selectTagged(ecr, repository.id, page.after, page.limit + 1);
  return {
    items: rows.slice(0, page.limit).map((row) => row.imageTag),
    more: rows.length > page.limit,
  };
}

async function selectTagged(ecr: EcrContext, repositoryId: string, after: string | undefined, limit: number) {
  return ecr.metadata.reader
    .selectFrom("ecr_tags")
    .select(["digest as imageDigest", "tag as imageTag"])
    .where("repository_id", "=", repositoryId)
    .$if(after !== undefined, (query) => query.where("tag", ">", after ?? ""))
    .orderBy("tag")
    .limit(limit)
    .execute();
}

async function selectUntagged(
  ecr: EcrContext,
  repositoryId: string,
  after: string | undefined,
  limit: number,
) {
  return ecr.metadata.reader
    .selectFrom("ecr_images")
    .select("digest as imageDigest")
    .where("repository_id", "=", repositoryId)
    .where("tagged", "=", 0)
    .$if(after !== undefined, (query) => query.where("digest", ">", after ?? ""))
    .orderBy("digest")
    .limit(limit)
    .execute();
}
