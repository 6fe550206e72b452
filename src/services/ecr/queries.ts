/** The questions every push and pull asks, each one query: the repository's row with what is asked for beside it. */
import type { Reader } from "../../storage/metadata/metadata.ts";
import { prepareQuery } from "../../storage/metadata/prepared-query.ts";

export interface RepositoryKey extends Record<string, string> {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

export type Queries = ReturnType<typeof createQueries>;

export function createQueries(db: Reader) {
  const repository = (key: RepositoryKey) =>
    db
      .selectFrom("ecr_repositories as repository")
      .leftJoin("ecr_registries as registry", (join) =>
        join
          .onRef("registry.account", "=", "repository.account")
          .onRef("registry.region", "=", "repository.region"),
      )
      .selectAll("repository")
      .select(["registry.policy as registry_policy", "registry.blob_mounting as blob_mounting"])
      .where("repository.account", "=", key.account)
      .where("repository.region", "=", key.region)
      .where("repository.name", "=", key.name);

  const image = ["image.digest", "image.media_type", "image.manifest"] as const;

  return {
    repository: prepareQuery((key: RepositoryKey) => repository(key)),

    imageByTag: prepareQuery((key: RepositoryKey & { readonly tag: string }) =>
      repository(key)
        .leftJoin("ecr_tags as tag", (join) =>
          join.onRef("tag.repository_id", "=", "repository.id").on("tag.tag", "=", key.tag),
        )
        .leftJoin("ecr_images as image", (join) =>
          join
            .onRef("image.repository_id", "=", "tag.repository_id")
            .onRef("image.digest", "=", "tag.digest"),
        )
        .select(image),
    ),

    imageByDigest: prepareQuery((key: RepositoryKey & { readonly digest: string }) =>
      repository(key)
        .leftJoin("ecr_images as image", (join) =>
          join.onRef("image.repository_id", "=", "repository.id").on("image.digest", "=", key.digest),
        )
        .select(image),
    ),

    layer: prepareQuery((key: RepositoryKey & { readonly digest: string }) =>
      repository(key)
        .leftJoin("ecr_layers as layer", (join) =>
          join.onRef("layer.repository_id", "=", "repository.id").on("layer.digest", "=", key.digest),
        )
        .select([
          "layer.blob_id as layer_blob_id",
          "layer.size as layer_size",
          "layer.review_at as layer_review_at",
        ]),
    ),
  };
}
