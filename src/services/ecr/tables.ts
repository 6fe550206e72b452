/**
 * The registry's rows. Keys are (repository_id, ...) so that every question about one repository is a range
 * scan of one index. A repository that is deleted loses its `ecr_repositories` row at once, and with it every
 * way to its other rows; a job removes those afterwards (repository-purge.ts).
 */
export interface EcrRepositoriesTable {
  /** Unique for ever: a repository that is deleted and made again has another id. */
  id: string;
  account: string;
  region: string;
  name: string;
  created_at: number;
  /** `MUTABLE`, `IMMUTABLE`, `MUTABLE_WITH_EXCLUSION`, `IMMUTABLE_WITH_EXCLUSION` */
  tag_mutability: string;
  /** JSON array of wildcard filters. */
  mutability_exclusions: string;
  /** `AES256`: under the server's own key; `KMS`: under `kms_key`. */
  encryption_type: string;
  /** ARN. */
  kms_key: string | null;
  /** JSON object of resource tags. */
  resource_tags: string;
  policy: string | null;
}

/** Settings of a whole registry (an account in a region); no row means the defaults. */
export interface EcrRegistriesTable {
  account: string;
  region: string;
  policy: string | null;
  /** `ENABLED` or `DISABLED`; null for the default. */
  blob_mounting: string | null;
}

export interface EcrImagesTable {
  repository_id: string;
  digest: string;
  media_type: string;
  /** The manifest as it was pushed, byte for byte; sealed where the repository has a KMS key (encryption.ts). */
  manifest: Uint8Array;
  manifest_size: number;
  /** 0 or 1: whether a tag points at it, kept with every change of tags so that untagged images are an index range. */
  tagged: number;
  /** artifactType of the manifest, else its config's media type (image-spec, "artifact guidance"). */
  artifact_type: string | null;
  subject_digest: string | null;
  /** JSON; kept for referrers only, whose listing carries them. */
  annotations: string | null;
  /** Compressed bytes of its layers; of an index, those of its largest child. */
  image_size: number;
  pushed_at: number;
  last_pulled_at: number | null;
}

export interface EcrTagsTable {
  repository_id: string;
  tag: string;
  digest: string;
}

/** What an image is made of: layers and config. */
export interface EcrImageLayersTable {
  repository_id: string;
  image_digest: string;
  layer_digest: string;
}

/** What an index lists. A child may be missing: OCI allows sparse indexes. */
export interface EcrImageChildrenTable {
  repository_id: string;
  image_digest: string;
  child_digest: string;
}

/** A manifest that was handed out converted: a client that heard its digest may come back with it. */
export interface EcrConversionsTable {
  repository_id: string;
  /** Of the converted manifest. */
  digest: string;
  /** The stored image it is made from, each time anew. */
  image_digest: string;
  /** What it is converted to. */
  media_type: string;
}

/** A layer of a repository; the blob behind it may serve many repositories. */
export interface EcrLayersTable {
  repository_id: string;
  /** As the client named it: sha256 or sha512. */
  digest: string;
  blob_id: string;
  size: number;
  media_type: string | null;
  /** When it may go because no image uses it; null while one does (layer-review.ts). */
  review_at: number | null;
}

/** Parts of an upload through the ECR API, which has rules about parts that OCI uploads do not have. */
export interface EcrPartUploadsTable {
  upload_id: string;
  repository_id: string;
  started_at: number;
  parts: number;
  /** Where the first part below the minimum size ended, in bytes; only the last part may be that small. */
  small_part_end: number | null;
}

declare module "../../storage/metadata/schema.ts" {
  interface Schema {
    ecr_repositories: EcrRepositoriesTable;
    ecr_registries: EcrRegistriesTable;
    ecr_images: EcrImagesTable;
    ecr_tags: EcrTagsTable;
    ecr_image_layers: EcrImageLayersTable;
    ecr_image_children: EcrImageChildrenTable;
    ecr_conversions: EcrConversionsTable;
    ecr_layers: EcrLayersTable;
    ecr_part_uploads: EcrPartUploadsTable;
  }
}
