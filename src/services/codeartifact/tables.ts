/**
 * The package repositories' rows. Names are stored normalized (as their format says); "" stands for "no namespace".
 * Every write that changes what a package looks like anywhere in its domain raises the package's revision
 * (`codeartifact_package_revisions`); every change of the graph (repositories, upstreams, connections, groups, policies)
 * raises the domain's `graph_revision`. A document rendered under both revisions is true while both stand.
 */
export interface CodeArtifactDomainsTable {
  /** Unique for ever: a domain that is deleted and made again has another id. */
  id: string;
  /** The owner. */
  account: string;
  region: string;
  name: string;
  created_at: number;
  /** ARN of the KMS key the caller named; null for the server's own. */
  encryption_key: string | null;
  graph_revision: number;
  policy: string | null;
  policy_revision: string | null;
  /** JSON object of resource tags. */
  resource_tags: string;
}

export interface CodeArtifactRepositoriesTable {
  id: string;
  domain_id: string;
  name: string;
  administrator_account: string;
  description: string | null;
  created_at: number;
  policy: string | null;
  policy_revision: string | null;
  resource_tags: string;
}

/** Position 0 is asked first. */
export interface CodeArtifactUpstreamsTable {
  repository_id: string;
  position: number;
  upstream_id: string;
}

export interface CodeArtifactExternalConnectionsTable {
  repository_id: string;
  /** `public:npmjs`, or the name of an operator's own upstream. */
  name: string;
}

export interface CodeArtifactPackagesTable {
  id: string;
  domain_id: string;
  repository_id: string;
  format: string;
  namespace: string;
  name: string;
  /** ALLOW or BLOCK (PackageOriginRestrictions). */
  publish: string;
  /** ALLOW or BLOCK. */
  upstream: string;
  created_at: number;
  /** Of the last event about this package; rises with each. */
  event_sequence: number;
}

export interface CodeArtifactVersionsTable {
  id: string;
  package_id: string;
  /** Normalized: what makes it unique in its package. */
  version: string;
  /** Published, Unfinished, Unlisted, Archived, Disposed. */
  status: string;
  /** Base64; changes with every asset or metadata change. */
  revision: string;
  published_at: number;
  /** INTERNAL or EXTERNAL. */
  origin_type: string;
  /** The repository (by name) that it was published to, or null. */
  origin_repository: string | null;
  /** The external connection that it came through, or null. */
  origin_connection: string | null;
  /** JSON of a VersionDescription (format.ts). */
  description: string;
}

export interface CodeArtifactReadmesTable {
  version_id: string;
  readme: string;
}

export interface CodeArtifactAssetsTable {
  version_id: string;
  name: string;
  blob_id: string;
  size: number;
  md5: string;
  sha1: string;
  sha256: string;
  sha512: string;
  /** JSON of what the format keeps of one file (PyPI: requires-python, yanked); "{}" for nothing. */
  metadata: string;
  added_at: number;
}

/** npm's dist-tags. */
export interface CodeArtifactDistTagsTable {
  package_id: string;
  tag: string;
  version: string;
}

/** Documents about a package that belong to no version: npm attestations, PEP 740 provenance, `.meta` files. */
export interface CodeArtifactPackageDocumentsTable {
  package_id: string;
  /** `attestations/1.0.0`, ... named by the format. */
  name: string;
  content: Uint8Array;
}

export interface CodeArtifactPackageRevisionsTable {
  domain_id: string;
  format: string;
  namespace: string;
  name: string;
  revision: number;
}

export interface CodeArtifactGroupsTable {
  id: string;
  domain_id: string;
  /** As the caller wrote it: `/npm/acme/*`. The root group `/*` has a row once something of it was changed. */
  pattern: string;
  created_at: number;
  contact: string | null;
  description: string | null;
  resource_tags: string;
  /** JSON: restriction type to mode, for those that are not INHERIT. */
  restrictions: string;
}

export interface CodeArtifactGroupRepositoriesTable {
  group_id: string;
  /** PUBLISH, EXTERNAL_UPSTREAM or INTERNAL_UPSTREAM. */
  restriction_type: string;
  repository_name: string;
}

/** What an upstream last said under one address: the cache that answers while it is fresh, or the upstream is down. */
export interface CodeArtifactUpstreamDocumentsTable {
  /** Name of the connection. */
  connection: string;
  url: string;
  /** What was asked for (`Accept`), since one address has several representations. */
  accept: string;
  /** 200, or 404 for what was there before and is gone. (What never was there is kept in memory only.) */
  status: number;
  /** The address after redirects. */
  answered_url: string;
  content_type: string;
  etag: string | null;
  last_modified: string | null;
  /** Changes with the content. */
  revision: string;
  /** When it was fetched; that it was found unchanged later is kept in memory only. */
  validated_at: number;
  /** When it was last of use, to the day: what has not been for long is removed. */
  used_at: number;
  /** Gzip; empty for a negative answer. The last column, so that the others are read without it. */
  content: Uint8Array;
}

/** Tokens that were logged out before their end; rows go when the token would have expired. */
export interface CodeArtifactRevokedTokensTable {
  /** sha256 of the token, hex. */
  token_hash: string;
  expires_at: number;
}

declare module "../../storage/metadata/schema.ts" {
  interface Schema {
    codeartifact_domains: CodeArtifactDomainsTable;
    codeartifact_repositories: CodeArtifactRepositoriesTable;
    codeartifact_upstreams: CodeArtifactUpstreamsTable;
    codeartifact_external_connections: CodeArtifactExternalConnectionsTable;
    codeartifact_packages: CodeArtifactPackagesTable;
    codeartifact_versions: CodeArtifactVersionsTable;
    codeartifact_readmes: CodeArtifactReadmesTable;
    codeartifact_assets: CodeArtifactAssetsTable;
    codeartifact_dist_tags: CodeArtifactDistTagsTable;
    codeartifact_package_documents: CodeArtifactPackageDocumentsTable;
    codeartifact_package_revisions: CodeArtifactPackageRevisionsTable;
    codeartifact_groups: CodeArtifactGroupsTable;
    codeartifact_group_repositories: CodeArtifactGroupRepositoriesTable;
    codeartifact_upstream_documents: CodeArtifactUpstreamDocumentsTable;
    codeartifact_revoked_tokens: CodeArtifactRevokedTokensTable;
  }
}
