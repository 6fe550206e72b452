/** What repositories keep of one package, read for many repositories at once and never version by version. */
import type { Reader } from "../../../storage/metadata/metadata.ts";
import type { AssetView, VersionStatus } from "../engine.ts";
import type { FormatName, PackageName, VersionDescription } from "../format.ts";
import type { OfferedVersion } from "./view-merge.ts";

export interface PackageRow {
  readonly id: string;
  readonly repositoryId: string;
  readonly publish: "ALLOW" | "BLOCK";
  readonly upstream: "ALLOW" | "BLOCK";
}

/** By repository: all of a domain, because which of them matter is only known once their restrictions are. */
export async function packageRows(
  db: Reader,
  domainId: string,
  format: FormatName,
  { namespace, name }: PackageName,
): Promise<ReadonlyMap<string, PackageRow>> {
  const rows = await db
    .selectFrom("codeartifact_packages")
    .select(["id", "repository_id", "publish", "upstream"])
    .where("domain_id", "=", domainId)
    .where("format", "=", format)
    .where("namespace", "=", namespace)
    .where("name", "=", name)
    .execute();
  return new Map(
    rows.map((row) => [
      row.repository_id,
      {
        id: row.id,
        repositoryId: row.repository_id,
        publish: row.publish as PackageRow["publish"],
        upstream: row.upstream as PackageRow["upstream"],
      },
    ]),
  );
}

/** Versions to one query: a page of descriptions stays small, and their ids below the limit of bound values. */
const PAGE = 500;

/** In the order in which they were published. */
export async function offeredVersions(
  db: Reader,
  packageIds: readonly string[],
): Promise<ReadonlyMap<string, readonly OfferedVersion[]>> {
  const versions = new Map<string, OfferedVersion[]>(packageIds.map((id) => [id, []]));
  for (const id of packageIds) {
    const list = versions.get(id) ?? [];
    for (let after = ""; ; ) {
      const rows = await versionPage(db, id, after);
      const assets = await assetsOf(
        db,
        rows.map((row) => row.id),
      );
      for (const row of rows)
        list.push({
          version: row.version,
          status: row.status as VersionStatus,
          publishedAt: row.published_at,
          revision: row.revision,
          origin: row.origin_type as OfferedVersion["origin"],
          originRepository: row.origin_repository ?? undefined,
          description: JSON.parse(row.description) as VersionDescription,
          assets: assets.get(row.id) ?? [],
        });
      if (rows.length < PAGE) break;
      after = rows.at(-1)?.version ?? "";
    }
    list.sort((one, other) => one.publishedAt - other.publishedAt);
  }
  return versions;
}

function versionPage(db: Reader, packageId: string, after: string) {
  return db
    .selectFrom("codeartifact_versions")
    .selectAll()
    .where("package_id", "=", packageId)
    .where("version", ">", after)
    .orderBy("version")
    .limit(PAGE)
    .execute();
}

async function assetsOf(
  db: Reader,
  versionIds: readonly string[],
): Promise<ReadonlyMap<string, readonly AssetView[]>> {
  const assets = new Map<string, AssetView[]>();
  if (versionIds.length === 0) return assets;
  const rows = await db
    .selectFrom("codeartifact_assets")
    .select(["version_id", "name", "size", "md5", "sha1", "sha256", "sha512", "metadata"])
    .where("version_id", "in", versionIds)
    .orderBy("version_id")
    .orderBy("name")
    .execute();
  for (const { version_id, name, size, metadata, ...hashes } of rows) {
    const view: AssetView = {
      name,
      size,
      hashes,
      metadata: metadata === "{}" ? {} : (JSON.parse(metadata) as Record<string, unknown>),
      stored: true,
    };
    const list = assets.get(version_id);
    if (list) list.push(view);
    else assets.set(version_id, [view]);
  }
  return assets;
}

/** npm's dist-tags, by package. */
export async function distTags(
  db: Reader,
  packageIds: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  if (packageIds.length === 0) return new Map();
  const rows = await db
    .selectFrom("codeartifact_dist_tags")
    .selectAll()
    .where("package_id", "in", packageIds)
    .orderBy("package_id")
    .orderBy("tag")
    .execute();
  const tags = new Map<string, [string, string][]>();
  for (const { package_id, tag, version } of rows) {
    const list = tags.get(package_id);
    if (list) list.push([tag, version]);
    else tags.set(package_id, [[tag, version]]);
  }
  return new Map([...tags].map(([id, list]) => [id, Object.fromEntries(list)]));
}
