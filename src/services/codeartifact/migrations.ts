import { type Kysely, SqliteAdapter, sql } from "kysely";
import { columnTypes } from "../../storage/metadata/columns.ts";
import type { Migrations } from "../../storage/metadata/metadata.ts";

type Column = "text" | "integer" | "bytes" | "text?" | "integer?";

interface TableShape {
  readonly columns: Readonly<Record<string, Column>>;
  readonly key: readonly string[];
  /** Rows that are little more than their key lie in the key's own tree: SQLite keeps a second copy otherwise. */
  readonly byKey?: true;
  readonly unique?: Readonly<Record<string, readonly string[]>>;
  readonly indexes?: Readonly<Record<string, readonly string[]>>;
}

const TABLES: Readonly<Record<string, TableShape>> = {
  codeartifact_domains: {
    columns: {
      id: "text",
      account: "text",
      region: "text",
      name: "text",
      created_at: "integer",
      encryption_key: "text?",
      graph_revision: "integer",
      policy: "text?",
      policy_revision: "text?",
      resource_tags: "text",
    },
    key: ["id"],
    unique: { codeartifact_domains_name: ["account", "region", "name"] },
  },
  codeartifact_repositories: {
    columns: {
      id: "text",
      domain_id: "text",
      name: "text",
      administrator_account: "text",
      description: "text?",
      created_at: "integer",
      policy: "text?",
      policy_revision: "text?",
      resource_tags: "text",
    },
    key: ["id"],
    unique: { codeartifact_repositories_name: ["domain_id", "name"] },
  },
  codeartifact_upstreams: {
    columns: { repository_id: "text", position: "integer", upstream_id: "text" },
    key: ["repository_id", "position"],
    byKey: true,
    indexes: { codeartifact_upstreams_of: ["upstream_id"] },
  },
  codeartifact_external_connections: {
    columns: { repository_id: "text", name: "text" },
    key: ["repository_id", "name"],
    byKey: true,
  },
  codeartifact_packages: {
    columns: {
      id: "text",
      domain_id: "text",
      repository_id: "text",
      format: "text",
      namespace: "text",
      name: "text",
      publish: "text",
      upstream: "text",
      created_at: "integer",
      event_sequence: "integer",
    },
    key: ["id"],
    unique: {
      codeartifact_packages_name: ["repository_id", "format", "namespace", "name"],
      codeartifact_packages_domain: ["domain_id", "format", "namespace", "name", "repository_id"],
    },
  },
  codeartifact_versions: {
    columns: {
      id: "text",
      package_id: "text",
      version: "text",
      status: "text",
      revision: "text",
      published_at: "integer",
      origin_type: "text",
      origin_repository: "text?",
      origin_connection: "text?",
      description: "text",
    },
    key: ["id"],
    unique: { codeartifact_versions_version: ["package_id", "version"] },
  },
  codeartifact_readmes: {
    columns: { version_id: "text", readme: "text" },
    key: ["version_id"],
  },
  codeartifact_assets: {
    columns: {
      version_id: "text",
      name: "text",
      blob_id: "text",
      size: "integer",
      md5: "text",
      sha1: "text",
      sha256: "text",
      sha512: "text",
      metadata: "text",
      added_at: "integer",
    },
    key: ["version_id", "name"],
    byKey: true,
  },
  codeartifact_dist_tags: {
    columns: { package_id: "text", tag: "text", version: "text" },
    key: ["package_id", "tag"],
    byKey: true,
  },
  codeartifact_package_documents: {
    columns: { package_id: "text", name: "text", content: "bytes" },
    key: ["package_id", "name"],
  },
  codeartifact_package_revisions: {
    columns: { domain_id: "text", format: "text", namespace: "text", name: "text", revision: "integer" },
    key: ["domain_id", "format", "namespace", "name"],
    byKey: true,
  },
  codeartifact_groups: {
    columns: {
      id: "text",
      domain_id: "text",
      pattern: "text",
      created_at: "integer",
      contact: "text?",
      description: "text?",
      resource_tags: "text",
      restrictions: "text",
    },
    key: ["id"],
    unique: { codeartifact_groups_pattern: ["domain_id", "pattern"] },
  },
  codeartifact_group_repositories: {
    columns: { group_id: "text", restriction_type: "text", repository_name: "text" },
    key: ["group_id", "restriction_type", "repository_name"],
    byKey: true,
  },
  codeartifact_upstream_documents: {
    columns: {
      connection: "text",
      url: "text",
      accept: "text",
      status: "integer",
      answered_url: "text",
      content_type: "text",
      etag: "text?",
      last_modified: "text?",
      revision: "text",
      validated_at: "integer",
      used_at: "integer",
      content: "bytes",
    },
    key: ["connection", "url", "accept"],
    indexes: { codeartifact_upstream_documents_used: ["used_at"] },
  },
  codeartifact_revoked_tokens: {
    columns: { token_hash: "text", expires_at: "integer" },
    key: ["token_hash"],
    byKey: true,
  },
};

export const migrations: Migrations = {
  "0060-codeartifact": {
    async up(db) {
      for (const [name, shape] of Object.entries(TABLES)) await createTable(db, name, shape);
    },
  },
};

async function createTable(db: Kysely<unknown>, name: string, shape: TableShape): Promise<void> {
  const types = columnTypes(db);
  const sqlite = db.getExecutor().adapter instanceof SqliteAdapter;
  let table = db.schema.createTable(name);
  for (const [column, type] of Object.entries(shape.columns)) {
    const optional = type.endsWith("?");
    const kind = (optional ? type.slice(0, -1) : type) as "text" | "integer" | "bytes";
    table = table.addColumn(column, types[kind], (built) => (optional ? built : built.notNull()));
  }
  table = table.addPrimaryKeyConstraint(`${name}_key`, [...shape.key] as never[]);
  for (const [constraint, columns] of Object.entries(shape.unique ?? {}))
    table = table.addUniqueConstraint(constraint, [...columns] as never[]);
  await table.modifyEnd(shape.byKey && sqlite ? sql`without rowid` : sql``).execute();
  for (const [index, columns] of Object.entries(shape.indexes ?? {}))
    await db.schema
      .createIndex(index)
      .on(name)
      .columns([...columns])
      .execute();
}
