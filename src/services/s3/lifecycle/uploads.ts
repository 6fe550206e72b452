/** AbortIncompleteMultipartUpload: uploads that were begun and never completed. */
import { type Decision, dueAfterDays } from "../../../age-rules.ts";
import type { Clock } from "../../../clock.ts";
import { days, time } from "./phrases.ts";
import type { Rules } from "./rules.ts";

export interface LifecycleUpload {
  readonly key: string;
  readonly initiatedAt: Date;
}

export type UploadDecision = Decision<{ readonly kind: "abort-upload" }>;

/** The earliest rule that matches, the first listed of equals. Only the prefix of a rule's filter can be set. */
export function decideUpload(
  rules: Rules,
  upload: LifecycleUpload,
  clock: Clock,
): UploadDecision | undefined {
  const begun = upload.initiatedAt.getTime();
  let earliest: UploadDecision | undefined;
  for (const { id, filter, abortsUploadsAfter: age } of rules.enabled) {
    if (age === undefined || !upload.key.startsWith(filter.prefix)) continue;
    const dueAt = dueAfterDays(begun, age, clock);
    if (earliest !== undefined && earliest.dueAt <= dueAt) continue;
    const reason = `not completed ${days(age)} after it was begun on ${time(begun)}`;
    earliest = { action: { kind: "abort-upload" }, rule: id, dueAt, reason };
  }
  return earliest;
}
