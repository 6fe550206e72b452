/** What answers say of the future: `x-amz-expiration`, `x-amz-abort-date` and `x-amz-abort-rule-id`. */
import type { Clock } from "../../../clock.ts";
import type { Bucket } from "../buckets/bucket.ts";
import type { Version } from "../objects/version.ts";
import { dueAtAge, matches, rulesOf } from "./rules.ts";
import { decideUpload, type LifecycleUpload } from "./uploads.ts";

type ExpiringVersion = Pick<
  Version,
  "key" | "size" | "tags" | "createdAt" | "deleteMarker" | "noncurrentSince"
>;

/**
 * `x-amz-expiration` for the current version of a key: the earliest expiration of the enabled rules that match, the
 * first listed of equals. Undefined for noncurrent versions. Not to be asked when the client named a version id (S3 then says nothing).
 */
export function expirationHeader(bucket: Bucket, version: ExpiringVersion, clock: Clock): string | undefined {
  if (version.deleteMarker || version.noncurrentSince !== undefined) return undefined;
  let earliest: { readonly dueAt: number; readonly id: string } | undefined;
  for (const { id, filter, expiration } of rulesOf(bucket.settings).enabled) {
    if (expiration === undefined || !matches(filter, version)) continue;
    const dueAt = dueAtAge(expiration, version.createdAt.getTime(), clock);
    if (earliest === undefined || dueAt < earliest.dueAt) earliest = { dueAt, id };
  }
  if (earliest === undefined) return undefined;
  const date = new Date(earliest.dueAt).toUTCString();
  return `expiry-date="${date}", rule-id="${encodeURIComponent(earliest.id)}"`;
}

export interface AbortRule {
  /** `x-amz-abort-date` */
  readonly abortDate: Date;
  /** `x-amz-abort-rule-id` */
  readonly abortRuleId: string;
}

/** The earliest rule by which an upload is aborted unless it is completed. */
export function abortRule(bucket: Bucket, upload: LifecycleUpload, clock: Clock): AbortRule | undefined {
  const decision = decideUpload(rulesOf(bucket.settings), upload, clock);
  return decision && { abortDate: new Date(decision.dueAt), abortRuleId: headerText(decision.rule) };
}

/** Ids are any Unicode, headers are not. */
function headerText(id: string): string {
  return /^[\x20-\x7e]*$/.test(id) ? id : encodeURIComponent(id);
}
