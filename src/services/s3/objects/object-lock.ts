/** Object Lock on versions (Amazon S3 user guide, "Locking objects with Object Lock"): who may write, shorten and delete what. */
import type { AwsError } from "../../../aws/errors.ts";
import type { Clock } from "../../../clock.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { accessDenied, invalidArgument, invalidRequest } from "../buckets/errors.ts";
import type { S3Call } from "../call.ts";
import type { Version } from "./version.ts";

export type Retention = NonNullable<Version["retention"]>;

export interface LockInput {
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
}

export interface Lock {
  readonly retention: Retention | undefined;
  readonly legalHold: boolean;
}

export function missingLockConfiguration(): AwsError {
  return invalidRequest("Bucket is missing Object Lock Configuration");
}

/** Throws InvalidRequest in a bucket that has no Object Lock. */
export function checkLockEnabled(bucket: Bucket): void {
  if (bucket.settings.objectLock?.ObjectLockEnabled !== "Enabled") throw missingLockConfiguration();
}

/**
 * What a new version is locked by: the request, else the bucket's default. Throws InvalidRequest, InvalidArgument.
 * @param clock its day is the length of a day of the default
 */
export function lockFor(bucket: Bucket, input: LockInput, clock: Clock): Lock {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: hold } = input;
  const asked = mode !== undefined || until !== undefined;
  if (asked || hold !== undefined) checkLockEnabled(bucket);
  if (hold !== undefined && hold !== "ON" && hold !== "OFF")
    throw invalidArgument("Legal Hold must be either of 'ON' or 'OFF'", "x-amz-object-lock-legal-hold", hold);
  const legalHold = hold === "ON";
  if (!asked) return { retention: standardRetention(bucket, clock), legalHold };
  if (mode === undefined || until === undefined)
    throw invalidArgument(
      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
      mode === undefined ? "x-amz-object-lock-mode" : "x-amz-object-lock-retain-until-date",
    );
  return { retention: retentionOf(mode, until, clock.now()), legalHold };
}

/** Throws InvalidArgument. */
export function retentionOf(mode: string, until: Date, now: Date): Retention {
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE")
    throw invalidArgument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode);
  if (until <= now)
    throw invalidArgument(
      "The retain until date must be in the future!",
      "x-amz-object-lock-retain-until-date",
      until.toISOString(),
    );
  return { mode, until };
}

const DAYS_OF_A_YEAR = 365;

/** The bucket's default as it is now, counted from now. */
export function standardRetention({ settings }: Bucket, clock: Clock): Retention | undefined {
  const standard = settings.objectLock?.Rule?.DefaultRetention;
  const days = standard?.Days ?? (standard?.Years ?? 0) * DAYS_OF_A_YEAR;
  if (standard?.Mode === undefined || days === 0) return undefined;
  return { mode: standard.Mode, until: new Date(clock.now().getTime() + days * clock.dayMilliseconds) };
}

/** Throws InvalidRequest: what is to be kept for years has to arrive as it was sent. */
export function checkIntegrityOfLocked(call: S3Call, lock: Lock, request: "Put Object" | "Put Part"): void {
  if (lock.retention === undefined && !lock.legalHold) return;
  if (call.body === undefined || call.body.md5 !== undefined || call.body.algorithm !== undefined) return;
  throw invalidRequest(
    `Content-MD5 OR x-amz-checksum- HTTP header is required for ${request} requests with Object Lock parameters`,
  );
}

const PROTECTED = "Access Denied because object protected by object lock.";

/** Throws AccessDenied while the version may not be deleted. @param bypass asked for, and permitted */
export function checkDeletable(
  version: Pick<Version, "retention" | "legalHold">,
  now: Date,
  bypass: boolean,
): void {
  if (version.legalHold) throw accessDenied(PROTECTED);
  const inForce = activeRetention(version, now);
  if (inForce === undefined || (inForce.mode === "GOVERNANCE" && bypass)) return;
  throw accessDenied(PROTECTED);
}

/**
 * Throws AccessDenied where a retention in force would be weakened: COMPLIANCE never can be, GOVERNANCE with the bypass.
 * @param next undefined: taken off
 */
export function checkRetentionChange(
  version: Pick<Version, "retention">,
  next: Retention | undefined,
  now: Date,
  bypass: boolean,
): void {
  const inForce = activeRetention(version, now);
  if (inForce === undefined) return;
  if (next !== undefined && next.mode === inForce.mode && next.until >= inForce.until) return;
  if (inForce.mode === "GOVERNANCE" && bypass) return;
  throw accessDenied(PROTECTED);
}

function activeRetention({ retention }: Pick<Version, "retention">, now: Date): Retention | undefined {
  return retention !== undefined && retention.until > now ? retention : undefined;
}
