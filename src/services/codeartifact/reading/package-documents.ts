import type { Reader } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import { packageIds, walkPackage } from "./package-walk.ts";
import type { WantedPackage } from "./wanted-package.ts";

/**
 * A document beside the versions, from the first place of the walk that has one of this name. What a stranger says is
 * never shown beside versions that were published inside: he may have files of the same name.
 */
export async function getDocument(
  context: CodeArtifactContext,
  wanted: WantedPackage,
  document: string,
): Promise<Uint8Array | undefined> {
  const { reader } = context.metadata;
  const walk = await walkPackage(context, wanted);
  const ids = packageIds(walk);
  const stored = await storedDocument(reader, ids, document);
  const { upstream } = context.formats.get(wanted.format);
  if (stored || !upstream?.document || (await isPublishedInside(reader, ids))) return stored;
  for (const place of walk.places) {
    if (place.kind !== "connection") continue;
    const source = context.upstreams.source(place.connection);
    const found = await upstream.document(source, wanted.name, document);
    if (found) return found;
  }
  return undefined;
}

async function storedDocument(
  db: Reader,
  ids: readonly string[],
  document: string,
): Promise<Uint8Array | undefined> {
  if (ids.length === 0) return undefined;
  const rows = await db
    .selectFrom("codeartifact_package_documents")
    .select(["package_id", "content"])
    .where("package_id", "in", ids)
    .where("name", "=", document)
    .execute();
  const contents = new Map(rows.map(({ package_id, content }) => [package_id, content]));
  return ids.map((id) => contents.get(id)).find((content) => content !== undefined);
}

async function isPublishedInside(db: Reader, ids: readonly string[]): Promise<boolean> {
  if (ids.length === 0) return false;
  const row = await db
    .selectFrom("codeartifact_versions")
    .select("id")
    .where("package_id", "in", ids)
    .where("origin_type", "=", "INTERNAL")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
