import type { AccountId, Region } from "../aws/names.ts";
import type { Transaction } from "../storage/metadata/metadata.ts";

/** Something that happened, in EventBridge's envelope (EventBridge user guide, "Events"). */
export interface NewEvent {
  /** `aws.ecr` */
  readonly source: string;
  /** `ECR Image Action` */
  readonly detailType: string;
  readonly account: AccountId;
  readonly region: Region;
  readonly time: Date;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface Events {
  /** Written to the outbox in the transaction in which it happened. */
  record(tx: Transaction, event: NewEvent): Promise<void>;
}
