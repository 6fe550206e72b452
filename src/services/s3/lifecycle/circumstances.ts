/** What the engine is told of a version and its bucket, and what it can say. */
import type { Decision } from "../../../age-rules.ts";
import type { Clock } from "../../../clock.ts";
import type { Bucket } from "../buckets/bucket.ts";
import type { Version } from "../objects/version.ts";
import type { Rules } from "./rules.ts";
import type { StorageClass } from "./storage-classes.ts";

/** What the engine looks at of a version. */
export type LifecycleVersion = Pick<
  Version,
  | "key"
  | "versionId"
  | "size"
  | "tags"
  | "storageClass"
  | "deleteMarker"
  | "createdAt"
  | "noncurrentSince"
  | "retention"
  | "legalHold"
>;

/** Where a version stands among those of its key. */
export interface Position {
  readonly current: boolean;
  /** Of a noncurrent version: how many noncurrent ones are newer. */
  readonly newerNoncurrent: number;
  /** No other version of the key is there. */
  readonly alone: boolean;
}

export type VersionAction =
  /** The version, or the marker that it is, goes for good. */
  | { readonly kind: "delete" }
  /** A delete marker is put on top; `replaces` when it takes the place of this version, whose bytes go. */
  | { readonly kind: "mark-deleted"; readonly replaces: boolean }
  | { readonly kind: "transition"; readonly from: string; readonly to: StorageClass };

export type VersionDecision = Decision<VersionAction>;

export interface Circumstances {
  readonly rules: Rules;
  readonly versioning: Bucket["versioning"];
  readonly clock: Clock;
}
