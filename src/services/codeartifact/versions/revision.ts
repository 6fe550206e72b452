/**
 * A version's revision: base64, the same for the same files and metadata, another one as soon as anything of them
 * changes (CodeArtifact user guide, "Package version revision"). The status is no part of it.
 */
import { createHash } from "node:crypto";
import type { Reader } from "../../../storage/metadata/metadata.ts";

export interface RevisedVersion {
  /** JSON, as in the version's row. */
  readonly description: string;
  readonly readme: string | undefined;
  readonly assets: readonly { readonly name: string; readonly sha256: string; readonly metadata: string }[];
}

export function revisionOf({ description, readme, assets }: RevisedVersion): string {
  const files = assets.map(({ name, sha256, metadata }) => [name, sha256, metadata]);
  files.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([description, readme ?? null, files]))
    .digest("base64");
}

/** The revision of a version as its rows now are. */
export async function currentRevision(tx: Reader, versionId: string): Promise<string> {
  const { description } = await tx
    .selectFrom("codeartifact_versions")
    .select("description")
    .where("id", "=", versionId)
    .executeTakeFirstOrThrow();
  const readme = await tx
    .selectFrom("codeartifact_readmes")
    .select("readme")
    .where("version_id", "=", versionId)
    .executeTakeFirst();
  const assets = await tx
    .selectFrom("codeartifact_assets")
    .select(["name", "sha256", "metadata"])
    .where("version_id", "=", versionId)
    .orderBy("name")
    .execute();
  return revisionOf({ description, readme: readme?.readme, assets });
}
