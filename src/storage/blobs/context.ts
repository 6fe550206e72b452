import type { Logger } from "pino";
import type { Clock } from "../../clock.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { BlobKeys, EncryptionScope } from "./blob-keys.ts";
import type { BlobStore } from "./blob-store.ts";

/** What the blob engine stands on. */
export interface BlobsOptions {
  readonly metadata: Metadata;
  readonly store: BlobStore;
  /** Where cold blobs lie; with the others when absent. */
  readonly coldStore?: BlobStore;
  /** Where data keys come from. Without it there are only blobs that are not encrypted, and those of customer keys. */
  readonly keys?: BlobKeys;
  /** Of blobs for which nobody names another; `none` when absent. */
  readonly defaultScope?: EncryptionScope;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a blob without references is kept, in milliseconds; a day (of the clock) when absent. */
  readonly graceMilliseconds?: number;
  /** How long an upload is kept that nobody continues, in milliseconds; seven days when absent. */
  readonly uploadLifetimeMilliseconds?: number;
}

/** The same with every default filled in: what the engine's parts work with. */
export type BlobsContext = Required<BlobsOptions>;
