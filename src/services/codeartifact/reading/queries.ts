/** The questions of every read, each one prepared query by keys, so that no read grows with what is stored. */
import type { Reader } from "../../../storage/metadata/metadata.ts";
import { prepareQuery } from "../../../storage/metadata/prepared-query.ts";

export type ReadingQueries = ReturnType<typeof createReadingQueries>;

type DomainKey = Readonly<Record<"account" | "region" | "domain", string>>;
type PackageKey = Readonly<Record<"domainId" | "format" | "namespace" | "name", string>>;
type AssetKey = Readonly<Record<"repositoryId" | "format" | "namespace" | "name" | "asset", string>>;

export function createReadingQueries(db: Reader) {
  const assets = (key: AssetKey) =>
    db
      .selectFrom("codeartifact_packages as package")
      .innerJoin("codeartifact_versions as version", "version.package_id", "package.id")
      .innerJoin("codeartifact_assets as asset", (join) =>
        join.onRef("asset.version_id", "=", "version.id").on("asset.name", "=", key.asset),
      )
      .select([
        "version.version",
        "version.status",
        "version.revision",
        "asset.blob_id",
        "asset.size",
        "asset.md5",
        "asset.sha1",
        "asset.sha256",
        "asset.sha512",
        "version.origin_type",
      ])
      // Whether any repository of the domain publishes the name and takes it from nowhere else.
      .select(({ exists, selectFrom }) =>
        exists(
          selectFrom("codeartifact_packages as other")
            .select("other.id")
            .whereRef("other.domain_id", "=", "package.domain_id")
            .whereRef("other.format", "=", "package.format")
            .whereRef("other.namespace", "=", "package.namespace")
            .whereRef("other.name", "=", "package.name")
            .where("other.publish", "=", "ALLOW")
            .where("other.upstream", "=", "BLOCK"),
        ).as("claimed"),
      )
      .where("package.repository_id", "=", key.repositoryId)
      .where("package.format", "=", key.format)
      .where("package.namespace", "=", key.namespace)
      .where("package.name", "=", key.name);

  return {
    domain: prepareQuery((key: DomainKey) =>
      db
        .selectFrom("codeartifact_domains as domain")
        .select(["domain.id", "domain.graph_revision"])
        .where("domain.account", "=", key.account)
        .where("domain.region", "=", key.region)
        .where("domain.name", "=", key.domain),
    ),

    /** What everything kept in memory about a package depends on. */
    revisions: prepareQuery((key: PackageKey) =>
      db
        .selectFrom("codeartifact_domains as domain")
        .leftJoin("codeartifact_package_revisions as package", (join) =>
          join
            .onRef("package.domain_id", "=", "domain.id")
            .on("package.format", "=", key.format)
            .on("package.namespace", "=", key.namespace)
            .on("package.name", "=", key.name),
        )
        .select(["domain.graph_revision as graph", "package.revision as package"])
        .where("domain.id", "=", key.domainId),
    ),

    /** A file that the repository itself keeps: what is asked most, and needs no look at the graph. */
    ownAsset: prepareQuery((key: AssetKey & { readonly version: string }) =>
      assets(key).where("version.version", "=", key.version),
    ),

    ownAssetOfAnyVersion: prepareQuery((key: AssetKey) =>
      assets(key).where("version.status", "in", ["Published", "Unlisted"]),
    ),
  };
}
