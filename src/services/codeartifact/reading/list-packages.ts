/** Which packages a repository and its upstreams keep: for searches and root indexes, page by page. */
import { sql } from "kysely";
import type { CodeArtifactContext } from "../context.ts";
import type { OpenRepository, Packages } from "../engine.ts";
import type { FormatName, PackageName } from "../format.ts";
import { walk } from "../walk.ts";
import { openedGraph } from "./open-repository.ts";

const ONLY_REPOSITORIES = { fromRepositories: true, fromConnections: false, publishedInside: false };

/** In binary order of namespace and name. */
export async function listPackages(
  context: CodeArtifactContext,
  opened: OpenRepository,
  format: FormatName,
  { after, contains, limit }: Parameters<Packages["listPackages"]>[2],
): Promise<readonly PackageName[]> {
  const { graph, repository } = await openedGraph(context, opened);
  const places = walk(
    graph,
    repository,
    () => ONLY_REPOSITORIES,
    () => false,
  );
  const ids = places.flatMap((place) => (place.kind === "repository" ? [place.repository.id] : []));
  let query = context.metadata.reader
    .selectFrom("codeartifact_packages as package")
    .select(["package.namespace", "package.name"])
    .distinct()
    .where("package.domain_id", "=", graph.id)
    .where("package.format", "=", format)
    .where("package.repository_id", "in", ids)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom("codeartifact_versions as version")
          .select("version.id")
          .whereRef("version.package_id", "=", "package.id")
          .where("version.status", "=", "Published"),
      ),
    );
  if (after)
    query = query.where((row) =>
      row.or([
        row("package.namespace", ">", after.namespace),
        row.and([row("package.namespace", "=", after.namespace), row("package.name", ">", after.name)]),
      ]),
    );
  if (contains !== undefined && contains !== "") {
    const pattern = `%${contains.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`;
    query = query.where(({ or, fn }) =>
      or([
        sql<boolean>`${fn("lower", ["package.name"])} like ${pattern} escape '\\'`,
        sql<boolean>`${fn("lower", ["package.namespace"])} like ${pattern} escape '\\'`,
      ]),
    );
  }
  return query.orderBy("package.namespace").orderBy("package.name").limit(limit).execute();
}
