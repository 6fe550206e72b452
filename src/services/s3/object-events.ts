/**
 * What EventBridge is told of objects (Amazon S3 User Guide, "Using EventBridge", "EventBridge event message
 * structure"): recorded in the transaction in which it happened, and only where the bucket's notification
 * configuration has EventBridge on.
 */
import type { Events } from "../../events/events.ts";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import { type Bucket, bucketArn } from "./buckets/bucket.ts";
import type { WriteCause } from "./objects/write-version.ts";

export type ObjectEventType =
  | "Object Created"
  | "Object Deleted"
  | "Object Restore Initiated"
  | "Object Restore Completed"
  | "Object Restore Expired"
  | "Object Storage Class Changed"
  | "Object Tags Added"
  | "Object Tags Deleted"
  | "Object ACL Updated";

export interface ObjectEvent {
  readonly type: ObjectEventType;
  readonly time: Date;
  readonly key: string;
  /** Left out where AWS has none: markers, and what was deleted by key alone. */
  readonly size?: number | undefined;
  readonly etag?: string | undefined;
  readonly versionId?: string | undefined;
  /** The version's rank, where one was written: orders the events of a key. */
  readonly rank?: number | undefined;
  /** Of Object Deleted. */
  readonly deletionType?: "Permanently Deleted" | "Delete Marker Created";
  /** Of a restore: the class that the content is archived in. */
  readonly sourceStorageClass?: string;
  /** Of Object Storage Class Changed. */
  readonly destinationStorageClass?: string;
  /** Of Object Restore Completed: when the readable copy goes again. */
  readonly restoreExpiry?: Date;
}

/** Events that say why, and that are ordered by a sequencer. */
const WRITES: ReadonlySet<ObjectEventType> = new Set(["Object Created", "Object Deleted"]);
/** The events of which AWS tells the size. */
const WITH_SIZE: ReadonlySet<ObjectEventType> = new Set([
  "Object Created",
  "Object Restore Initiated",
  "Object Restore Completed",
  "Object Storage Class Changed",
]);

/** `cause.reason` is told of what was created and deleted only. */
export async function recordObjectEvent(
  tx: Transaction,
  s3: { readonly events: Events },
  bucket: Bucket,
  event: ObjectEvent,
  cause: WriteCause,
): Promise<void> {
  if (bucket.settings.notification?.EventBridgeConfiguration === undefined) return;
  await s3.events.record(tx, {
    source: "aws.s3",
    detailType: event.type,
    account: bucket.account,
    region: bucket.region,
    time: event.time,
    resources: [bucketArn(bucket.name)],
    detail: detailOf(bucket, event, cause),
  });
}

function detailOf(bucket: Bucket, event: ObjectEvent, cause: WriteCause): Record<string, unknown> {
  const writes = WRITES.has(event.type);
  return {
    version: "0",
    bucket: { name: bucket.name },
    object: {
      key: event.key,
      ...(WITH_SIZE.has(event.type) && event.size !== undefined && { size: event.size }),
      ...(event.etag !== undefined && event.etag !== "" && { etag: event.etag }),
      ...(bucket.versioning !== "" && event.versionId !== undefined && { "version-id": event.versionId }),
      ...(writes && { sequencer: sequencer(event) }),
    },
    "request-id": cause.requestId,
    requester: cause.requester,
    ...(cause.sourceIp !== undefined && { "source-ip-address": cause.sourceIp }),
    ...(writes && { reason: cause.reason }),
    ...(event.deletionType !== undefined && { "deletion-type": event.deletionType }),
    ...(event.restoreExpiry !== undefined && {
      "restore-expiry-time": event.restoreExpiry.toISOString().replace(/\.\d{3}Z$/, "Z"),
    }),
    ...(event.sourceStorageClass !== undefined && { "source-storage-class": event.sourceStorageClass }),
    ...(event.destinationStorageClass !== undefined && {
      "destination-storage-class": event.destinationStorageClass,
    }),
  };
}

/** Ranks count down from here (tables.ts). */
const RANK_ORIGIN = 2 ** 52;

/** Hexadecimal, longer with the number: of two events of a key the later has the greater one. */
function sequencer({ rank, time }: ObjectEvent): string {
  const microseconds = rank === undefined ? time.getTime() * 1000 + 999 : RANK_ORIGIN - rank;
  return microseconds.toString(16).toUpperCase().padStart(16, "0");
}
