/** RestoreObject: asks for a readable copy of an archived version, or prolongs the one that is there. */
import type { RestoreObjectCommandInput, RestoreRequest } from "@aws-sdk/client-s3";
import { dueAfterDays } from "../../../age-rules.ts";
import { malformedXml, notImplemented } from "../buckets/errors.ts";
import { type S3Call, XmlDocument } from "../call.ts";
import type { S3Context } from "../context.ts";
import { recordObjectEvent } from "../object-events.ts";
import { noSuchKey } from "../objects/errors.ts";
import { causeOf } from "../objects/new-object.ts";
import { openVersion } from "../objects/read-version.ts";
import { versionOf } from "../objects/version-rows.ts";
import { restoreInProgress, restoreNotAllowed, tierNotSupported } from "./errors.ts";
import { enqueueRestore } from "./restore-queue.ts";
import { isArchived, isRestored } from "./storage-classes.ts";
import { findRow } from "./version-content.ts";

/**
 * 202 when a restore begins, 200 when a copy was there and stays longer (or less long: its time counts from now).
 * Throws InvalidObjectState, RestoreAlreadyInProgress, MalformedXML.
 */
export async function restoreObject(
  s3: S3Context,
  call: S3Call,
  input: RestoreObjectCommandInput,
): Promise<XmlDocument> {
  const actions = { current: "s3:RestoreObject", named: "s3:RestoreObject" };
  const { bucket, version } = await openVersion(s3, call, input, actions);
  const days = daysOf(input.RestoreRequest, version.storageClass);
  const cause = causeOf(call, "RestoreObject");
  const status = await s3.metadata.write(async (tx) => {
    const row = await findRow(tx, version.id);
    if (row === undefined) throw noSuchKey(version.key);
    const current = versionOf(row);
    if (!isArchived(current.storageClass)) throw restoreNotAllowed(current.storageClass);
    if (current.restoredUntil === 0) throw restoreInProgress();
    const now = s3.clock.now();
    const restored = isRestored(current, now);
    await tx
      .updateTable("s3_versions")
      .set({ restored_until: restored ? dueAfterDays(now.getTime(), days, s3.clock) : 0 })
      .where("id", "=", current.id)
      .execute();
    if (restored) return 200;
    await enqueueRestore(tx, s3, { version: current.id, days, requestId: cause.requestId });
    const event = {
      type: "Object Restore Initiated",
      time: now,
      key: current.key,
      size: current.size,
      etag: current.etag,
      versionId: current.versionId,
      sourceStorageClass: current.storageClass,
    } as const;
    await recordObjectEvent(tx, s3, bucket, event, cause);
    return 202;
  });
  return new XmlDocument("", {}, status);
}

const TIERS: readonly string[] = ["Standard", "Bulk", "Expedited"];

/** The tiers are taken and all equally fast: a restore takes as long as its bytes. */
function daysOf(request: RestoreRequest | undefined, storageClass: string): number {
  const { Type: type, SelectParameters: select, OutputLocation: elsewhere } = request ?? {};
  if (type !== undefined || select !== undefined || elsewhere !== undefined)
    throw notImplemented("restores by SELECT");
  const { Days: days, GlacierJobParameters: parameters } = request ?? {};
  const tier = parameters?.Tier ?? request?.Tier ?? "Standard";
  if (days === undefined || !Number.isInteger(days) || days < 1 || days > 2_147_483_647) throw malformedXml();
  if (!TIERS.includes(tier)) throw malformedXml();
  if (tier === "Expedited" && storageClass === "DEEP_ARCHIVE") throw tierNotSupported();
  return days;
}
