/** Tags and the one thing kept beside them: whether an image has any. */
import type { Digest } from "../../storage/blobs/digest.ts";
import type { Reader, Transaction } from "../../storage/metadata/metadata.ts";
import { limitExceeded } from "./errors.ts";
import type { ImageTag } from "./names.ts";

/** ECR's quota (ECR user guide, "Amazon ECR service quotas"). */
const MAX_TAGS_PER_IMAGE = 1_000;

/** The digest each of these tags points at now. Throws LimitExceededException for more than an image can have. */
export async function currentTags(
  tx: Transaction,
  repositoryId: string,
  tags: readonly ImageTag[],
): Promise<ReadonlyMap<string, string>> {
  if (tags.length > MAX_TAGS_PER_IMAGE) throw tooManyImageTags();
  if (tags.length === 0) return new Map();
  const rows = await tx
    .selectFrom("ecr_tags")
    .select(["tag", "digest"])
    .where("repository_id", "=", repositoryId)
    .where("tag", "in", tags)
    .execute();
  return new Map(rows.map((row) => [row.tag, row.digest]));
}

/**
 * Points the tags at the image; `present` is where they point now. A new image was stored as tagged or not.
 * Throws LimitExceededException.
 */
export async function moveTags(
  tx: Transaction,
  repositoryId: string,
  digest: Digest,
  tags: readonly ImageTag[],
  present: ReadonlyMap<string, string>,
  image: "new" | "stored",
): Promise<void> {
  if (tags.length === 0) return;
  await tx
    .insertInto("ecr_tags")
    .values(tags.map((tag) => ({ repository_id: repositoryId, tag, digest })))
    .onConflict((conflict) =>
      conflict
        .columns(["repository_id", "tag"])
        .doUpdateSet((set) => ({ digest: set.ref("excluded.digest") })),
    )
    .execute();
  if (image === "stored") {
    await refuseTooManyTags(tx, repositoryId, digest);
    await setTagged(tx, repositoryId, digest, 1);
  }
  const former = tags.map((tag) => present.get(tag)).filter((one) => one !== undefined);
  for (const one of new Set(former)) await markTagged(tx, repositoryId, one);
}

async function refuseTooManyTags(tx: Transaction, repositoryId: string, digest: string): Promise<void> {
  const { count } = await tx
    .selectFrom("ecr_tags")
    .select((select) => select.fn.countAll().as("count"))
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", digest)
    .executeTakeFirstOrThrow();
  if (Number(count) > MAX_TAGS_PER_IMAGE) throw tooManyImageTags();
}

function tooManyImageTags(): Error {
  return limitExceeded(`An image can have at most ${MAX_TAGS_PER_IMAGE} tags`);
}

/** In binary order; `limit` of them when it is given. */
export async function tagsOf(
  db: Reader,
  repositoryId: string,
  digest: string,
  limit?: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom("ecr_tags")
    .select("tag")
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", digest)
    .orderBy("tag")
    .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
    .execute();
  return rows.map((row) => row.tag);
}

/** Keeps `tagged` true to the tags of an image that lost one. */
export async function markTagged(tx: Transaction, repositoryId: string, digest: string): Promise<void> {
  const tag = await tx
    .selectFrom("ecr_tags")
    .select("tag")
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", digest)
    .limit(1)
    .executeTakeFirst();
  if (tag === undefined) await setTagged(tx, repositoryId, digest, 0);
}

async function setTagged(
  tx: Transaction,
  repositoryId: string,
  digest: string,
  tagged: 0 | 1,
): Promise<void> {
  await tx
    .updateTable("ecr_images")
    .set({ tagged })
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", digest)
    .where("tagged", "!=", tagged)
    .execute();
}
