/** What lifecycle has in store for a bucket, read page by page with the engine that also acts. Nothing is changed. */
import { sql } from "kysely";
import type { Clock } from "../../../clock.ts";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import type { Bucket } from "../buckets/bucket.ts";
import type { VersionAction } from "./circumstances.ts";
import { decideVersion } from "./engine.ts";
import {
  looksAtUploads,
  looksAtVersions,
  prefixesOf,
  readUploads,
  readVersions,
  type UploadCursor,
  type UploadItem,
  type VersionCursor,
} from "./pages.ts";
import { rulesOf } from "./rules.ts";
import { decideUpload } from "./uploads.ts";

/** One version or upload, and the next thing that happens to it; without `coming` nothing does. */
export interface Previewed {
  readonly key: string;
  /** One of the two. */
  readonly versionId?: string;
  readonly uploadId?: string;
  /** Bytes of content. */
  readonly size: number;
  readonly coming?: Coming;
}

export interface Coming {
  readonly action: VersionAction["kind"] | "abort-upload";
  /** Of a transition. */
  readonly storageClass?: string;
  readonly rule: string;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
  /** It happens when lifecycle comes by. */
  readonly due: boolean;
  readonly reason: string;
  /** Bytes of content that go with it. */
  readonly frees: number;
}

const ROWS_A_PAGE = 1_000;

/** Versions by key and the newest first, then uploads: those that rules look at. @param prefix of keys; "" for all */
export async function* preview(
  reader: Reader,
  bucket: Bucket,
  clock: Clock,
  prefix: string,
): AsyncGenerator<Previewed> {
  const rules = rulesOf(bucket.settings);
  const circumstances = { rules, versioning: bucket.versioning, clock };
  const now = clock.now().getTime();
  const ofVersions = prefixesOf(rules, looksAtVersions, prefix);
  let version: VersionCursor | undefined;
  do {
    const page = await readVersions(reader, bucket.id, ofVersions, version, ROWS_A_PAGE);
    for (const { version, position } of page.items) {
      const { key, versionId, size } = version;
      const decision = decideVersion(circumstances, version, position);
      if (decision === undefined) yield { key, versionId, size };
      else {
        const { action, rule, dueAt, reason } = decision;
        const coming = {
          action: action.kind,
          rule,
          dueAt,
          due: dueAt <= now,
          reason,
          ...effectOf(action, size),
        };
        yield { key, versionId, size, coming };
      }
    }
    version = page.next;
  } while (version !== undefined);

  const ofUploads = prefixesOf(rules, looksAtUploads, prefix);
  let upload: UploadCursor | undefined;
  do {
    const page = await readUploads(reader, bucket.id, ofUploads, upload, ROWS_A_PAGE);
    const sizes = await sizesOf(reader, page.items);
    for (const item of page.items) {
      const { key, id: uploadId } = item;
      const size = sizes.get(uploadId) ?? 0;
      const decision = decideUpload(rules, item, clock);
      if (decision === undefined) yield { key, uploadId, size };
      else {
        const { rule, dueAt, reason } = decision;
        const action = "abort-upload";
        yield {
          key,
          uploadId,
          size,
          coming: { action, rule, dueAt, due: dueAt <= now, reason, frees: size },
        };
      }
    }
    upload = page.next;
  } while (upload !== undefined);
}

function effectOf(action: VersionAction, size: number): Pick<Coming, "storageClass" | "frees"> {
  switch (action.kind) {
    case "delete":
      return { frees: size };
    case "mark-deleted":
      return { frees: action.replaces ? size : 0 };
    case "transition":
      return { storageClass: action.to, frees: 0 };
  }
}

async function sizesOf(reader: Reader, uploads: readonly UploadItem[]): Promise<ReadonlyMap<string, number>> {
  if (uploads.length === 0) return new Map();
  const rows = await reader
    .selectFrom("s3_upload_parts")
    .select(["upload_id", sql<number | string>`sum(${sql.ref("size")})`.as("size")])
    .where(
      "upload_id",
      "in",
      uploads.map(({ id }) => id),
    )
    .groupBy("upload_id")
    .execute();
  return new Map(rows.map(({ upload_id, size }) => [upload_id, Number(size)]));
}
