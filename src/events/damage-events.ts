import type { Logger } from "pino";
import type { AccountId, Region } from "../aws/names.ts";
import type { Clock } from "../clock.ts";
import type { DamageReport } from "../storage/blobs/damage.ts";
import type { Metadata } from "../storage/metadata/metadata.ts";
import type { Events } from "./events.ts";

/** Whoever listens for events hears of damage to what is stored, and of its end. */
export function recordDamage(
  { kind, blob, reason }: DamageReport,
  parts: {
    readonly metadata: Metadata;
    readonly events: Events;
    readonly clock: Clock;
    readonly log: Logger;
    /** Blobs are nobody's alone: the server's first account and its region hear of them. */
    readonly account: AccountId;
    readonly region: Region;
  },
): void {
  const { account, region } = parts;
  const detailType = kind === "damaged" ? "Stored Bytes Damaged" : "Stored Bytes Repaired";
  parts.metadata
    .write((tx) =>
      parts.events.record(tx, {
        ...{ source: "shosoin.storage", detailType, account, region, time: parts.clock.now() },
        resources: [blob.sha256],
        detail: { ...blob, reason },
      }),
    )
    .catch((error: unknown) => parts.log.error({ err: error, blob }, "damage could not be told"));
}
