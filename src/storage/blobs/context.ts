import type { Logger } from "pino";
import type { Clock } from "../../clock.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { BlobKeys, Encryption, EncryptionScope } from "./blob-keys.ts";
import { type BlobQueries, blobQueries } from "./blob-rows.ts";
import type { BlobStore } from "./blob-store.ts";
import type { StorageClass } from "./blobs.ts";
import type { DamageReport } from "./damage.ts";
import { DataKeys } from "./data-keys.ts";

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
  /** At which pace all blobs are read again, to find damage; never when absent or 0. */
  readonly scrubBytesPerSecond?: number;
  /** Hears of every blob whose bytes are found to be damaged, and of every one that is whole again. */
  readonly onDamage?: (report: DamageReport) => void;
}

/** What the engine's parts work with. */
export interface BlobsContext {
  readonly metadata: Metadata;
  readonly queries: BlobQueries;
  readonly stores: Readonly<Record<StorageClass, BlobStore>>;
  readonly dataKeys: DataKeys;
  readonly defaultEncryption: Encryption;
  readonly clock: Clock;
  readonly log: Logger;
  readonly graceMilliseconds: number;
  readonly uploadLifetimeMilliseconds: number;
  readonly scrubBytesPerSecond: number;
  readonly onDamage: (report: DamageReport) => void;
}

export function blobsContext(options: BlobsOptions): BlobsContext {
  const { metadata, clock, log } = options;
  return {
    metadata,
    queries: blobQueries(metadata.reader),
    stores: { hot: options.store, cold: options.coldStore ?? options.store },
    dataKeys: new DataKeys(options.keys ?? NO_KEYS),
    defaultEncryption: { scope: options.defaultScope ?? "none" },
    clock,
    log,
    graceMilliseconds: options.graceMilliseconds ?? clock.dayMilliseconds,
    uploadLifetimeMilliseconds: options.uploadLifetimeMilliseconds ?? 7 * clock.dayMilliseconds,
    scrubBytesPerSecond: options.scrubBytesPerSecond ?? 0,
    onDamage: options.onDamage ?? (() => undefined),
  };
}

const NO_KEYS: BlobKeys = {
  generate: (scope) => Promise.reject(new TypeError(`this engine was given no keys for ${scope}`)),
  unseal: (scope) => Promise.reject(new TypeError(`this engine was given no keys for ${scope}`)),
};
