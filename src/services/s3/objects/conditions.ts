/**
 * Conditions of requests on objects (RFC 9110 section 13, Amazon S3 user guide "Conditional requests"). Reads: If-Match
 * goes before If-Unmodified-Since and If-None-Match before If-Modified-Since; of two that were both sent, the one that
 * goes before decides alone. Dates are compared in whole seconds, for that is what Last-Modified says.
 */
import { WriteConflict } from "../../../storage/metadata/errors.ts";
import { S3Error } from "../s3-error.ts";
import { conditionalRequestConflict, noSuchKey, preconditionFailed } from "./errors.ts";

/** If-Match, If-None-Match and the like of a write, decided in the transaction that writes. */
export interface WriteConditions {
  /** Etags or `*`. On a key that is not there: 404 NoSuchKey. */
  readonly ifMatch?: string | undefined;
  /** S3 documents only `*`; etags are understood as RFC 9110 says. */
  readonly ifNoneMatch?: string | undefined;
  /** When the write began (a multipart upload): what came on top of the key since is a conflict. */
  readonly begunAt?: Date;
}

export interface ReadConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: Date | undefined;
  readonly ifUnmodifiedSince?: Date | undefined;
}

/** What is there: `etag` without quotes. */
export interface Validators {
  readonly etag: string;
  readonly createdAt: Date;
}

export type ReadDecision = "proceed" | "not modified" | { readonly failed: string };

/** @param now a date of If-Modified-Since that lies behind it is no condition (RFC 9110 section 13.1.3) */
export function decideRead(
  conditions: ReadConditions,
  { etag, createdAt }: Validators,
  now: Date,
): ReadDecision {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag)) return { failed: "If-Match" };
  } else if (ifUnmodifiedSince !== undefined && seconds(createdAt) > seconds(ifUnmodifiedSince))
    return { failed: "If-Unmodified-Since" };
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, etag)) return "not modified";
  } else if (
    ifModifiedSince !== undefined &&
    seconds(createdAt) <= seconds(ifModifiedSince) &&
    seconds(ifModifiedSince) <= seconds(now)
  )
    return "not modified";
  return "proceed";
}

/** Throws NotModified (304) and PreconditionFailed. @param headers of a 304 */
export function checkRead(
  conditions: ReadConditions,
  version: Validators,
  now: Date,
  headers: () => Readonly<Record<string, string>>,
): void {
  const decision = decideRead(conditions, version, now);
  if (decision === "proceed") return;
  if (decision === "not modified")
    throw new S3Error("NotModified", "Not Modified", { status: 304, headers: headers() });
  throw preconditionFailed(decision.failed);
}

/**
 * Throws NoSuchKey, PreconditionFailed, ConditionalRequestConflict.
 * @param newest of the key: an object or a delete marker
 */
export function checkWrite(
  conditions: WriteConditions,
  key: string,
  newest: { readonly etag: string; readonly delete_marker: number; readonly created_at: number } | undefined,
): void {
  const { ifMatch, ifNoneMatch, begunAt } = conditions;
  if (ifMatch === undefined && ifNoneMatch === undefined) return;
  const current = newest?.delete_marker === 0 ? newest.etag : undefined;
  if (ifMatch !== undefined) {
    if (current === undefined) throw noSuchKey(key);
    if (!matches(ifMatch, current)) throw preconditionFailed("If-Match");
  }
  if (ifNoneMatch !== undefined && current !== undefined && matches(ifNoneMatch, current))
    throw preconditionFailed("If-None-Match");
  if (begunAt !== undefined && newest !== undefined && newest.created_at > begunAt.getTime())
    throw conditionalRequestConflict(key, ifMatch === undefined ? "If-None-Match" : "If-Match");
}

/** Runs a write. Throws ConditionalRequestConflict where others kept changing what its conditions are about. */
export async function conditionally<Result>(
  { ifMatch, ifNoneMatch }: WriteConditions,
  key: string | undefined,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof WriteConflict) || (ifMatch ?? ifNoneMatch) === undefined) throw error;
    throw conditionalRequestConflict(key ?? "", ifMatch === undefined ? "If-None-Match" : "If-Match", error);
  }
}

/** Conditions of a delete, on the newest version or on the one that was named. */
export interface DeleteConditions extends WriteConditions {
  readonly ifMatchLastModifiedTime?: Date | undefined;
  readonly ifMatchSize?: number | undefined;
}

/**
 * Throws PreconditionFailed. What is not there needs no delete (API Reference, "DeleteObject", If-Match), so a condition
 * on it asks for nothing: false.
 */
export function checkDelete(
  conditions: DeleteConditions,
  target: { readonly etag: string; readonly size: number; readonly created_at: number } | undefined,
): boolean {
  const { ifMatch, ifMatchLastModifiedTime: time, ifMatchSize: size } = conditions;
  if (ifMatch === undefined && time === undefined && size === undefined) return true;
  if (target === undefined) return false;
  if (ifMatch !== undefined && !matches(ifMatch, target.etag)) throw preconditionFailed("If-Match");
  if (time !== undefined && seconds(time) !== seconds(new Date(target.created_at)))
    throw preconditionFailed("x-amz-if-match-last-modified-time");
  if (size !== undefined && size !== target.size) throw preconditionFailed("x-amz-if-match-size");
  return true;
}

/** `header`: `*`, or etags with or without quotes, separated by commas. S3 has no weak ones, so `W/` is passed over. */
export function matches(header: string, etag: string): boolean {
  return header.split(",").some((part) => {
    const one = part.trim().replace(/^W\//, "");
    return one === "*" || one.replace(/^"(.*)"$/, "$1") === etag;
  });
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
