import type { PackageFormat } from "@aws-sdk/client-codeartifact";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import type { DomainRow, RepositoryRow } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import { repositoryArn } from "../names.ts";
import { upstreamNames } from "./upstream-order.ts";

type DomainNames = Pick<DomainRow, "account" | "region" | "name">;

/** What the API calls a RepositoryDescription. */
export async function describeRepositoryRow(
  { upstreams }: Pick<CodeArtifactContext, "upstreams">,
  db: Reader,
  domain: DomainNames,
  row: RepositoryRow,
) {
  const above = await upstreamNames(db, row.id);
  const connections = await connectionNames(db, row.id);
  return {
    ...summarizeRepository(domain, row),
    upstreams: above.map((repositoryName) => ({ repositoryName })),
    externalConnections: connections.map((externalConnectionName) => ({
      externalConnectionName,
      // A connection whose upstream the settings do not name any more has no format that we knew.
      packageFormat: upstreams.connection(externalConnectionName)?.format as PackageFormat | undefined,
      status: "Available" as const,
    })),
  };
}

/** What the API calls a RepositorySummary. */
export function summarizeRepository(
  { account: owner, region, name: domain }: DomainNames,
  row: RepositoryRow,
) {
  return {
    name: row.name,
    administratorAccount: row.administrator_account,
    domainName: domain,
    domainOwner: owner,
    arn: repositoryArn({ owner, region, domain, repository: row.name }),
    ...(row.description !== null && { description: row.description }),
    createdTime: new Date(row.created_at),
  };
}

export async function connectionNames(db: Reader, repositoryId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("codeartifact_external_connections")
    .select("name")
    .where("repository_id", "=", repositoryId)
    .orderBy("name")
    .execute();
  return rows.map(({ name }) => name);
}
