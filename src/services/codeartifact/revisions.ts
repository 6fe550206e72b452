/**
 * What tells every server's caches that something changed: they read these numbers from the database with each
 * request, and what they keep is true while the numbers stand.
 */
import { sql } from "kysely";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import type { FormatName, PackageName } from "./format.ts";

/** To be called by whoever writes rows of a package, in the same transaction. */
export async function touchPackage(
  tx: Transaction,
  domainId: string,
  format: FormatName,
  name: PackageName,
): Promise<void> {
  await tx
    .insertInto("codeartifact_package_revisions")
    .values({ domain_id: domainId, format, namespace: name.namespace, name: name.name, revision: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(["domain_id", "format", "namespace", "name"])
        .doUpdateSet({ revision: sql<number>`codeartifact_package_revisions.revision + 1` }),
    )
    .execute();
}

/** To be called by whoever changes repositories (their tags too), upstreams, external connections, package groups or policies of a domain. */
export async function touchGraph(tx: Transaction, domainId: string): Promise<void> {
  await tx
    .updateTable("codeartifact_domains")
    .set((domain) => ({ graph_revision: domain("graph_revision", "+", 1) }))
    .where("id", "=", domainId)
    .execute();
}
