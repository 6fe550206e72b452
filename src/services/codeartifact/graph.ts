/**
 * A domain's repositories and how they lie above one another. Loaded once per graph revision, then only memory.
 */
import type { AccountId } from "../../aws/names.ts";

export interface DomainGraph {
  readonly id: string;
  readonly account: AccountId;
  readonly region: string;
  readonly name: string;
  readonly revision: number;
  readonly policy: string | undefined;
  readonly repositories: ReadonlyMap<string, GraphRepository>;
  readonly repositoriesByName: ReadonlyMap<string, GraphRepository>;
}

export interface GraphRepository {
  readonly id: string;
  readonly name: string;
  readonly administrator: AccountId;
  readonly policy: string | undefined;
  /** Ids, in the order in which they are asked. */
  readonly upstreams: readonly string[];
  /** Names of external connections, asked after the upstreams. */
  readonly connections: readonly string[];
}

/** Where a package may be found: a repository's rows, or an external connection and the repository that owns it. */
export type Place =
  | { readonly kind: "repository"; readonly repository: GraphRepository }
  | { readonly kind: "connection"; readonly connection: string; readonly owner: GraphRepository };
