/**
 * A domain's repositories and how they lie above one another: read once per graph revision, then only memory.
 */
import type { AccountId } from "../../aws/names.ts";
import { BoundedCache } from "../../bounded-cache.ts";
import type { Metadata, Reader } from "../../storage/metadata/metadata.ts";
import type { KmsKeyArn } from "../kms/index.ts";
import { keyOf } from "./encryption.ts";
import { loadGroups, type PackageGroups } from "./groups/package-groups.ts";
import { type ConditionKeys, tagConditions } from "./resource-tags.ts";

export interface DomainGraph {
  readonly id: string;
  readonly account: AccountId;
  readonly region: string;
  readonly name: string;
  readonly revision: number;
  readonly policy: string | undefined;
  readonly encryptionKey: KmsKeyArn | undefined;
  /** By id. */
  readonly repositories: ReadonlyMap<string, GraphRepository>;
  readonly repositoriesByName: ReadonlyMap<string, GraphRepository>;
  readonly groups: PackageGroups;
}

export interface GraphRepository {
  readonly id: string;
  readonly name: string;
  readonly administrator: AccountId;
  readonly policy: string | undefined;
  /** Its tags, as policies ask for them. */
  readonly conditions: ConditionKeys;
  /** Ids, in the order in which they are asked. */
  readonly upstreams: readonly string[];
  /** Names of external connections, asked after the upstreams. */
  readonly connections: readonly string[];
}

/**
 * Where a package may be found: a repository's rows, or an external connection and the repository that owns it.
 * `depth` says how many steps above the requesting repository.
 */
export type Place =
  | { readonly kind: "repository"; readonly repository: GraphRepository; readonly depth: number }
  | {
      readonly kind: "connection";
      readonly connection: string;
      readonly owner: GraphRepository;
      readonly depth: number;
    };

export interface Graphs {
  /** The domain as it is at `revision` or later; undefined when it is gone. */
  at(domainId: string, revision: number): Promise<DomainGraph | undefined>;
}

/** A thousand domains of a thousand repositories are the most that memory is asked for. */
const MOST_DOMAINS = 1_000;

export function createGraphs(metadata: Pick<Metadata, "reader">): Graphs {
  const known = new BoundedCache<string, DomainGraph>(MOST_DOMAINS);
  const loading = new Map<string, Promise<DomainGraph | undefined>>();
  return {
    async at(domainId, revision) {
      const graph = known.get(domainId);
      if (graph && graph.revision >= revision) return graph;
      const flight = `${domainId} ${revision}`;
      const running = loading.get(flight);
      if (running) return running;
      const load = loadWhole(metadata.reader, domainId).finally(() => loading.delete(flight));
      loading.set(flight, load);
      const loaded = await load;
      if (loaded && loaded.revision >= (known.get(domainId)?.revision ?? 0)) known.set(domainId, loaded);
      return loaded;
    },
  };
}

/** Several queries are no snapshot: read again until no write fell between them. */
async function loadWhole(db: Reader, domainId: string): Promise<DomainGraph | undefined> {
  for (;;) {
    const graph = await loadGraph(db, domainId);
    if (graph === undefined) return undefined;
    const { graph_revision: revision } = (await domainRow(db, domainId)) ?? {};
    if (revision === graph.revision) return graph;
  }
}

async function loadGraph(db: Reader, domainId: string): Promise<DomainGraph | undefined> {
  const domain = await domainRow(db, domainId);
  if (domain === undefined) return undefined;
  const rows = await db
    .selectFrom("codeartifact_repositories")
    .select(["id", "name", "administrator_account", "policy", "resource_tags"])
    .where("domain_id", "=", domainId)
    .execute();
  const upstreams = await db
    .selectFrom("codeartifact_upstreams as upstream")
    .innerJoin("codeartifact_repositories as repository", "repository.id", "upstream.repository_id")
    .select(["upstream.repository_id", "upstream.upstream_id as above"])
    .where("repository.domain_id", "=", domainId)
    .orderBy("upstream.repository_id")
    .orderBy("upstream.position")
    .execute();
  const connections = await db
    .selectFrom("codeartifact_external_connections as connection")
    .innerJoin("codeartifact_repositories as repository", "repository.id", "connection.repository_id")
    .select(["connection.repository_id", "connection.name as above"])
    .where("repository.domain_id", "=", domainId)
    .orderBy("connection.repository_id")
    .orderBy("connection.name")
    .execute();
  const upstreamsOf = listed(upstreams);
  const connectionsOf = listed(connections);
  const repositories = rows.map(
    (row): GraphRepository => ({
      id: row.id,
      name: row.name,
      administrator: row.administrator_account as AccountId,
      policy: row.policy ?? undefined,
      conditions: tagConditions(row),
      upstreams: upstreamsOf.get(row.id) ?? [],
      connections: connectionsOf.get(row.id) ?? [],
    }),
  );
  return {
    id: domain.id,
    account: domain.account as AccountId,
    region: domain.region,
    name: domain.name,
    revision: domain.graph_revision,
    policy: domain.policy ?? undefined,
    encryptionKey: keyOf(domain),
    repositories: new Map(repositories.map((repository) => [repository.id, repository])),
    repositoriesByName: new Map(repositories.map((repository) => [repository.name, repository])),
    groups: await loadGroups(db, domainId),
  };
}

function domainRow(db: Reader, domainId: string) {
  return db
    .selectFrom("codeartifact_domains")
    .select(["id", "account", "region", "name", "graph_revision", "policy", "encryption_key"])
    .where("id", "=", domainId)
    .executeTakeFirst();
}

function listed(
  rows: readonly { readonly repository_id: string; readonly above: string }[],
): ReadonlyMap<string, readonly string[]> {
  const lists = new Map<string, string[]>();
  for (const { repository_id, above } of rows) {
    const list = lists.get(repository_id);
    if (list) list.push(above);
    else lists.set(repository_id, [above]);
  }
  return lists;
}
