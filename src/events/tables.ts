import type { Generated } from "kysely";

/** The outbox: what happened, in EventBridge's envelope. */
export interface EventsTable {
  /** Counted by the database when a row is written, not when it is committed: no order to read in. */
  sequence: Generated<number>;
  /** The order to read in; null until outbox.ts has numbered the row. */
  position: number | null;
  /** UUID, the envelope's `id`. */
  id: string;
  source: string;
  detail_type: string;
  account: string;
  region: string;
  time: number;
  /** JSON: a list of ARNs. */
  resources: string;
  /** JSON: an object. */
  detail: string;
  recorded_at: number;
}

/** One row: the last position given. */
export interface EventNumberingTable {
  id: number;
  last_position: number;
}

declare module "../storage/metadata/schema.ts" {
  interface Schema {
    events: EventsTable;
    event_numbering: EventNumberingTable;
  }
}
