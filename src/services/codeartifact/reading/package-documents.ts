import type { CodeArtifactContext } from "../context.ts";
import type { OpenRepository } from "../engine.ts";
import type { FormatName, PackageName } from "../format.ts";
import { walkPackage } from "./package-walk.ts";

/**
 * A document beside the versions, from the first place of the walk that has one of this name: repositories first, then
 * what external connections have is passed through.
 */
export async function getDocument(
  context: CodeArtifactContext,
  repository: OpenRepository,
  format: FormatName,
  name: PackageName,
  document: string,
): Promise<Uint8Array | undefined> {
  const { places, packages } = await walkPackage(context, repository, format, name);
  const ids = places.flatMap((place) => {
    const row = place.kind === "repository" ? packages.get(place.repository.id) : undefined;
    return row ? [row.id] : [];
  });
  const kept = ids.length === 0 ? undefined : await keptDocument(context, ids, document);
  if (kept) return kept;
  const { upstream } = context.formats.get(format);
  for (const place of upstream?.document ? places : []) {
    if (place.kind !== "connection") continue;
    const passed = await upstream?.document?.(context.upstreams.source(place.connection), name, document);
    if (passed) return passed;
  }
  return undefined;
}

async function keptDocument(
  { metadata }: CodeArtifactContext,
  ids: readonly string[],
  document: string,
): Promise<Uint8Array | undefined> {
  const rows = await metadata.reader
    .selectFrom("codeartifact_package_documents")
    .select(["package_id", "content"])
    .where("package_id", "in", ids)
    .where("name", "=", document)
    .execute();
  const contents = new Map(rows.map(({ package_id, content }) => [package_id, content]));
  return ids.map((id) => contents.get(id)).find((content) => content !== undefined);
}
