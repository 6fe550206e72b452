/**
 * ListPackageVersions. By version, or the newest first (`sortBy`); a page's position is the last version's key. What is
 * shown first to people is npm's `latest`, else what was published last.
 */
import type { ListPackageVersionsCommandInput } from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { VersionStatus } from "../engine.ts";
import type { FormatName } from "../format.ts";
import { listPage, type Page } from "../paging.ts";
import { namesOf, originOf } from "./describe-versions.ts";
import { taggedVersion } from "./dist-tags.ts";
import { openPackage } from "./package-access.ts";
import { storedPackage } from "./packages.ts";
import type { VersionRow } from "./stored-packages.ts";

export async function listPackageVersions(
  context: CodeArtifactContext,
  call: Call,
  input: ListPackageVersionsCommandInput,
) {
  const operation = "codeartifact:ListPackageVersions";
  const key = await openPackage(context, call, input, operation);
  const { id } = await storedPackage(context, key);
  const { status, originType, sortBy } = input;
  const purpose = [id, status, originType, sortBy];
  const { items, nextToken } = await listPage(
    context,
    call,
    { operation, purpose },
    input,
    (page) => selectVersions(context.metadata.reader, id, input, page),
    (last) => (sortBy ? [String(last.published_at), last.version] : [last.version]),
  );
  return {
    defaultDisplayVersion: await defaultDisplayVersion(context.metadata.reader, id, key.format),
    ...namesOf(key),
    package: key.name.name,
    versions: items.map((row) => ({
      version: row.version,
      revision: row.revision,
      status: row.status,
      origin: originOf(row),
    })),
    nextToken,
  };
}

type Listed = Omit<VersionRow, "id" | "package_id" | "description">;

async function selectVersions(
  db: Reader,
  packageId: string,
  { status, originType, sortBy }: ListPackageVersionsCommandInput,
  { after, limit }: Page,
): Promise<Listed[]> {
  let query = db
    .selectFrom("codeartifact_versions")
    // Without the descriptions, which are long: thousands of versions may be sorted for one page.
    .select(["version", "status", "revision", "published_at"])
    .select(["origin_type", "origin_repository", "origin_connection"])
    .where("package_id", "=", packageId)
    .limit(limit);
  if (status) query = query.where("status", "=", status);
  if (originType) query = query.where("origin_type", "=", originType);
  const [first = "", second = ""] = after;
  if (sortBy) {
    query = query.orderBy("published_at", "desc").orderBy("version", "desc");
    if (after.length > 0)
      query = query.where((row) =>
        row(row.refTuple("published_at", "version"), "<", row.tuple(Number(first), second)),
      );
  } else {
    query = query.orderBy("version").where("version", ">", first);
  }
  return (await query.execute()).map((row) => ({ ...row, status: row.status as VersionStatus }));
}

async function defaultDisplayVersion(
  db: Reader,
  packageId: string,
  format: FormatName,
): Promise<string | undefined> {
  const latest = format === "npm" ? await taggedVersion(db, packageId, "latest") : undefined;
  if (latest !== undefined) return latest;
  const newest = await db
    .selectFrom("codeartifact_versions")
    .select("version")
    .where("package_id", "=", packageId)
    .where("status", "=", "Published")
    .orderBy("published_at", "desc")
    .orderBy("version", "desc")
    .limit(1)
    .executeTakeFirst();
  return newest?.version;
}
