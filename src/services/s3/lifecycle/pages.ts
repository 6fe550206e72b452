/**
 * A bucket's versions and uploads page by page, as far as any enabled rule looks at them: the job and the preview read by
 * it. No more than a page is in memory, and a key with more versions than a page has goes on with the next one.
 */
import { type ReferenceExpression, sql } from "kysely";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import type { Schema } from "../../../storage/metadata/schema.ts";
import { afterPrefix, isAfter } from "../listings/key-range.ts";
import { keyOf, storedKey } from "../object-key.ts";
import type { LifecycleVersion, Position } from "./circumstances.ts";
import type { Rule, Rules } from "./rules.ts";
import type { LifecycleUpload } from "./uploads.ts";

/** Behind which row the next page begins; keys as they are stored. */
export interface VersionCursor {
  readonly key: string;
  readonly rank: number;
  /** How many versions of that key were read, this one among them. */
  readonly read: number;
}

export interface UploadCursor {
  readonly key: string;
  readonly initiatedAt: number;
  readonly id: string;
}

export interface Page<Item, Cursor> {
  readonly items: readonly Item[];
  /** Undefined at the end. */
  readonly next: Cursor | undefined;
}

export interface VersionItem {
  readonly id: string;
  readonly version: LifecycleVersion;
  readonly position: Position;
}

export interface UploadItem extends LifecycleUpload {
  readonly id: string;
}

const VERSION_COLUMNS = [
  "id",
  "key",
  "rank",
  "version_id",
  "delete_marker",
  "size",
  "storage_class",
  "tags",
  "created_at",
  "noncurrent_since",
  "retention_mode",
  "retain_until",
  "legal_hold",
] as const;

export async function readVersions(
  reader: Reader,
  bucketId: string,
  prefixes: readonly string[],
  cursor: VersionCursor | undefined,
  limit: number,
): Promise<Page<VersionItem, VersionCursor>> {
  const range = nextRange(prefixes, cursor?.key);
  if (range === undefined) return { items: [], next: undefined };
  let query = reader
    .selectFrom("s3_versions")
    .select(VERSION_COLUMNS)
    .where("bucket_id", "=", bucketId)
    .orderBy("key")
    .orderBy("rank")
    // One more shows whether the last one's key goes on.
    .limit(limit + 1);
  if (range.end !== undefined) query = query.where("key", "<", range.end);
  const rows =
    cursor === undefined || range.begins
      ? await query.where("key", ">=", range.start).execute()
      : await query.where(after<"s3_versions">(["key", "rank"], [cursor.key, cursor.rank])).execute();
  let read = cursor?.read ?? 0;
  let key = cursor?.key;
  const page = rows.slice(0, limit);
  const items = page.map((row, index): VersionItem => {
    read = row.key === key ? read + 1 : 1;
    key = row.key;
    return {
      id: row.id,
      version: {
        key: keyOf(row.key),
        versionId: row.version_id,
        size: row.size,
        tags: row.tags === "" ? {} : (JSON.parse(row.tags) as Record<string, string>),
        storageClass: row.storage_class,
        deleteMarker: row.delete_marker === 1,
        createdAt: new Date(row.created_at),
        noncurrentSince: row.noncurrent_since === null ? undefined : new Date(row.noncurrent_since),
        retention: retentionOf(row),
        legalHold: row.legal_hold === 1,
      },
      position: {
        current: read === 1,
        newerNoncurrent: Math.max(read - 2, 0),
        alone: read === 1 && rows[index + 1]?.key !== row.key,
      },
    };
  });
  const last = page.at(-1);
  if (last !== undefined && rows.length > limit)
    return { items, next: { key: last.key, rank: last.rank, read } };
  const { following } = range;
  return { items, next: following === undefined ? undefined : { key: following, rank: -1, read: 0 } };
}

function retentionOf(row: {
  retention_mode: string;
  retain_until: number | null;
}): LifecycleVersion["retention"] {
  const { retention_mode: mode, retain_until: until } = row;
  if (until === null || (mode !== "GOVERNANCE" && mode !== "COMPLIANCE")) return undefined;
  return { mode, until: new Date(until) };
}

export async function readUploads(
  reader: Reader,
  bucketId: string,
  prefixes: readonly string[],
  cursor: UploadCursor | undefined,
  limit: number,
): Promise<Page<UploadItem, UploadCursor>> {
  const range = nextRange(prefixes, cursor?.key);
  if (range === undefined) return { items: [], next: undefined };
  let query = reader
    .selectFrom("s3_uploads")
    .select(["id", "key", "initiated_at"])
    .where("bucket_id", "=", bucketId)
    .orderBy("key")
    .orderBy("initiated_at")
    .orderBy("id")
    .limit(limit);
  if (range.end !== undefined) query = query.where("key", "<", range.end);
  const rows =
    cursor === undefined || range.begins
      ? await query.where("key", ">=", range.start).execute()
      : await query
          .where(
            after<"s3_uploads">(["key", "initiated_at", "id"], [cursor.key, cursor.initiatedAt, cursor.id]),
          )
          .execute();
  const items = rows.map((row) => ({
    id: row.id,
    key: keyOf(row.key),
    initiatedAt: new Date(row.initiated_at),
  }));
  const last = rows.at(-1);
  if (last !== undefined && rows.length === limit)
    return { items, next: { key: last.key, initiatedAt: last.initiated_at, id: last.id } };
  const { following } = range;
  return { items, next: following === undefined ? undefined : { key: following, initiatedAt: -1, id: "" } };
}

/** Rows behind a place in an index. */
function after<Table extends keyof Schema>(
  columns: readonly ReferenceExpression<Schema, Table>[],
  values: readonly (string | number)[],
) {
  const names = sql.join(columns.map((column) => sql.ref(String(column))));
  return sql<boolean>`(${names}) > (${sql.join(values)})`;
}

interface KeyRange {
  readonly start: string;
  /** Exclusive. */
  readonly end: string | undefined;
  /** The cursor lies before it. */
  readonly begins: boolean;
  /** Where the range after it begins. */
  readonly following: string | undefined;
}

/** The range of keys in which a walk goes on that has come to `key`. */
function nextRange(prefixes: readonly string[], key: string | undefined): KeyRange | undefined {
  for (const [index, start] of prefixes.entries()) {
    const end = start === "" ? undefined : afterPrefix(start);
    if (key !== undefined && end !== undefined && !isAfter(end, key)) continue;
    const begins = key === undefined || isAfter(start, key);
    return { start, end, begins, following: prefixes[index + 1] };
  }
  return undefined;
}

/** The prefixes, as stored, that rules look at: sorted, and none below another. */
export function prefixesOf(rules: Rules, looksAt: (rule: Rule) => boolean, within = ""): string[] {
  const prefixes = rules.enabled
    .filter(looksAt)
    .map(({ filter: { prefix } }) => prefix)
    .flatMap((prefix) => (prefix.startsWith(within) ? [prefix] : within.startsWith(prefix) ? [within] : []))
    .map(storedKey)
    .sort((one, other) => (isAfter(one, other) ? 1 : -1));
  const apart: string[] = [];
  for (const prefix of prefixes) {
    const last = apart.at(-1);
    if (last === undefined || !prefix.startsWith(last)) apart.push(prefix);
  }
  return apart;
}

export function looksAtVersions(rule: Rule): boolean {
  return (
    rule.expiration !== undefined ||
    rule.removesExpiredMarkers ||
    rule.transitions.length > 0 ||
    rule.noncurrentExpiration !== undefined ||
    rule.noncurrentTransitions.length > 0
  );
}

export function looksAtUploads(rule: Rule): boolean {
  return rule.abortsUploadsAfter !== undefined;
}
