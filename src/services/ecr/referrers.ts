/** Images whose `subject` is another image (distribution-spec 1.1, "Listing Referrers"; ecr:ListImageReferrers). */
import type { ImageReferrer, ListImageReferrersCommandInput } from "@aws-sdk/client-ecr";
import type { Call } from "../../identity/call.ts";
import type { Digest } from "../../storage/blobs/digest.ts";
import type { EcrContext } from "./context.ts";
import type { Page, ReferrerDescriptor } from "./engine.ts";
import { requireImageDigest } from "./names.ts";
import { openPage, pageScope, sealPage } from "./paging.ts";
import { inRegistry, openRepository } from "./repository-access.ts";

interface ReferrersQuery {
  readonly subject: Digest;
  /** Any of these; all when empty. */
  readonly artifactTypes: readonly string[];
  readonly after: string | undefined;
  readonly limit: number;
}

export async function listReferrers(
  ecr: EcrContext,
  call: Call,
  name: string,
  subject: Digest,
  page: { artifactType?: string; after?: string; limit: number },
): Promise<Page<ReferrerDescriptor>> {
  const repository = await openRepository(ecr, call, name, "ecr:BatchGetImage");
  return selectReferrers(ecr, repository.id, {
    subject,
    artifactTypes: page.artifactType === undefined ? [] : [page.artifactType],
    after: page.after,
    limit: page.limit,
  });
}

export async function listImageReferrers(
  ecr: EcrContext,
  caller: Call,
  input: ListImageReferrersCommandInput,
): Promise<{ referrers: ImageReferrer[]; nextToken: string | undefined }> {
  const call = inRegistry(caller, input.registryId);
  const subject = requireImageDigest(input.subjectId?.imageDigest);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:BatchGetImage");
  const artifactTypes = input.filter?.artifactTypes ?? [];
  const status = input.filter?.artifactStatus ?? "ACTIVE";
  const scope = pageScope(call, "ecr:ListImageReferrers", [repository.id, subject, status, ...artifactTypes]);
  const [after] = await openPage(ecr, scope, input.nextToken);
  // Nothing is ever archived here: the archive class is not built.
  if (status === "ARCHIVED" || status === "ACTIVATING") return { referrers: [], nextToken: undefined };
  const { items, more } = await selectReferrers(ecr, repository.id, {
    subject,
    artifactTypes,
    after,
    limit: input.maxResults ?? 20,
  });
  return {
    referrers: items.map((item) => ({ ...item, artifactStatus: "ACTIVE" })),
    nextToken: more ? await sealPage(ecr, scope, [items.at(-1)?.digest ?? ""]) : undefined,
  };
}

async function selectReferrers(
  ecr: EcrContext,
  repositoryId: string,
  { subject, artifactTypes, after, limit }: ReferrersQuery,
): Promise<Page<ReferrerDescriptor>> {
  const rows = await ecr.metadata.reader
    .selectFrom("ecr_images")
    .select(["digest", "media_type", "manifest_size", "artifact_type", "annotations"])
    .where("repository_id", "=", repositoryId)
    .where("subject_digest", "=", subject)
    .$if(artifactTypes.length > 0, (query) => query.where("artifact_type", "in", artifactTypes))
    .$if(after !== undefined, (query) => query.where("digest", ">", after ?? ""))
    .orderBy("digest")
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map((row) => ({
    mediaType: row.media_type,
    digest: row.digest as Digest,
    size: row.manifest_size,
    ...(row.artifact_type !== null && { artifactType: row.artifact_type }),
    ...(row.annotations !== null && { annotations: JSON.parse(row.annotations) as Record<string, string> }),
  }));
  return { items, more: rows.length > limit };
}
