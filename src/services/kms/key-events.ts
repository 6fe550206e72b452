/** What EventBridge hears about keys (KMS developer guide, "Monitoring KMS keys with Amazon EventBridge"). */
import type { AccountId, Region } from "../../aws/names.ts";
import type { NewEvent } from "../../events/events.ts";
import { type Key, keyArn } from "./key.ts";

export function keyEvent(
  detailType: "KMS CMK Rotation" | "KMS CMK Deletion",
  key: Key,
  time: Date,
): NewEvent {
  return {
    source: "aws.kms",
    detailType,
    account: key.account as AccountId,
    region: key.region as Region,
    time,
    resources: [keyArn(key)],
    detail: { "key-id": key.id },
  };
}
