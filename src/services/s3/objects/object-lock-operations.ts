/** Retention and legal hold of one version: read, and changed as object-lock.ts permits. */
import type {
  GetObjectLegalHoldCommandInput,
  GetObjectLegalHoldCommandOutput,
  GetObjectRetentionCommandInput,
  GetObjectRetentionCommandOutput,
  PutObjectLegalHoldCommandInput,
  PutObjectLegalHoldCommandOutput,
  PutObjectRetentionCommandInput,
  PutObjectRetentionCommandOutput,
} from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import { malformedXml } from "../buckets/errors.ts";
import { type AccessContext, retentionConditions } from "../buckets/request-conditions.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { methodNotAllowed, noSuchKey } from "./errors.ts";
import { checkLockEnabled, checkRetentionChange, type Retention, retentionOf } from "./object-lock.ts";
import { lookUp, mayOn, type OpenedVersion, type VersionInput } from "./read-version.ts";
import type { Version } from "./version.ts";
import { versionOf } from "./version-rows.ts";

export async function getObjectRetention(
  s3: S3Context,
  call: S3Call,
  input: GetObjectRetentionCommandInput,
): Promise<Omit<GetObjectRetentionCommandOutput, "$metadata">> {
  const { version } = await openLockable(s3, call, input, "s3:GetObjectRetention");
  if (version.retention === undefined) throw noLock();
  return { Retention: { Mode: version.retention.mode, RetainUntilDate: version.retention.until } };
}

export async function putObjectRetention(
  s3: S3Context,
  call: S3Call,
  input: PutObjectRetentionCommandInput,
): Promise<Omit<PutObjectRetentionCommandOutput, "$metadata">> {
  const { Mode: mode, RetainUntilDate: until } = input.Retention ?? {};
  const opened = await openLockable(s3, call, input, "s3:PutObjectRetention", {
    ...(mode !== undefined && { "s3:object-lock-mode": mode }),
    ...retentionConditions(call.now, until),
  });
  const { version } = opened;
  const next = retentionOfDocument(input.Retention, s3.clock.now());
  const bypass =
    input.BypassGovernanceRetention === true && mayOn(s3, call, opened, "s3:BypassGovernanceRetention");
  await s3.metadata.write(async (tx) => {
    checkRetentionChange(await reread(tx, version), next, s3.clock.now(), bypass);
    await tx
      .updateTable("s3_versions")
      .set({ retention_mode: next?.mode ?? "", retain_until: next?.until.getTime() ?? null })
      .where("id", "=", version.id)
      .execute();
  });
  return {};
}

export async function getObjectLegalHold(
  s3: S3Context,
  call: S3Call,
  input: GetObjectLegalHoldCommandInput,
): Promise<Omit<GetObjectLegalHoldCommandOutput, "$metadata">> {
  const { version } = await openLockable(s3, call, input, "s3:GetObjectLegalHold");
  if (version.legalHoldStatus === undefined) throw noLock();
  return { LegalHold: { Status: version.legalHoldStatus } };
}

export async function putObjectLegalHold(
  s3: S3Context,
  call: S3Call,
  input: PutObjectLegalHoldCommandInput,
): Promise<Omit<PutObjectLegalHoldCommandOutput, "$metadata">> {
  const status = input.LegalHold?.Status;
  const { version } = await openLockable(s3, call, input, "s3:PutObjectLegalHold", {
    "s3:object-lock-legal-hold": status ?? "",
  });
  if (status !== "ON" && status !== "OFF") throw malformedXml();
  await s3.metadata.write(async (tx) => {
    await reread(tx, version);
    await tx
      .updateTable("s3_versions")
      .set({ legal_hold: status === "ON" ? 1 : 2 })
      .where("id", "=", version.id)
      .execute();
  });
  return {};
}

/** Throws as lookUp does, and InvalidRequest in a bucket without Object Lock. */
async function openLockable(
  s3: S3Context,
  call: S3Call,
  input: VersionInput,
  action: string,
  context: AccessContext = {},
): Promise<OpenedVersion> {
  const opened = await lookUp(s3, call, input, { current: action, named: action }, context);
  checkLockEnabled(opened.bucket);
  const { version } = opened;
  if (version.deleteMarker) throw methodNotAllowed("PUT", { "x-amz-delete-marker": "true" });
  return opened;
}

/** What the version is now, in the transaction that changes it. Throws NoSuchKey. */
async function reread(tx: Transaction, { id, key }: Version): Promise<Version> {
  const row = await tx.selectFrom("s3_versions").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw noSuchKey(key);
  return versionOf(row);
}

/** An empty document takes a retention off. Throws MalformedXML, InvalidArgument. */
function retentionOfDocument(
  document: PutObjectRetentionCommandInput["Retention"],
  now: Date,
): Retention | undefined {
  const { Mode: mode, RetainUntilDate: until } = document ?? {};
  if (mode === undefined && until === undefined && document !== undefined) return undefined;
  if ((mode !== "GOVERNANCE" && mode !== "COMPLIANCE") || until === undefined) throw malformedXml();
  return retentionOf(mode, until, now);
}

function noLock(): AwsError {
  return new AwsError(
    "NoSuchObjectLockConfiguration",
    "The specified object does not have a ObjectLock configuration",
    { status: 404 },
  );
}
